import type { Explanation } from '@offhook/runtime';
import { describe, expect, test } from 'vitest';
import { dualLine, singleLine, type World, type WorldOptions, worldAddresses, worldDomain } from '../../src/index.ts';
import { play } from '../red/story.ts';

/* What a line explains of its future is what happens. */

const sides = ['p', 'a', 's3'] as const;
const proxy = `${worldDomain}:SRV=${sides.map((side, rank) => `${side}.example:p=${rank}:A=${worldAddresses[side].host}`).join('|')}`;

type Line = Parameters<typeof singleLine>[0];
const list = (line: Line = {}): WorldOptions => ({ lines: [singleLine({ proxy, ...line })], servers: ['s3'] });
const ar = { autoRegisterWhenFailover: true };

type Step = readonly [afterS: number, rule: string, next: string, server: string];
const second = (ms: number): number => Math.round(ms) / 1_000;

/** A request of that method while no server says a word: what was foreseen, and what was decided. */
async function foreseen(
  world: World,
  method: 'INVITE' | 'MESSAGE',
): Promise<readonly [expected: readonly Step[], seen: readonly Step[]]> {
  const { ifSilent } = await world.line().explain();
  for (const side of sides) world.wire.silence(worldAddresses[side].host);
  const beganMs = world.ambient.now();
  const [command, args] = method === 'INVITE' ? ['call', {}] : ['message', { text: 'hello' }];
  void world.line().begin(command, { target: '2000', ...args });
  await world.run(100);
  const seen = world.decisions().filter(({ request, atMs }) => request?.method === method && atMs >= beganMs);
  return [
    ifSilent[method].map(({ afterMs, verdict, server = '' }) => [second(afterMs), verdict.rule, verdict.next, server]),
    seen.map(({ atMs, rule, outcome }) => [second(atMs - beganMs), rule, outcome.action, outcome.server ?? '']),
  ];
}

const lines: readonly (readonly [name: string, options: WorldOptions, servers: number])[] = [
  ['a single line', { lines: [singleLine()] }, 1],
  ['a dual line', { lines: [dualLine()] }, 2],
  ['a list', list(), 3],
  ['a list without a fallback interval', list({ proxyFallbackIntvl: 0 }), 3],
  ['a list that registers where it moves', list(ar), 3],
];

describe.each(lines)('what %s foresees for a request that nobody answers', (_name, options, servers) => {
  test.each(['INVITE', 'MESSAGE'] as const)('%s', (method) =>
    play(options, async (world) => {
      await world.runTo(1);
      const [expected, seen] = await foreseen(world, method);
      expect(expected).toHaveLength(servers + 1);
      expect(seen.map(([afterS, rule, next]) => [afterS, rule, next])).toEqual(
        expected.map(([afterS, rule, next]) => [afterS, rule, next]),
      );
      expect(seen.slice(0, -1).map(([, , , server]) => server)).toEqual(expected.slice(0, -1).map(([, , , server]) => server));
    }),
  );
});

describe('the explanation of a list', () => {
  /** The best server does not answer a call, which moves to the next one and ends. */
  async function failOver(world: World): Promise<Explanation> {
    await world.party('2000');
    await world.runTo(1_000);
    world.wire.refuse(worldAddresses.p.host);
    await world.line().command('call', { target: '2000' });
    world.wire.heal();
    await world.line().command('hangup');
    return world.line().explain();
  }

  type Row = readonly [rule: string, line: Line, phone: WorldOptions['phone']];
  const refresh = { xDefaultsPreset: 'mpp-11.3' } as const;
  test.each<Row>([
    ['5.7:interval', { proxyFallbackIntvl: 600 }, undefined],
    ['5.7:registration-ends', { proxyFallbackIntvl: 3600 }, undefined],
    ['5.7:registration-period', { ...ar, proxyFallbackIntvl: 600 }, undefined],
    ['5.7:refresh', { proxyFallbackIntvl: 600 }, refresh],
    ['5.7:registration-ends', { proxyFallbackIntvl: 3600, autoRegisterWhenFailover: false }, refresh],
  ])('returns by rule %s at the instant that its formula comes to', (rule, line, phone = {}) =>
    play({ ...list(line), phone }, async (world) => {
      const { next, chosen, route, routeSinceMs } = await failOver(world);
      const way = next.find(({ what }) => what === 'fallback');
      expect({ chosen: chosen?.outcome.server, route, routeSinceMs }).toEqual({
        ...{ chosen: `${worldAddresses.a.host}:5060;udp`, route: 'failedOver', routeSinceMs: 1_000_000 },
      });
      const { fromMs = 0, stepMs = 0, count = 0, moreMs = -1 } = way?.formula ?? {};
      expect(way).toMatchObject({ rule, server: `${worldAddresses.p.host}:5060;udp` });
      expect(Math.round(fromMs + stepMs * count)).toBe(Math.round(way?.atMs ?? 0));
      expect(Math.abs(moreMs)).toBeLessThan(1);
      await world.runTo(Math.ceil((way?.atMs ?? 0) / 1_000) + 1);
      const back = world.decisions().findLast(({ about, outcome }) => about === 'line' && outcome.action === 'route-top');
      expect(Math.round(back?.atMs ?? 0)).toBe(Math.round(way?.atMs ?? 0));
    }),
  );

  test('shows the random part of X Fallback Spread beside the formula', () =>
    play(list({ proxyFallbackIntvl: 600, xFallbackSpread: 60 }), async (world) => {
      const way = (await failOver(world)).next.find(({ what }) => what === 'fallback');
      const { fromMs = 0, stepMs = 0, count = 0, moreMs = 0 } = way?.formula ?? {};
      expect(fromMs + stepMs * count).toBe(1_600_000);
      expect(moreMs).toBeGreaterThan(0);
      expect(way?.atMs).toBe(1_600_000 + moreMs);
    }));

  test('shows a return that a call puts off', () =>
    play(list({ proxyFallbackIntvl: 60 }), async (world) => {
      await failOver(world);
      await world.line().command('call', { target: '2000' });
      await world.run(70);
      expect((await world.line().explain()).next[0]).toMatchObject({ what: 'fallback', rule: '5.7:interval', latched: true });
    }));
});

test('the decision that chose the server is kept longer than the others', () =>
  play({ lines: [dualLine({ registerExpires: 60 })] }, async (world) => {
    await world.runTo(3_000);
    const { chosen, decisions } = await world.line().explain();
    expect(chosen).toMatchObject({ rule: '6.4:primary-usable', atMs: 0 });
    expect(decisions[0]?.seq).toBeGreaterThan(chosen?.seq ?? 0);
  }));
