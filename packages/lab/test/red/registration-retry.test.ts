import { describe, expect, test } from 'vitest';
import { singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { attempts, capped, play, playSingle, registered, to } from './story.ts';

/* Section 9.3, retry of a registration by 5.4. A single line with its server at 10.0.0.1, from boot. */

const silent: NonNullable<WorldOptions['prepare']> = ({ wire }) => wire.silence('10.0.0.1');
const refusing =
  (status: number, retryAfterS?: number): NonNullable<WorldOptions['prepare']> =>
  ({ p }) =>
    p.answer('REGISTER', status, retryAfterS === undefined ? {} : { retryAfterS });

/** Rule and delay of each wait, s. */
const waits = (world: World): readonly (readonly [string, number])[] =>
  world.decisions().flatMap(({ rule, inputs }) => (rule.startsWith('5.4:') ? [[rule, Number(inputs.delayS)] as const] : []));
const short = (...delays: number[]) => delays.map((delayS) => ['5.4:short', delayS]);
/** Instants of the attempts, when each takes 16 s to fail and waits follow. */
const afterTimeouts = (delays: readonly number[]): readonly number[] => {
  const found = [0];
  for (const delayS of delays) found.push(Math.round(((found.at(-1) as number) + 16 + delayS) * 1_000) / 1_000);
  return found;
};

describe('9.3 REGISTER retry delay', () => {
  test('RED-31 (single) unanswered: sent at 0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, given up at 16.0 (TMR68)', () =>
    playSingle({ prepare: silent }, async (world) => {
      await world.run(20);
      expect(world.sent('REGISTER')).toEqual(to('p', capped));
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        [16, '5.4:short', 'wait'],
      ]);
      expect(world.decisions().find(({ rule }) => rule === '5.4:short')).toMatchObject({
        inputs: { outcome: 'no-response', failures: 0, bound: false },
        next: { what: 'retry', leg: 'primary', atMs: 46_000 },
      });
    }));

  test('RED-31 (dual) the alternate leg registers at 0 and never hears of it (TMR68, 6.4 invariant 1)', () =>
    play({ prepare: silent }, async (world) => {
      await world.run(20);
      expect(world.sent('REGISTER').filter(([side]) => side === 'p')).toEqual(to('p', capped));
      expect(world.sent('REGISTER').filter(([side]) => side === 'a')).toEqual(to('a', [0, 0]));
      expect(registered(world).at(-1)).toEqual([16, '5.4:short', 'wait']);
      expect(registered(world, 'alternate').at(-1)).toEqual([0, '6.1:reg.ok', 'registered']);
    }));

  test('RED-60 timeouts with cap 0 wait 30, 30, 30… (TMR68)', () =>
    playSingle({ prepare: silent }, async (world) => {
      await world.run(199);
      expect(attempts(world)).toEqual([0, 46, 92, 138, 184]);
      expect(waits(world)).toEqual(short(30, 30, 30, 30));
    }));

  test('RED-61 with cap 300 they wait 30, 60, 120, 240, 300, 300 (TMR68)', () =>
    playSingle({ prepare: silent, phone: { regRetryIntvlCap: 300 } }, async (world) => {
      await world.run(1_150);
      expect(attempts(world)).toEqual([0, 46, 122, 258, 514, 830, 1_146]);
      expect(waits(world)).toEqual(short(30, 60, 120, 240, 300, 300));
    }));

  test('RED-62 with cap 300 and random 10 each wait d lies in [d, d+10] (TMR68)', () =>
    playSingle({ prepare: silent, phone: { regRetryIntvlCap: 300, regRetryRandomDelay: 10 } }, async (world) => {
      await world.run(1_170);
      const drawn = waits(world).slice(0, 6);
      const extra = drawn.map(([, delayS], i) => delayS - ([30, 60, 120, 240, 300, 300][i] as number));
      expect(drawn.map(([rule]) => rule)).toEqual(short(1, 2, 3, 4, 5, 6).map(([rule]) => rule));
      for (const each of extra) expect(each >= 0 && each <= 10).toBe(true);
      expect(new Set(extra).size).toBe(6);
      for (const [i, atS] of attempts(world).entries())
        expect(atS).toBeCloseTo(afterTimeouts(drawn.map(([, delayS]) => delayS))[i] as number, 2);
    }));

  test('RED-63 a cap of 20 below the interval of 30: 30 always, and a warning (3.11)', () =>
    playSingle({ prepare: silent, phone: { regRetryIntvlCap: 20 } }, async (world) => {
      await world.run(145);
      expect(attempts(world)).toEqual([0, 46, 92, 138]);
      expect(waits(world)).toEqual(short(30, 30, 30));
      expect(world.line().status().findings).toContainEqual(
        expect.objectContaining({ severity: 'warning', code: 'reg.cap-below-interval' }),
      );
    }));

  test('RED-64 a 503 with Retry Reg RSC 5??: 30 (TMR68)', () =>
    playSingle({ prepare: refusing(503), phone: { retryRegRsc: '5??' } }, async (world) => {
      await world.run(61);
      expect(attempts(world)).toEqual([0, 30, 60]);
      expect(waits(world)).toEqual(short(30, 30, 30));
    }));

  test('RED-65 a 403 with the same: 1200 (TMR68)', () =>
    playSingle({ prepare: refusing(403), phone: { retryRegRsc: '5??' } }, async (world) => {
      await world.run(2_401);
      expect(attempts(world)).toEqual([0, 1_200, 2_400]);
      expect(waits(world)[0]).toEqual(['5.4:long', 1_200]);
    }));

  test('RED-66 a 503 without Retry-After, Retry Reg RSC empty: 1200 (D-06)', () =>
    playSingle({ prepare: refusing(503) }, async (world) => {
      await world.run(1_300);
      expect(attempts(world)).toEqual([0, 1_200]);
      expect(waits(world)).toEqual([
        ['5.4:long', 1_200],
        ['5.4:long', 1_200],
      ]);
    }));

  test('RED-67 a 403 with a long interval of 0 stops; line.restart re-arms (TMR68)', () =>
    playSingle({ prepare: refusing(403), phone: { regRetryLongIntvl: 0 } }, async (world) => {
      await world.runTo(10_000);
      expect(attempts(world)).toEqual([0]);
      expect(registered(world).at(-1)).toEqual([0, '5.4:long=0', 'reject']);
      expect(world.ambient.pendingTimers).toBe(0);
      world.p.clear();
      await world.line().command('restart');
      await world.run(1);
      expect(attempts(world)).toEqual([0, 10_000, 10_000]);
      expect(registered(world).slice(2)).toEqual([
        [10_000, '6.1:off', 'off'],
        [10_000, '6.1:line.start', 'register'],
        [10_000, '6.1:reg.challenge', 'answer'],
        [10_000, '6.1:reg.ok', 'registered'],
      ]);
    }));

  test.each(['', '5??', '4??'])('RED-68 a 503 with Retry-After 45: 45, with Retry Reg RSC "%s" too (RSC88)', (retryRegRsc) =>
    playSingle({ prepare: refusing(503, 45), phone: { retryRegRsc } }, async (world) => {
      await world.run(91);
      expect(attempts(world)).toEqual([0, 45, 90]);
      expect(waits(world)[0]).toEqual(['5.4:retry-after', 45]);
    }),
  );

  test('RED-69 long 1200 with random 60 lies in [1200, 1260] (TMR68)', () =>
    playSingle({ prepare: refusing(403), phone: { regRetryLongRandomDelay: 60 } }, async (world) => {
      await world.run(6_400);
      const drawn = waits(world);
      expect(drawn.length).toBeGreaterThanOrEqual(5);
      for (const [rule, delayS] of drawn) expect([rule, delayS >= 1_200 && delayS <= 1_260]).toEqual(['5.4:long', true]);
      const times = attempts(world);
      for (const [i, atS] of times.slice(1).entries()) expect(atS - (times[i] as number)).toBeCloseTo(drawn[i]?.[1] as number, 2);
    }));

  test('RED-77 401, credentials, 200: n stays 0 (6.1)', () =>
    playSingle({ phone: { regRetryIntvlCap: 300 } }, async (world) => {
      await world.run(5);
      expect(world.p.seen({ method: 'REGISTER' }).map(({ atMs, auth }) => [atMs, auth])).toEqual([
        [0, 'missing'],
        [0, 'ok'],
      ]);
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        [0, '6.1:reg.challenge', 'answer'],
        [0, '6.1:reg.ok', 'registered'],
      ]);
      // A later failure is the first one.
      world.wire.silence('10.0.0.1');
      await world.runTo(2_850);
      expect(waits(world)).toEqual(short(30));
      expect(world.decisions().find(({ rule }) => rule === '5.4:short')?.inputs.failures).toBe(0);
    }));

  test('RED-78 1000 lines, random delay 60, one outage: retries spread over 55 s and more, no second has over 5 % (TMR68)', async () => {
    const lines = [singleLine({ userId: '{n}', from: 2_000, count: 1_000 })];
    await play({ lines, phone: { regRetryRandomDelay: 60 }, prepare: silent }, async (world) => {
      await world.run(107);
      const decided = world.decisions().filter(({ rule, atMs }) => rule === '5.4:short' && atMs === 16_000);
      expect(decided).toHaveLength(1_000);
      const seconds = new Map<string, number>();
      for (const { atMs, message } of world.wire.requests({ method: 'REGISTER', sinceMs: 16_001 }))
        if (!seconds.has(message.callId)) seconds.set(message.callId, atMs / 1_000);
      const retries = [...seconds.values()];
      const planned = decided.map(({ next }) => Number(next?.atMs) / 1_000);
      expect([...retries].sort((a, b) => a - b)).toEqual(planned.sort((a, b) => a - b));
      expect(Math.max(...retries) - Math.min(...retries)).toBeGreaterThanOrEqual(55);
      const perSecond = new Map<number, number>();
      for (const atS of retries) perSecond.set(Math.floor(atS), (perSecond.get(Math.floor(atS)) ?? 0) + 1);
      expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(50);
    });
  });
});
