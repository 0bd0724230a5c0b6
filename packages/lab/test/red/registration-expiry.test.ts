import { describe, expect, test } from 'vitest';
import { attempts, playSingle, registered } from './story.ts';

/* Section 9.3, expiry and refresh by 5.5. A single line with its server at 10.0.0.1, from boot. */

const answered = [0, '6.1:reg.challenge', 'answer'];
const boot = [[0, '6.1:line.start', 'register'], answered, [0, '6.1:reg.ok', 'registered']];

describe('9.3 Min-Expires', () => {
  test('RED-70 423 with Min-Expires 7000, RE 3600: REGISTER 7000 at once (XREF)', () =>
    playSingle({ registrars: { minExpiresS: 7_000 } }, async (world) => {
      await world.run(10);
      expect(world.p.seen({ method: 'REGISTER' }).map(({ atMs, expiresS, status }) => [atMs, expiresS, status])).toEqual([
        [0, 3_600, 401],
        [0, 3_600, 423],
        [0, 7_000, 200],
      ]);
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        answered,
        [0, '6.1:reg.tooBrief', 'register'],
        [0, '6.1:reg.ok', 'registered'],
      ]);
    }));

  test('RED-71 423 with Min-Expires 10000: REGISTER 7200; the second 423 goes by 5.4 (TMR68)', () =>
    playSingle({ registrars: { minExpiresS: 10_000 } }, async (world) => {
      await world.run(1_201);
      expect(world.p.seen({ method: 'REGISTER' }).map(({ atMs, expiresS, status }) => [atMs / 1_000, expiresS, status])).toEqual([
        [0, 3_600, 401],
        [0, 3_600, 423],
        [0, 7_200, 423],
        [1_200, 7_200, 423],
      ]);
      expect(registered(world).slice(2)).toEqual([
        [0, '6.1:reg.tooBrief', 'register'],
        [0, '5.4:long', 'wait'],
        [1_200, '6.1:waiting/clock.retry', 'register'],
        [1_200, '5.4:long', 'wait'],
      ]);
    }));
});

describe('9.3 granted expiry', () => {
  test.each([
    ['RED-72 granted 20, Reg Min Expires 60: E = 60 (TMR68)', { grantS: 20 }, { regMinExpires: 60 }, 60, 34.32],
    ['RED-73 granted 100000: E = 7200 (TMR68)', { grantS: 100_000, maxExpiresS: 200_000 }, {}, 7_200, 5_603.52],
    ['RED-75 Contact 300 before Expires 900: E = 300 (RFC 3261 10.2.4)', { grantS: 300, expiresHeaderS: 900 }, {}, 300, 221.52],
  ])('%s', (_name, registrars, phone, expiryS, refreshS) =>
    playSingle({ registrars, phone }, async (world) => {
      await world.run(refreshS + 1);
      expect([...new Set(attempts(world))]).toEqual([0, refreshS]);
      expect(registered(world).slice(0, 4)).toEqual([...boot, [refreshS, '6.1:registered/clock.refresh', 'refresh']]);
      expect(world.decisions().find(({ rule }) => rule === '6.1:reg.ok')).toMatchObject({
        inputs: { expiryS },
        next: { what: 'refresh', leg: 'primary', atMs: refreshS * 1_000 },
      });
    }),
  );

  test.each([
    [600, 455.52],
    [60, 34.32],
    [30, 15],
  ])('RED-74 granted %s: refresh at %s, with one Call-ID and the next CSeq (AG12, D-37)', (grantS, refreshS) =>
    playSingle({ registrars: { grantS } }, async (world) => {
      await world.run(refreshS + 1);
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(seen.map(({ atMs, cseq, status }) => [atMs / 1_000, cseq, status])).toEqual([
        [0, 1, 401],
        [0, 2, 200],
        [refreshS, 3, 200],
      ]);
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
      expect(registered(world)).toEqual([
        ...boot,
        [refreshS, '6.1:registered/clock.refresh', 'refresh'],
        [refreshS, '6.1:reg.ok', 'refreshed'],
      ]);
    }),
  );

  test('RED-76 a refresh that times out at 2795.52 of 3600: bound until 3600, retries 46 s apart, then lost (D-38)', () =>
    playSingle({}, async (world) => {
      await world.run(2_000);
      world.wire.silence('10.0.0.1');
      await world.runTo(3_700);
      const expected = Array.from({ length: 20 }, (_, i) => Math.round((2_795.52 + 46 * i) * 1_000) / 1_000);
      expect(attempts(world).slice(2)).toEqual(expected.filter((atS) => atS < 3_700));
      const decided = registered(world).slice(3);
      expect(decided.slice(0, 4)).toEqual([
        [2_795.52, '6.1:registered/clock.refresh', 'refresh'],
        [2_811.52, '5.4:short', 'wait'],
        [2_841.52, '6.1:waiting/clock.retry', 'register'],
        [2_857.52, '5.4:short', 'wait'],
      ]);
      expect(decided.filter(([, rule]) => rule === '6.1:clock.expiry')).toEqual([[3_600, '6.1:clock.expiry', 'lost']]);
      const boundAt = (atMs: number) =>
        world.decisions().findLast((decision) => decision.atMs <= atMs && decision.about === 'registration')?.candidates[0];
      expect(boundAt(3_599_000)).toMatchObject({ bound: true, usable: false });
      expect(boundAt(3_600_000)).toMatchObject({ bound: false, usable: false });
    }));
});
