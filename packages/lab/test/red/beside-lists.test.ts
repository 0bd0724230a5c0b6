import { describe, expect, test } from 'vitest';
import { singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { dial, lastCall, play } from './story.ts';

/* Ranked lists beside the vectors. S1 is at 10.0.0.1, S2 at 10.0.0.2, S3 at 10.0.0.3; all take registrations unless told. */

const servers = 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2|s3:p=2:A=10.0.0.3';

type Line = NonNullable<WorldOptions['lines']>[number];

const playList = (line: Line, options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> =>
  play({ lines: [singleLine({ proxy: servers, ...line })], servers: ['s3'], ...options }, async (world) => {
    await world.party('2000');
    await act(world);
  });

/** Instants at which the line went back to the top, s. */
const returns = (world: World): readonly number[] =>
  world
    .decisions()
    .filter(
      ({ about, rule, outcome }) =>
        about === 'line' && outcome.action === 'route-top' && !['6.3:in-service', '5.1:line.start'].includes(rule),
    )
    .map(({ atMs }) => Math.round(atMs) / 1000);

/** S1 answers nothing at all for a moment, so that a call moves the line to S2 at once. */
async function failOver(world: World): Promise<void> {
  world.wire.refuse('10.0.0.1');
  await dial(world);
  world.wire.heal();
  await world.line().command('hangup');
}

const sentTo = (world: World, method: string, sinceS: number): readonly (readonly [string, number])[] =>
  world.sent(method, { sinceS, first: true }).map(([to, atS]) => [to, Math.round(atS * 1000) / 1000]);

describe('the fallback clock', () => {
  test('RED-26 X Fallback Spread 30: all instants in [600, 630], and hardly two alike', async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 30; seed++)
      await playList({ proxyFallbackIntvl: 600, xFallbackSpread: 30 }, { seed }, async (world) => {
        await failOver(world);
        await world.runTo(700);
        const [atS = 0] = returns(world);
        expect(atS >= 600 && atS <= 630).toBe(true);
        seen.add(atS);
      });
    expect(seen.size).toBeGreaterThan(20);
  });

  test('X Fallback Hold 3: three answered OPTIONS, 30 s apart, come before the return (anti-flap)', () =>
    playList({ proxyFallbackIntvl: 600, xFallbackHold: 3 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(700);
      expect(sentTo(world, 'OPTIONS', 1)).toEqual([
        ['p', 600],
        ['p', 630],
        ['p', 660],
      ]);
      expect(returns(world)).toEqual([660]);
    }));

  test('X Fallback Hold: silence puts it off by another interval', () =>
    playList({ proxyFallbackIntvl: 600, xFallbackHold: 3 }, {}, async (world) => {
      await failOver(world);
      await world.runTo(610);
      world.wire.silence('10.0.0.1');
      await world.runTo(650);
      world.wire.heal();
      await world.runTo(1400);
      // The second OPTIONS of 630 was silent until 646: another 600 s, then three answers.
      expect(returns(world)).toEqual([1306]);
    }));
});

describe('failover along a list', () => {
  const ar = { autoRegisterWhenFailover: true };

  test('X Tcp Reconnect Grace over: S2 after 5 s (D-23)', () =>
    playList({ ...ar, sipTransport: 'TCP', xTcpReconnectGrace: 5 }, {}, async (world) => {
      await world.runTo(1);
      world.wire.refuse('10.0.0.1');
      await world.run(10);
      expect(sentTo(world, 'REGISTER', 1).filter(([to]) => to === 'a')[0]).toEqual(['a', 6]);
    }));

  test('D-15 a REGISTER that fails moves on to the next candidate, and the INVITE after it', () =>
    playList(ar, {}, async (world) => {
      await world.runTo(1);
      for (const host of ['10.0.0.1', '10.0.0.2']) world.wire.refuse(host);
      await dial(world);
      await world.run(1);
      expect(sentTo(world, 'INVITE', 1).at(-1)).toEqual(['s3', 1]);
      expect(lastCall(world)).toMatchObject({ state: 'up' });
    }));
});
