import { describe, expect, test } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { dial, doubling, invites, lastCall, play, playCall, routed, to } from './story.ts';

/* Section 9.2 for INVITE, dual reading: S1 is the primary, S2 the registered alternate. The call begins at 1 s. */

const both = [1, '6.4:both-usable', 'send', 'primary'];
const pinned = (atS: number, leg: string) => [atS, '6.5:pinned', 'pin', leg];

describe('9.2 failover of a call by silence', () => {
  test('RED-30 sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5; at the alternate at 16.0 (TMR68, SEED)', () =>
    playCall({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(invites(world)).toEqual([...to('p', doubling, 1), ['a', 17]]);
      expect(routed(world)).toEqual([both, [17, '6.4:primary-failed/no-response', 'send', 'alternate'], pinned(17, 'alternate')]);
      expect(lastCall(world)).toMatchObject({ state: 'up', leg: 'alternate' });
    }));

  test('RED-32 with Timer B 32 s a last one at 31.5; at the alternate at 32.0 (ATA default)', () =>
    playCall({ phone: { sipTimerB: 32 } }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(33);
      expect(invites(world)).toEqual([...to('p', [...doubling, 31.5], 1), ['a', 33]]);
      expect(routed(world)).toContainEqual([33, '6.4:primary-failed/no-response', 'send', 'alternate']);
    }));

  test('RED-33 a 100 at 0.2 stops failover; CANCEL when INVITE Expires 240 elapses (D-19)', () =>
    playCall({}, async (world) => {
      world.p.answer('INVITE', [{ status: 100, afterMs: 200 }]);
      await dial(world);
      await world.run(239.5);
      expect(world.sent('CANCEL')).toEqual([]);
      await world.run(60);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(world.sent('CANCEL', { first: true })).toEqual([['p', 241]]);
      expect(routed(world)).toEqual([both, [241, 'D-19:invite-expired', 'cancel', 'primary']]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'invite-expired' });
    }));

  test('RED-45 a caller who hangs up at 10: nothing is ever sent to the alternate (6.2)', () =>
    playCall({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.runTo(11);
      await world.line().command('hangup');
      await world.run(60);
      expect(invites(world)).toEqual(to('p', doubling, 1));
      expect(world.sent('CANCEL')).toEqual([]);
      expect(world.wire.requests({ to: '10.0.0.2', method: 'INVITE' })).toEqual([]);
      expect(routed(world)).toEqual([both, [11, '6.2:caller-cancelled', 'cancel', 'primary']]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'local-hangup' });
    }));

  test('RED-46 moved at 16.0, the primary sends 200 at 17: ACK and BYE to it, the call on the alternate is unaffected (D-21)', () =>
    playCall({}, async (world) => {
      world.p.answer('INVITE', [{ status: 200, afterMs: 17_000 }]);
      await dial(world);
      await world.runTo(30);
      expect(invites(world)).toEqual([...to('p', doubling, 1), ['a', 17]]);
      expect(world.sent('ACK')).toEqual([
        ['a', 17],
        ['p', 18],
      ]);
      expect(world.sent('BYE')).toEqual([['p', 18]]);
      expect(routed(world)).toEqual([both, [17, '6.4:primary-failed/no-response', 'send', 'alternate'], pinned(17, 'alternate')]);
      expect(lastCall(world)).toMatchObject({ state: 'up', leg: 'alternate' });
    }));

  test('RED-47 moved at 16.0, the primary sends 180 at 17: CANCEL to it (D-21)', () =>
    playCall({}, async (world) => {
      world.p.answer('INVITE', [{ status: 180, afterMs: 17_000 }]);
      await dial(world);
      await world.runTo(30);
      expect(world.sent('CANCEL')).toEqual([['p', 18]]);
      expect(world.sent('ACK')).toEqual([
        ['a', 17],
        ['p', 18],
      ]);
      expect(world.wire.responses({ from: '10.0.0.1', method: 'INVITE' }).map(({ message }) => message.status)).toEqual([
        180, 487,
      ]);
      expect(world.sent('BYE')).toEqual([]);
      expect(routed(world).at(-2)).toEqual([17, '6.4:primary-failed/no-response', 'send', 'alternate']);
      expect(lastCall(world)).toMatchObject({ state: 'up', leg: 'alternate' });
    }));

  test('a challenge after a 100 begins anew: silence after it moves the call (5.8, D-19)', () =>
    playCall({}, async (world) => {
      world.p.answer('INVITE', [{ status: 100 }, { status: 407, afterMs: 10 }], { times: 1 });
      world.p.silence('INVITE', { when: (request) => request.headers('Proxy-Authorization').length > 0 });
      await dial(world);
      await world.runTo(20);
      expect(world.sent('INVITE', { first: true })).toEqual([
        ['p', 1],
        ['p', 1.01],
        ['a', 17.01],
      ]);
      expect(routed(world)).toEqual([
        both,
        [1.01, '5.8:challenge', 'answer', 'primary'],
        [17.01, '6.4:primary-failed/no-response', 'send', 'alternate'],
        pinned(17.01, 'alternate'),
      ]);
    }));
});

