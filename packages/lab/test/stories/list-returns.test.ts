import { describe, expect, test } from 'vitest';
import { singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { dial, play } from '../red/story.ts';

/* What the model tests have found in the life of a list line, each as a story of its own. Servers: p at 10.0.0.1, a at 10.0.0.2, gateway s3 at 10.0.0.3. */

const proxy = 'world.example:SRV=p.example:p=0:A=10.0.0.1|a.example:p=1:A=10.0.0.2';

const tell = (values: NonNullable<WorldOptions['lines']>[number], options: WorldOptions, act: (world: World) => Promise<void>) =>
  play({ lines: [singleLine({ proxy, ...values })], servers: ['s3'], ...options }, async (world) => {
    await world.party('2000');
    await world.runTo(1);
    await act(world);
  });

const current = (world: World): string | undefined =>
  world
    .line()
    .status()
    .servers?.find((each) => each.current === true)?.server;
const firstRegisters = (world: World, sinceS: number): readonly (readonly [string, number])[] =>
  world.sent('REGISTER', { sinceS, first: true }).map(([to, atS]) => [to, Math.round(atS * 1_000) / 1_000]);

/** p refuses for a moment, so that a call moves the line to a. */
async function failOver(world: World): Promise<void> {
  world.wire.refuse('10.0.0.1');
  await dial(world);
  world.wire.heal();
  await world.line().command('hangup');
}

describe('X Fallback Spread with the clock of refreshes', () => {
  test('puts the return off by its random part once: a refresh meanwhile does not start it anew (5.7 b)', () =>
    tell(
      { autoRegisterWhenFailover: true, proxyFallbackIntvl: 60, registerExpires: 120, xFallbackSpread: 10 },
      { phone: { xDefaultsPreset: 'mpp-11.3' } },
      async (world) => {
        await failOver(world);
        // (120 - 16) * 78 % = 81.12 s after the move.
        await world.runTo(82.12 + 10);
        expect(world.line().status().route).toBe('onTop');
        expect(firstRegisters(world, 80)[0]).toEqual(['a', 82.12]);
      },
    ));
});

describe('Proxy Fallback Intvl 0 and Auto Register = No', () => {
  test('the refresh follows the requests: the server in use is not left when the old registration ends (D-09, RED-13)', () =>
    tell({ proxyFallbackIntvl: 0, registerExpires: 600 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(2_000);
      expect(current(world)).toBe('10.0.0.2:5060;udp');
      expect(world.line().status().legs).toMatchObject([{ usable: true, server: '10.0.0.2:5060;udp' }]);
      // (600 - 16) * 78 %
      expect(firstRegisters(world, 1)[0]).toEqual(['a', 455.52]);
      expect(new Set(firstRegisters(world, 1).map(([to]) => to))).toEqual(new Set(['a']));
    }));
});

describe('a restart while the refresh is on its way to another server', () => {
  test('withdraws the binding where it is (6.1, D-45)', () =>
    tell({ proxyFallbackIntvl: 0, registerExpires: 600 }, {}, async (world) => {
      await failOver(world);
      world.a.silence('REGISTER');
      await world.runTo(456);
      const sinceS = world.nowS;
      await world.line().command('restart');
      expect(firstRegisters(world, sinceS)[0]).toEqual(['p', 456]);
      const first = world.wire.requests({ method: 'REGISTER', to: '10.0.0.1', sinceMs: 456_000 })[0];
      expect(first?.message.header('Expires')).toBe('0');
    }));
});

describe('the decision stream', () => {
  const answered = (world: World, rule: string): number => world.decisions().filter((each) => each.rule === rule).length;

  test('tells of the challenges that a return and the withdrawal after it answer (D-44)', () =>
    tell(
      { autoRegisterWhenFailover: true, proxyFallbackIntvl: 60, registerExpires: 60 },
      { phone: { removeLastReg: true } },
      async (world) => {
        await failOver(world);
        await world.runTo(60);
        for (const side of [world.p, world.a]) side.staleNonces();
        await world.runTo(200);
        expect(world.line().status().route).toBe('onTop');
        expect([answered(world, '6.3:recovery-challenged'), answered(world, 'D-08:challenged')]).toEqual([1, 1]);
      },
    ));

  test('tells that a withdrawal has not left because no connection could be opened (6.1)', () =>
    tell({ proxy: '10.0.0.1', sipTransport: 'TCP' }, { link: { delayMs: 1_000 } }, async (world) => {
      await world.runTo(10);
      world.wire.refuse('10.0.0.1');
      await world.run(1.5);
      await world.line().command('restart');
      await world.run(2);
      expect(world.decisions().filter(({ outcome }) => outcome.action === 'off')).toMatchObject([
        { inputs: { after: 'reg.none', connected: false } },
      ]);
    }));

  test('tells that a REGISTER has not left when a request finds the list exhausted meanwhile (6.3, D-23)', () =>
    tell({ sipTransport: 'TCP', xTcpReconnectGrace: 5 }, { link: { delayMs: 10 } }, async (world) => {
      world.wire.refuse('10.0.0.1');
      await world.run(20);
      const message = world.line().begin('message', { target: '2000', text: 'hello' });
      await world.ambient.settle();
      world.wire.hangUp('10.0.0.2');
      expect(await world.until(message)).toMatchObject({ ok: false });
      expect(world.decisions().find(({ inputs }) => inputs.outcome === 'exhausted')?.inputs).toMatchObject({ connected: false });
    }));

  test('tells that the old binding could not be withdrawn after a return (D-08)', () =>
    tell(
      { autoRegisterWhenFailover: true, proxyFallbackIntvl: 60, registerExpires: 60, sipTransport: 'TCP' },
      { phone: { removeLastReg: true, regRetryIntvl: 600 }, link: { delayMs: 500 } },
      async (world) => {
        world.wire.hangUp('10.0.0.1');
        await world.runTo(64);
        world.wire.refuse('10.0.0.2');
        await world.runTo(80);
        expect(world.decisions().filter(({ rule }) => rule.startsWith('D-08:'))).toMatchObject([
          { rule: 'D-08:remove-last' },
          { rule: 'D-08:unanswered', inputs: { connected: false } },
        ]);
      },
    ));

  test('tells where a line that does not register begins, also after a restart (D-25, D-45)', () =>
    tell({ register: false, proxyFallbackIntvl: 600 }, {}, async (world) => {
      await failOver(world);
      await world.line().command('restart');
      await world.run(1);
      const moves = world.decisions().filter(({ about, outcome }) => about === 'line' && outcome.server !== undefined);
      expect(moves.map(({ rule, outcome }) => [rule, outcome.server])).toEqual([
        ['5.1:line.start', '10.0.0.1:5060;udp'],
        ['6.3:request-failed', '10.0.0.2:5060;udp'],
        ['5.1:line.start', '10.0.0.1:5060;udp'],
      ]);
    }));
});

describe('on the gateway', () => {
  test('a server that asked for a pause with Retry-After is not asked to come back before (D-22)', () => {
    const prepare: NonNullable<WorldOptions['prepare']> = ({ wire, p }) => {
      wire.refuse('10.0.0.2');
      p.answer('REGISTER', 503, { retryAfterS: 100, times: 1 });
    };
    return tell({ survivabilityProxy: '10.0.0.3' }, { phone: { tryBackupRsc: '503' }, prepare }, async (world) => {
      await world.runTo(200);
      expect(firstRegisters(world, 1).filter(([to]) => to === 'p')[0]).toEqual(['p', 120]);
      expect(current(world)).toBe('10.0.0.1:5060;udp');
    });
  });
});

describe('a round of REGISTERs while the old binding lives', () => {
  test('begins at the best server that is UP again, and requests follow the registration (6.1, 5.6, 6.3)', () =>
    tell(
      { autoRegisterWhenFailover: true, proxyFallbackIntvl: 60, registerExpires: 600 },
      { phone: { regRetryLongIntvl: 100 } },
      async (world) => {
        await failOver(world);
        world.a.answer('REGISTER', 403, { times: 1 });
        // The refresh, (600 - 16) * 78 % after the move, is refused; the round 100 s later begins at the top.
        await world.runTo(1 + 455.52 + 100.1);
        expect(firstRegisters(world, 400).map(([to]) => to)).toEqual(['a', 'p']);
        expect(current(world)).toBe('10.0.0.1:5060;udp');
        expect(world.line().status().route).toBe('onTop');
      },
    ));

  test('and takes the requests along when it ends where the old binding is (AR = Yes)', () =>
    tell(
      { autoRegisterWhenFailover: true, proxyFallbackIntvl: 0, registerExpires: 600, sipTransport: 'TCP' },
      { phone: { regRetryLongIntvl: 100 } },
      async (world) => {
        world.a.answer('REGISTER', 503, { times: 1 });
        world.wire.hangUp('10.0.0.1');
        await world.run(101);
        expect(firstRegisters(world, 1).map(([to]) => to)).toEqual(['a', 'p']);
        expect(current(world)).toBe('10.0.0.1:5060;tcp');
      },
    ));
});

describe('a restart while a request is on its way', () => {
  test('is not stopped by the failover of that request: a registration that is being withdrawn does not move (6.1)', () =>
    tell({ autoRegisterWhenFailover: true, proxyFallbackIntvl: 60 }, {}, async (world) => {
      world.wire.silence('10.0.0.1');
      const message = world.line().begin('message', { target: '2000', text: 'hello' });
      await world.run(1);
      await world.line().command('restart');
      await world.run(40);
      expect(world.line().status()).toMatchObject({ route: 'failedOver', legs: [{ registration: 'registered' }] });
      expect(await world.until(message)).toMatchObject({ ok: true });
    }));

  test('lets it go on or end when it waits for the registration at the next server (D-15)', () =>
    tell({ autoRegisterWhenFailover: true, proxyFallbackIntvl: 60 }, {}, async (world) => {
      world.wire.refuse('10.0.0.1');
      world.wire.silence('10.0.0.2');
      const message = world.line().begin('message', { target: '2000', text: 'hello' });
      await world.run(1);
      await world.line().command('restart');
      expect(await world.until(message, 60)).toMatchObject({ ok: false });
    }));
});

describe('a connection that the server ends', () => {
  test('moves the requests of a line that does not register, as it does on one that does (6.3, AG12)', () =>
    tell({ register: false, sipTransport: 'TCP' }, {}, async (world) => {
      await world.line().command('message', { target: '2000', text: 'hello' });
      world.wire.hangUp('10.0.0.1');
      await world.run(1);
      expect(current(world)).toBe('10.0.0.2:5060;tcp');
    }));

  test('and is opened again within the grace is the one that requests go on (D-23)', () =>
    tell({ sipTransport: 'TCP', xTcpReconnectGrace: 5 }, {}, async (world) => {
      await world.line().command('message', { target: '2000', text: 'hello' });
      world.wire.hangUp('10.0.0.1');
      await world.run(1);
      const sinceS = world.nowS;
      await world.line().command('message', { target: '2000', text: 'still there' });
      expect(world.sent('MESSAGE', { sinceS, first: true }).map(([to]) => to)).toEqual(['p']);
      expect(current(world)).toBe('10.0.0.1:5060;tcp');
    }));
});
