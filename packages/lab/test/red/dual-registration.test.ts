import { describe, expect, test } from 'vitest';
import { dualLine, singleLine, type WorldOptions } from '../../src/index.ts';
import { attempts, dial, doubling, invites, lineRoute, play, playCall, registered, routed, to } from './story.ts';

/* Section 9.4: two registrations, always and independently (6.4 invariant 1). */

const refusedPrimary: NonNullable<WorldOptions['prepare']> = ({ p }) => p.answer('REGISTER', 403);

describe('9.4 both legs register', () => {
  test('RED-80 two REGISTERs at boot with different Call-IDs, both kept alive (SEED)', () =>
    play({}, async (world) => {
      await world.run(9_000);
      for (const [side, leg] of [
        ['p', 'primary'],
        ['a', 'alternate'],
      ] as const) {
        const seen = world[side].seen({ method: 'REGISTER' });
        expect(seen.map(({ atMs }) => atMs / 1_000)).toEqual([0, 0, 2795.52, 5591.04, 5591.04, 8386.56]);
        expect(seen.map(({ cseq }) => cseq)).toEqual([1, 2, 3, 4, 5, 6]);
        expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
        expect(registered(world, leg)).toEqual([
          [0, '6.1:line.start', 'register'],
          [0, '6.1:reg.challenge', 'answer'],
          [0, '6.1:reg.ok', 'registered'],
          ...[2795.52, 5591.04, 8386.56].flatMap((atS) => [
            [atS, '6.1:registered/clock.refresh', 'refresh'],
            // The first nonce lives for an hour.
            ...(atS === 5591.04 ? [[atS, '6.1:reg.challenge', 'answer']] : []),
            [atS, '6.1:reg.ok', 'refreshed'],
          ]),
        ]);
      }
      expect(world.p.seen({ method: 'REGISTER' })[0]?.callId).not.toBe(world.a.seen({ method: 'REGISTER' })[0]?.callId);
    }));

  test('RED-98 an alternate that is unreachable at boot leaves the primary unaffected; the call fails there after 16 s (D-39)', () =>
    playCall({ prepare: ({ wire }) => wire.silence('10.0.0.2') }, async (world) => {
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        [0, '6.1:reg.challenge', 'answer'],
        [0, '6.1:reg.ok', 'registered'],
      ]);
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(20);
      expect(invites(world)).toEqual(to('p', doubling, 1));
      expect(routed(world)).toEqual([
        [1, '6.4:primary-only', 'send', 'primary'],
        [17, '6.4:alternate-not-registered', 'deliver'],
      ]);
      expect(registered(world, 'alternate')).toEqual([
        [0, '6.1:line.start', 'register'],
        [16, '5.4:short', 'wait'],
      ]);
    }));

  test('RED-97 a primary refused with a long interval of 0 stays rejected; the alternate keeps working (6.1)', () =>
    playCall({ phone: { regRetryLongIntvl: 0 }, prepare: refusedPrimary }, async (world) => {
      await world.runTo(5_000);
      await dial(world);
      await world.run(1);
      expect(attempts(world)).toEqual([0]);
      expect(attempts(world, 'a')).toEqual([0, 0, 2795.52]);
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        [0, '5.4:long=0', 'reject'],
      ]);
      expect(invites(world)).toEqual([['a', 5_000]]);
      expect(routed(world)[0]).toEqual([5_000, '6.4:alternate-only', 'send', 'alternate']);
      expect(world.line().status().legs[0]).toMatchObject({ registration: 'rejected', bound: false, usable: false });
    }));

  test('RED-87 without Dual Registration no packet ever goes to the alternate (SEED)', () =>
    playCall({ lines: [singleLine({ alternateProxy: '10.0.0.2' })] }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.runTo(5_000);
      expect(world.wire.find({ from: '10.0.0.9', to: '10.0.0.2' })).toEqual([]);
      expect(invites(world)).toEqual(to('p', doubling, 1));
      expect(routed(world)).toEqual([
        [1, '6.7:registered', 'send', 'primary'],
        [17, '6.4:single/no-other-server', 'deliver'],
      ]);
      expect(world.line().status().findings).toContainEqual(expect.objectContaining({ code: 'dual.alternate-ignored' }));
    }));

  test('RED-88 without an alternate the line runs single and says dual.no-alternate (SEED)', () =>
    playCall({ lines: [singleLine({ dualRegistration: true })] }, async (world) => {
      await dial(world);
      await world.run(1);
      expect(world.sent('REGISTER')).toEqual(to('p', [0, 0]));
      expect(invites(world)).toEqual([['p', 1]]);
      expect(routed(world)[0]).toEqual([1, '6.7:registered', 'send', 'primary']);
      const { mode, findings } = world.line().status();
      expect(mode).toBe('single');
      expect(findings).toContainEqual(expect.objectContaining({ code: 'dual.no-alternate', severity: 'warning' }));
    }));

  test.each([
    ['DNS SRV with PFI 600', { useDnsSrv: true, proxyFallbackIntvl: 600 }],
    ['the Broadsoft mechanism', { xMechanism: 'broadsoft' }],
  ])('RED-89 %s is refused with policy.conflict; the line runs dual, without a fallback timer (SEED, D-11)', (_name, values) =>
    play({ lines: [dualLine(values)] }, async (world) => {
      await world.run(2_000);
      const [refusal] = world.decisions();
      expect(refusal).toMatchObject({
        atMs: 0,
        about: 'policy',
        rule: 'D-11:policy.conflict',
        inputs: { remedy: expect.stringMatching(/Set/) },
        outcome: { action: 'refused-policy' },
      });
      expect(world.sent('REGISTER')).toEqual(['p', 'a', 'p', 'a'].map((side) => [side, 0]));
      const { mode, degraded, legs } = world.line().status();
      expect([mode, degraded, legs.map(({ usable }) => usable)]).toEqual(['dual', true, [true, true]]);
      const { next } = await world.line().explain();
      expect(new Set(next.map(({ what }) => what))).toEqual(new Set(['refresh', 'expiry']));
    }),
  );

  test('RED-99 with only an alternate outbound proxy the alternate leg keeps the host of Proxy (D-07)', () =>
    playCall({ lines: [singleLine({ dualRegistration: true, alternateOutboundProxy: '10.0.0.2' })] }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(attempts(world, 'a')).toEqual([0, 0]);
      const requests = world.wire
        .requests({ from: '10.0.0.9', to: '10.0.0.2' })
        .filter(({ message }) => message.method !== 'ACK');
      expect(requests.map(({ message: { method, uri, to: aor } }) => [method, uri, aor.uri])).toEqual([
        ['REGISTER', 'sip:10.0.0.1', 'sip:1001@10.0.0.1'],
        ['REGISTER', 'sip:10.0.0.1', 'sip:1001@10.0.0.1'],
        ['INVITE', 'sip:2000@10.0.0.1', 'sip:2000@10.0.0.1'],
      ]);
      for (const { message } of requests) expect(message.header('Route')).toBe('<sip:10.0.0.2:5060;lr>');
      expect(registered(world, 'alternate').at(-1)).toEqual([0, '6.1:reg.ok', 'registered']);
      expect(routed(world)[1]).toEqual([17, '6.4:primary-failed/no-response', 'send', 'alternate']);
    }));

  test('RED-57 (dual) Retry-After 120 holds back the server that sent it and no other (D-22)', () =>
    playCall({ prepare: ({ p }) => p.answer('REGISTER', 503, { retryAfterS: 120, times: 1 }) }, async (world) => {
      await dial(world);
      await world.runTo(121);
      expect(attempts(world)).toEqual([0, 120, 120]);
      expect(attempts(world, 'a')).toEqual([0, 0]);
      expect(invites(world)).toEqual([['a', 1]]);
      expect(registered(world)[1]).toEqual([0, '5.4:retry-after', 'wait']);
      expect(world.decisions().find(({ rule }) => rule === '5.4:retry-after')).toMatchObject({
        candidates: [{ blockedUntilMs: 120_000 }, {}],
        next: { what: 'retry', leg: 'primary', atMs: 120_000 },
      });
      expect(lineRoute(world)).toEqual([
        [0, '6.4:alternate-only', 'route-alternate'],
        [120, '6.4:primary-usable', 'route-primary'],
      ]);
    }));
});