describe('9.2 failover of a call by its transport', () => {
  /** Nothing is registered, so that the INVITE itself opens the connection. */
  const tcp = { lines: [dualLine({ sipTransport: 'TCP', register: false })] };

  test('RED-34 TCP, the primary refuses: at the alternate immediately (SEED)', () =>
    playCall(tcp, async (world) => {
      world.wire.refuse('10.0.0.1');
      await dial(world);
      await world.run(1);
      expect(world.wire.find({ to: '10.0.0.1', protocol: 'tcp' }).map(({ kind, atMs }) => [kind, atMs])).toEqual([
        ['syn', 1_000],
      ]);
      expect(invites(world)).toEqual([['a', 1]]);
      expect(routed(world)).toEqual([
        [1, '6.7:register-no', 'send', 'primary'],
        [1, '6.4:alternate-unregistered/transport', 'send', 'alternate'],
        pinned(1, 'alternate'),
      ]);
      expect(world.decisions().find(({ rule }) => rule.endsWith('/transport'))?.inputs).toEqual({
        outcome: 'transport',
        connected: false,
        detail: expect.stringContaining('10.0.0.1'),
      });
    }));

  test('RED-35 TCP, SYN unanswered: at the alternate at 16.0 (SEED and Timer B)', () =>
    playCall(tcp, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(world.wire.find({ to: '10.0.0.1', protocol: 'tcp' }).map(({ kind, atMs }) => [kind, atMs])).toEqual([
        ['syn', 1_000],
      ]);
      expect(invites(world)).toEqual([['a', 17]]);
      expect(routed(world)).toEqual([
        [1, '6.7:register-no', 'send', 'primary'],
        [17, '6.4:alternate-unregistered/transport', 'send', 'alternate'],
        pinned(17, 'alternate'),
      ]);
    }));

  test('RED-34 registered over TCP: the lost connection has moved the route already, the call goes to the alternate (SEED, D-48)', () =>
    playCall({ lines: [dualLine({ sipTransport: 'TCP' })] }, async (world) => {
      world.wire.refuse('10.0.0.1');
      await world.run(0.5);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([['a', 1.5]]);
      expect(routed(world)).toEqual([[1.5, '6.4:alternate-only', 'send', 'alternate'], pinned(1.5, 'alternate')]);
    }));

  test('RED-36 UDP, ICMP port unreachable at 0.01: at the alternate at 0.01 (D-18, YL, POLY)', () =>
    playCall({ link: { delayMs: 5 } }, async (world) => {
      world.wire.refuse('10.0.0.1');
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['a', 1.01],
      ]);
      expect(routed(world).slice(0, 2)).toEqual([both, [1.01, '6.4:primary-failed/transport', 'send', 'alternate']]);
    }));

  test('RED-58 line 1 fails over, line 2 on the same servers keeps its route (D-31)', () =>
    play({ lines: [dualLine(), dualLine({ userId: '1002' })] }, async (world) => {
      await world.party('2000');
      await world.runTo(1);
      world.p.silence('INVITE', { when: ({ from }) => from.uri.includes('1001') });
      await dial(world, '1001');
      await world.runTo(18);
      await dial(world, '1002');
      await world.runTo(19);
      expect(world.sent('INVITE', { line: '1001', first: true })).toEqual([
        ['p', 1],
        ['a', 17],
      ]);
      expect(world.sent('INVITE', { line: '1002' })).toEqual([['p', 18]]);
      expect(routed(world, '1001')[1]).toEqual([17, '6.4:primary-failed/no-response', 'send', 'alternate']);
      expect(routed(world, '1002')[0]).toEqual([18, '6.4:both-usable', 'send', 'primary']);
    }));
});
