import { describe, expect, test } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { attempts, dial, doubling, invites, lastCall, playCall, registered, routed, to } from './story.ts';

/* What the tables say and no vector asks for. The call begins at 1 s. */

describe('calls', () => {
  test('both servers fail: the last class is reported (6.4)', () =>
    playCall({}, async (world) => {
      for (const host of ['10.0.0.1', '10.0.0.2']) world.wire.silence(host);
      await dial(world);
      await world.run(40);
      expect(invites(world)).toEqual([...to('p', doubling, 1), ...to('a', doubling, 17)]);
      expect(routed(world).at(-1)).toEqual([33, '6.4:both-failed', 'deliver']);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'no-response' });
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
        [1, '6.4:both-usable', 'send', 'primary'],
        [1.01, '5.8:challenge', 'answer', 'primary'],
        [17.01, '6.4:primary-failed/no-response', 'send', 'alternate'],
        [17.01, '6.5:pinned', 'pin', 'alternate'],
      ]);
    }));

  test('a template with a bad token keeps the others, and says so (3.11)', () =>
    playCall({ phone: { tryBackupRsc: '5??,x7' } }, async (world) => {
      expect(world.line().status().findings).toContainEqual(expect.objectContaining({ severity: 'error', seen: 'x7' }));
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['a', 1],
      ]);
    }));
});

describe('registration over TCP', () => {
  test('a server that refuses afterwards is tried again after the short delay; the alternate serves meanwhile (D-48, 5.4)', () =>
    playCall({ lines: [dualLine({ sipTransport: 'TCP' })] }, async (world) => {
      await world.runTo(10);
      world.wire.refuse('10.0.0.1');
      await world.runTo(20);
      world.wire.heal();
      await dial(world);
      await world.runTo(41);
      expect(attempts(world)).toEqual([0, 0, 40]);
      expect(invites(world)).toEqual([['a', 20]]);
      expect(routed(world)[0]).toEqual([20, '6.4:alternate-only', 'send', 'alternate']);
      expect(registered(world).slice(3)).toEqual([
        [10, 'D-48:disconnect', 'register'],
        [10, '5.4:short', 'wait'],
        [40, '6.1:waiting/clock.retry', 'register'],
        [40, '6.1:reg.ok', 'registered'],
      ]);
    }));
});
