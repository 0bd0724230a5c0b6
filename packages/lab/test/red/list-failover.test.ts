import { describe, expect, test } from 'vitest';
import { type Side, singleLine, type World, type WorldOptions, worldAddresses, worldDomain } from '../../src/index.ts';
import { dial, lastCall, play } from './story.ts';

/* Section 9.2 for lines whose servers are a ranked list: who is asked next, and what moves. The act begins at 1 s. */

type Line = NonNullable<WorldOptions['lines']>[number];

const sides: readonly Side[] = ['p', 'a', 's3', 's4', 's5', 's6'];

/** A static list of the first `count` registrars, best first. */
const listOf = (count: number): string =>
  `${worldDomain}:SRV=${sides
    .slice(0, count)
    .map((side, rank) => `${side}.example:p=${rank}:A=${worldAddresses[side].host}`)
    .join('|')}`;

const playList = (count: number, line: Line, options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> =>
  play(
    {
      lines: [singleLine({ proxy: listOf(count), ...line })],
      servers: sides.slice(2, count) as Exclude<Side, 'p' | 'a'>[],
      ...options,
    },
    async (world) => {
      await world.party('2000');
      await world.runTo(1);
      await act(world);
    },
  );

const host = (side: Side): string => worldAddresses[side].host;
const first = (world: World, method: string, sinceS = 1): readonly (readonly [string, number])[] =>
  world.sent(method, { sinceS, first: true }).map(([to, atS]) => [to, Math.round(atS * 1000) / 1000]);
const silence = (world: World, ...names: readonly Side[]): void => {
  for (const name of names) world.wire.silence(host(name));
};
/** The order in which servers are asked, each of which refuses. */
async function orderOfCall(world: World): Promise<readonly string[]> {
  const sinceS = world.nowS;
  await dial(world);
  await world.run(1);
  return first(world, 'INVITE', sinceS).map(([to]) => to);
}

const ar = { autoRegisterWhenFailover: true };

describe('9.2 failover along a list', () => {
  test('RED-30 INVITE, S1 silent: S2 at 16.0 (TMR68, SEED)', () =>
    playList(2, {}, {}, async (world) => {
      silence(world, 'p');
      await dial(world);
      await world.run(17);
      expect(first(world, 'INVITE')).toEqual([
        ['p', 1],
        ['a', 17],
      ]);
    }));

  test('RED-31, 52, 151 REGISTER, S1 silent: S2 at 16.0, whatever AR is', () =>
    playList(2, {}, { prepare: (world) => silence(world, 'p') }, async (world) => {
      await world.runTo(17);
      expect(first(world, 'REGISTER', 0).slice(0, 2)).toEqual([
        ['p', 0],
        ['a', 16],
      ]);
      expect(world.line().status()).toMatchObject({ mode: 'list', route: 'failedOver' });
    }));

  test('RED-34, 36, 152 refused by ICMP or RST: S2 at once', async () => {
    for (const sipTransport of ['UDP', 'TCP'] as const)
      await playList(2, { sipTransport }, {}, async (world) => {
        world.wire.refuse(host('p'));
        await dial(world);
        await world.run(1);
        expect(first(world, 'INVITE').at(-1)).toEqual(['a', 1]);
      });
  });

  test('RED-37 TCP idle, the server closes: S1 is DOWN, REGISTER to S2 (AG12)', () =>
    playList(2, { ...ar, sipTransport: 'TCP' }, {}, async (world) => {
      world.wire.hangUp(host('p'));
      await world.run(1);
      expect(first(world, 'REGISTER').map(([to]) => to)).toEqual(['a', 'a']);
      expect(world.line().status().servers).toMatchObject([{ state: 'down' }, { bound: true, current: true }]);
    }));

  test('RED-38 X Tcp Reconnect Grace 5, S1 accepts again at 2: no failover (D-23)', () =>
    playList(2, { ...ar, sipTransport: 'TCP', xTcpReconnectGrace: 5 }, {}, async (world) => {
      world.wire.refuse(host('p'));
      await world.run(2);
      world.wire.heal();
      await world.run(10);
      expect(first(world, 'REGISTER').map(([to]) => to)).not.toContain('a');
      expect(world.line().status()).toMatchObject({ route: 'onTop', legs: [{ usable: true }] });
    }));

  test('X Tcp Reconnect Grace over: S2 after 5 s (D-23)', () =>
    playList(2, { ...ar, sipTransport: 'TCP', xTcpReconnectGrace: 5 }, {}, async (world) => {
      world.wire.refuse(host('p'));
      await world.run(10);
      expect(first(world, 'REGISTER').filter(([to]) => to === 'a')[0]).toEqual(['a', 6]);
    }));

  test('RED-39, 158 a code that no template names: the user sees it (D-01)', () =>
    playList(2, {}, {}, async (world) => {
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(1);
      expect(first(world, 'INVITE')).toEqual([['p', 1]]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 503 });
    }));

  test('RED-40 503 with 5??: the same request to S2, new branch (D-21)', () =>
    playList(2, {}, { phone: { tryBackupRsc: '5??' } }, async (world) => {
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(1);
      const [one, two] = world.wire
        .requests({ from: '10.0.0.9', method: 'INVITE' })
        .filter(({ to }) => [host('p'), host('a')].includes(to.host))
        .map(({ message }) => message);
      expect(two?.callId).toBe(one?.callId);
      expect(two?.from.params.get('tag')).toBe(one?.from.params.get('tag'));
      expect(two?.cseq.number).toBe(one?.cseq.number);
      expect(two?.via.branch).not.toBe(one?.via.branch);
    }));

  test('RED-48 three silent servers, AR = No: attempts at 0, 16, 32; fails at 48 (5.6)', () =>
    playList(3, {}, {}, async (world) => {
      silence(world, 'p', 'a', 's3');
      await dial(world);
      await world.runTo(50);
      expect(first(world, 'INVITE')).toEqual([
        ['p', 1],
        ['a', 17],
        ['s3', 33],
      ]);
      const ended = world.facts('call').at(-1);
      expect([ended?.atMs, ended?.value]).toMatchObject([49_000, { state: 'ended', reason: 'no-response' }]);
    }));

  test('RED-49 three silent servers, REGISTER: 0, 16, 32; exhausted at 48; the next round at 78 (5.4)', () =>
    playList(3, {}, { prepare: (world) => silence(world, 'p', 'a', 's3') }, async (world) => {
      await world.runTo(130);
      expect(first(world, 'REGISTER', 0).slice(0, 6)).toEqual([
        ['p', 0],
        ['a', 16],
        ['s3', 32],
        ['p', 78],
        ['a', 94],
        ['s3', 110],
      ]);
      expect(world.line().status().route).toBe('outOfService');
    }));

  test('RED-50, 154 AR = Yes, INVITE fails on S1: REGISTER to S2, then the INVITE (D-15)', () =>
    playList(2, ar, {}, async (world) => {
      world.wire.refuse(host('p'));
      await dial(world);
      await world.run(1);
      const toA = world.wire.requests({ from: '10.0.0.9', to: host('a') }).map(({ message }) => message.method);
      expect(toA.slice(0, 3)).toEqual(['REGISTER', 'REGISTER', 'INVITE']);
    }));

  test('D-15 a REGISTER that fails moves on to the next candidate, and the INVITE after it', () =>
    playList(3, ar, {}, async (world) => {
      world.wire.refuse(host('p'));
      world.wire.refuse(host('a'));
      await dial(world);
      await world.run(1);
      expect(first(world, 'INVITE').at(-1)).toEqual(['s3', 1]);
      expect(lastCall(world)).toMatchObject({ state: 'up' });
      await world.line().command('hangup');
    }));

  test('RED-51 AR = No, INVITE fails on S1: INVITE to S2 and no REGISTER there (SPA118)', () =>
    playList(2, {}, {}, async (world) => {
      world.wire.refuse(host('p'));
      await dial(world);
      await world.run(10);
      expect(first(world, 'INVITE').at(-1)).toEqual(['a', 1]);
      expect(first(world, 'REGISTER')).toEqual([]);
    }));

  test('RED-53 PFI 0, cur = b fails: a, c, d, e, f (AG12)', () =>
    playList(6, { proxyFallbackIntvl: 0 }, { phone: { tryBackupRsc: '503' } }, async (world) => {
      world.p.answer('INVITE', 503, { times: 1 });
      expect(await orderOfCall(world)).toEqual(['p', 'a']);
      await world.line().command('hangup');
      for (const side of sides) world.side(side).answer('INVITE', 503);
      expect(await orderOfCall(world)).toEqual(['a', 'p', 's3', 's4', 's5', 's6']);
    }));

  test.each([
    ['RED-54 PFI 60, a down for 10 s: c, d, e, f (AG12)', 10, ['a', 's3', 's4', 's5', 's6']],
    ['RED-55 PFI 60, a down for 61 s: a first (5.6)', 61, ['p', 'a', 's3', 's4', 's5', 's6']],
  ])('%s', (_, afterS, expected) =>
    playList(6, { proxyFallbackIntvl: 60, ...ar, registerExpires: 7200 }, { phone: { tryBackupRsc: '503' } }, async (world) => {
      world.p.answer('INVITE', 503, { times: 1 });
      await orderOfCall(world);
      await world.line().command('hangup');
      await world.run(afterS - 1);
      for (const side of sides) world.side(side).answer('INVITE', 503);
      const order = await orderOfCall(world);
      // With 61 s gone a is asked right after b, the server in use.
      expect(afterS > 60 ? [...order].sort() : order).toEqual(afterS > 60 ? [...expected].sort() : expected);
      expect(order[1]).toBe(afterS > 60 ? 'p' : 's3');
    }),
  );

  test('RED-57 REGISTER 503 Retry-After 120, RSC 503: S2 now, S1 not before +120 even with PFI 60 (D-22)', () => {
    const prepare: NonNullable<WorldOptions['prepare']> = ({ p }) => p.answer('REGISTER', 503, { retryAfterS: 120, times: 1 });
    return playList(2, { proxyFallbackIntvl: 60 }, { phone: { tryBackupRsc: '503' }, prepare }, async (world) => {
      expect(first(world, 'REGISTER', 0).map(([to]) => to)).toEqual(['p', 'a', 'a']);
      await world.runTo(400);
      const back = world.decisions().find(({ about, outcome }) => about === 'line' && outcome.action === 'route-top');
      expect(back?.atMs).toBe(120_000);
    });
  });

  test('RED-113 both answer 503 with RSC 503: one attempt each, no second round (5.6)', () =>
    playList(2, {}, { phone: { tryBackupRsc: '503' } }, async (world) => {
      world.p.answer('INVITE', 503);
      world.a.answer('INVITE', 503);
      await dial(world);
      await world.run(20);
      expect(first(world, 'INVITE').map(([to]) => to)).toEqual(['p', 'a']);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 503 });
    }));

  test('RED-122 a call on S2 stays there after the return: its BYE goes to S2 (AG12C)', () =>
    playList(2, { proxyFallbackIntvl: 60 }, {}, async (world) => {
      world.wire.refuse(host('p'));
      await dial(world);
      await world.run(1);
      world.wire.heal();
      await world.run(100);
      await world.line().command('hangup');
      await world.run(1);
      expect(first(world, 'BYE').map(([to]) => to)).toEqual(['a']);
      expect(world.line().status().route).toBe('onTop');
    }));

  test('RED-58 another line with the same servers keeps its route (D-31)', () => {
    const lines = ['1001', '1002'].map((userId) => singleLine({ userId, proxy: listOf(2) }));
    return play({ lines }, async (world) => {
      await world.party('2000');
      world.wire.refuse(host('p'));
      await world.line('1001').command('call', { target: '2000' });
      await world.run(1);
      expect(world.line('1001').status().route).toBe('failedOver');
      expect(world.line('1002').status().route).toBe('onTop');
    });
  });
});

describe('9.6 the gateway tier', () => {
  const gateway = `${worldAddresses.s3.host}`;
  const playSite = (options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> =>
    playList(2, { ...ar, survivabilityProxy: gateway }, { ...options, servers: ['s3'] }, act);

  test('RED-127 every normal server dead: the line registers on the gateway (AG12C)', () =>
    playSite({ prepare: ({ wire }) => [host('p'), host('a')].forEach((each) => void wire.refuse(each)) }, async (world) => {
      expect(world.side('s3').bindings()).toHaveLength(1);
      expect(world.line().status().route).toBe('failedOver');
    }));

  test('RED-128 normal servers back at 70: attempts at 30, 60 and 90, moves at 90', () =>
    playSite({ prepare: ({ wire }) => [host('p'), host('a')].forEach((each) => void wire.refuse(each)) }, async (world) => {
      await world.runTo(70);
      world.wire.heal();
      await world.runTo(100);
      const toTop = first(world, 'REGISTER').filter(([to]) => to === 'p');
      expect([...new Set(toTop.map(([, atS]) => atS))]).toEqual([30, 60, 90]);
      expect(world.line().status().route).toBe('onTop');
    }));
});
