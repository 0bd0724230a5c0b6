import { describe, expect, test } from 'vitest';
import { type Side, singleLine, type World, type WorldOptions, worldAddresses, worldDomain } from '../../src/index.ts';
import { dial, lastCall, play, text } from '../red/story.ts';

/*
 * Section 9.8, read as a BroadWorks access device: one binding that moves, requests that follow a REGISTER, a secondary that is kept until a
 * recovery REGISTER succeeds on the primary. Auto Register When Failover is not set: the mechanism works with Yes. S1 is p, S2 is a.
 */

type Line = NonNullable<WorldOptions['lines']>[number];

const sides: readonly Side[] = ['p', 'a', 's3'];
const host = (side: Side): string => worldAddresses[side].host;
const listOf = (count: number): string =>
  `${worldDomain}:SRV=${sides
    .slice(0, count)
    .map((side, rank) => `${side}.example:p=${rank}:A=${host(side)}`)
    .join('|')}`;
const bwLine = (values: Line = {}, count = 2): Line => singleLine({ proxy: listOf(count), xMechanism: 'broadsoft', ...values });

const story = (values: Line, options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> =>
  play({ lines: [bwLine(values)], ...options }, async (world) => {
    await world.party('2000');
    await world.runTo(1);
    await act(world);
  });

type Sent = readonly (readonly [string, number])[];
const first = (world: World, method: string, sinceS = 1): Sent =>
  world.sent(method, { sinceS, first: true }).map(([to, atS]) => [to, Math.round(atS * 1000) / 1000]);
/** Where requests of a method went, without repetitions in a row. */
const stations = (sent: Sent): readonly string[] => sent.map(([to]) => to).filter((to, i, all) => to !== all[i - 1]);

/** A call that S1 refuses by ICMP takes the line to S2. */
async function failOver(world: World): Promise<void> {
  world.wire.refuse(host('p'));
  await dial(world);
  await world.run(1);
  await world.line().command('hangup');
  world.wire.heal();
}

const servers = (world: World) =>
  (world.line().status().servers ?? []).map(({ server, bound, current = false }) => [server.split(':')[0], bound, current]);

describe('9.8 BroadWorks: REGISTER', () => {
  test('RED-150 the static list stands for the answer of DNS: registered at the best server only', () =>
    story({}, {}, async (world) => {
      expect(world.line().status()).toMatchObject({ mode: 'list', route: 'onTop', degraded: false, refusals: [], findings: [] });
      expect(servers(world)).toEqual([
        [host('p'), true, true],
        [host('a'), false, false],
      ]);
      expect(stations(first(world, 'REGISTER', 0))).toEqual(['p']);
    }));

  test('RED-151 failover by silence: S2 within Timer F', () =>
    story({}, { prepare: (world) => world.wire.silence(host('p')) }, async (world) => {
      await world.runTo(17);
      expect(first(world, 'REGISTER', 0).slice(0, 2)).toEqual([
        ['p', 0],
        ['a', 16],
      ]);
      expect(world.line().status().route).toBe('failedOver');
    }));

  test('RED-152 failover by ICMP: S2 at once', () =>
    story({}, { prepare: (world) => world.wire.refuse(host('p')) }, async (world) => {
      expect(stations(first(world, 'REGISTER', 0))).toEqual(['p', 'a']);
      expect(servers(world)).toEqual([
        [host('p'), false, false],
        [host('a'), true, true],
      ]);
    }));

  test('RED-153 failback by a REGISTER on the primary, at the end of a registration period (5.7)', () =>
    story({ registerExpires: 600, proxyFallbackIntvl: 1000 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(1_210);
      const back = first(world, 'REGISTER', 3).filter(([to]) => to === 'p');
      // The move was at 1 s: 1 + 2 x 600.
      expect(back.map(([, atS]) => atS)[0]).toBe(1_201);
      expect(world.line().status().route).toBe('onTop');
    }));

  test('D-43 one Call-ID with rising CSeq at every server', () =>
    story({ registerExpires: 600, proxyFallbackIntvl: 600 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(700);
      const sent = world.wire.requests({ from: host('p').replace(/1$/, '9'), method: 'REGISTER' }).map(({ message }) => message);
      expect(new Set(sent.map(({ callId }) => callId)).size).toBe(1);
      const numbers = sent.map(({ cseq }) => cseq.number);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }));

  test('RED-158 403 is final: no failover while no template names it (D-01)', () =>
    story({}, { prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await world.run(60);
      expect(stations(first(world, 'REGISTER', 0))).toEqual(['p']);
      expect(world.line().status().route).toBe('outOfService');
    }));
});

describe('9.8 BroadWorks: requests', () => {
  test('RED-154 INVITE failover registers at S2 first (RED-50), though Auto Register When Failover is not set', () =>
    story({}, {}, async (world) => {
      world.wire.refuse(host('p'));
      await dial(world);
      await world.run(1);
      const toA = world.wire.requests({ from: '10.0.0.9', to: host('a') }).map(({ message }) => message.method);
      expect(toA.slice(0, 3)).toEqual(['REGISTER', 'REGISTER', 'INVITE']);
      expect(lastCall(world)).toMatchObject({ state: 'up' });
      await world.line().command('hangup');
    }));

  test('RED-154 the same where it is set to No: the line is told', () =>
    story({ autoRegisterWhenFailover: false }, {}, async (world) => {
      expect(world.line().status().findings).toMatchObject([{ code: 'policy.forced', path: 'autoRegisterWhenFailover' }]);
      await failOver(world);
      expect(stations(first(world, 'REGISTER'))).toEqual(['a']);
    }));

  test('RED-154 INVITE failover by silence: S2 after Timer B', () =>
    story({}, {}, async (world) => {
      world.wire.silence(host('p'));
      await dial(world);
      await world.run(17);
      expect(first(world, 'INVITE')).toEqual([
        ['p', 1],
        ['a', 17],
      ]);
    }));

  test('everything new stays on the secondary until a recovery REGISTER succeeds on the primary', () =>
    story({ registerExpires: 300, proxyFallbackIntvl: 300 }, {}, async (world) => {
      await failOver(world);
      world.wire.silence(host('p'));
      for (const atS of [100, 250, 310, 500]) {
        await world.runTo(atS);
        await dial(world);
        await world.run(1);
        await world.line().command('hangup');
        void text(world);
        await world.run(1);
      }
      expect(stations(first(world, 'INVITE', 2))).toEqual(['a']);
      expect(stations(first(world, 'MESSAGE', 2))).toEqual(['a']);
      // The recovery at 301 met silence: it is tried again a period later, and the line has stayed where it works (5.7 c).
      const toP = (): readonly number[] => first(world, 'REGISTER', 2).flatMap(([to, atS]) => (to === 'p' ? [atS] : []));
      expect(toP()).toEqual([301]);
      world.wire.heal();
      await world.runTo(950);
      expect(toP()[1]).toBe(901);
      expect(world.line().status().route).toBe('onTop');
    }));

  test('RED-155 INVITE failback: the next call after the recovery goes to S1', () =>
    story({ registerExpires: 300, proxyFallbackIntvl: 300 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(310);
      await dial(world);
      await world.run(1);
      expect(first(world, 'INVITE', 305)).toEqual([['p', 310]]);
    }));

  test('RED-157 BYE goes to the server that owns the dialog', () =>
    story({ registerExpires: 300, proxyFallbackIntvl: 300 }, {}, async (world) => {
      world.wire.refuse(host('p'));
      await dial(world);
      await world.run(1);
      world.wire.heal();
      await world.runTo(400);
      // A call puts the return off (D-24).
      expect(world.line().status().route).toBe('failedOver');
      await world.line().command('hangup');
      await world.run(1);
      expect(first(world, 'BYE').map(([to]) => to)).toEqual(['a']);
      expect(world.line().status().route).toBe('onTop');
    }));

  test('RED-158 INVITE 403 goes to the caller', () =>
    story({}, {}, async (world) => {
      world.p.answer('INVITE', 403);
      await dial(world);
      await world.run(1);
      expect(first(world, 'INVITE')).toEqual([['p', 1]]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 403 });
    }));

  test('RED-156 SUBSCRIBE failover and failback: new dialogs where the registration is', () =>
    story({ voiceMailServer: `$USER@${worldDomain}`, registerExpires: 300, proxyFallbackIntvl: 300 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(310);
      expect(stations(first(world, 'SUBSCRIBE', 0))).toEqual(['p', 'a', 'p']);
      const ids = world.wire.requests({ from: '10.0.0.9', method: 'SUBSCRIBE' }).map(({ message: { callId } }) => callId);
      expect(new Set(ids).size).toBe(3);
      expect(world.line().status().subscriptions).toMatchObject([{ state: 'active' }]);
    }));
});

describe('what goes against the mechanism is said, and the line runs', () => {
  test('Proxy Fallback Intvl 0: it never returns', () =>
    story({ proxyFallbackIntvl: 0 }, {}, async (world) => {
      expect(world.line().status().findings).toMatchObject([
        { code: 'policy.advice', path: 'proxyFallbackIntvl', severity: 'warning' },
      ]);
      await failOver(world);
      await world.runTo(20_000);
      expect(stations(first(world, 'REGISTER', 2))).toEqual(['a']);
      expect(world.line().status()).toMatchObject({ route: 'failedOver', degraded: false });
    }));

  test('one server by its address: a single line', () =>
    play({ lines: [singleLine({ xMechanism: 'broadsoft' })] }, async (world) => {
      await world.run(1);
      expect(world.line().status()).toMatchObject({ mode: 'single', route: 'onTop', findings: [{ path: 'proxy' }] });
    }));
});
