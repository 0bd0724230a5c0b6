import type { CallFact } from '@offhook/runtime';
import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';

/* Calls between primary and alternate: sections 9.2, 9.4 and 9.6, in their dual or single reading. Bytes to bytes, in virtual time. */

const rules = (world: World): readonly string[] => world.decisions().map(({ rule }) => rule);
const dial = (world: World, line?: string): Promise<unknown> => world.line(line).command('call', { target: '2000' });
const calls = (world: World): readonly CallFact[] => world.facts('call').map(({ value }) => value as CallFact);
const last = (world: World): CallFact | undefined => calls(world).at(-1);
const invites = (world: World): readonly (readonly [string, number])[] => world.sent('INVITE');
const doubling = [0, 0.5, 1.5, 3.5, 7.5, 15.5];

async function story(options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(options);
  await world.party('2000');
  await world.run(1);
  await act(world);
  world.wire.heal();
  world.p.clear();
  world.a.clear();
  if (world.line().status().calls.length > 0) await world.line().command('hangup');
  await world.run(40);
  await world.stop();
}

describe('a call with both legs registered', () => {
  test('RED-81 leaves by the primary, and only there', () =>
    story({}, async (world) => {
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(last(world)).toMatchObject({ state: 'up', leg: 'primary', codec: 'PCMU' });
      expect(rules(world)).toContain('6.4:both-usable');
      await world.line().command('hangup');
      await world.run(1);
      expect(world.sent('BYE')).toEqual([['p', 2]]);
      expect(last(world)).toMatchObject({ state: 'ended', reason: 'local-hangup' });
    }));

  test('RED-30, RED-82 a silent primary: sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5; by the alternate at 16.0', () =>
    story({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(invites(world)).toEqual([...doubling.map((at) => ['p', 1 + at]), ['a', 17]]);
      expect(last(world)).toMatchObject({ state: 'up', leg: 'alternate' });
      const moved = world.decisions().find(({ rule }) => rule === '6.4:primary-failed/no-response');
      expect(moved).toMatchObject({ atMs: 17_000, outcome: { action: 'send', leg: 'alternate' } });
    }));

  test('RED-32 with Timer B 32 s it moves at 32.0', () =>
    story({ phone: { sipTimerB: 32 } }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(33);
      expect(invites(world)).toEqual([...doubling.map((at) => ['p', 1 + at]), ['p', 32.5], ['a', 33]]);
    }));

  test('RED-33 a provisional response stops failover; CANCEL when INVITE Expires elapses (D-19)', () =>
    story({}, async (world) => {
      world.p.answer('INVITE', [{ status: 100, afterMs: 200 }]);
      await dial(world);
      await world.run(239);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(world.sent('CANCEL')).toEqual([]);
      await world.run(2);
      expect(world.sent('CANCEL')[0]).toEqual(['p', 241]);
      expect(last(world)).toMatchObject({ state: 'ended', reason: 'invite-expired' });
      expect(invites(world)).toHaveLength(1);
    }));

  test('RED-34 TCP: the primary refuses, the alternate at once', () =>
    story({ lines: [dualLine({ sipTransport: 'TCP' })] }, async (world) => {
      world.wire.refuse('10.0.0.1');
      await world.run(0.5);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([['a', 1.5]]);
      expect(last(world)).toMatchObject({ state: 'up', leg: 'alternate' });
    }));

  test('RED-36 an ICMP refusal by the primary: the alternate at once (D-18)', () =>
    story({ link: { delayMs: 5 } }, async (world) => {
      world.wire.refuse('10.0.0.1');
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['a', 1.01],
      ]);
      expect(rules(world)).toContain('6.4:primary-failed/transport');
    }));

  test('RED-39 a 503 with an empty Try Backup RSC fails the call (D-01)', () =>
    story({}, async (world) => {
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(last(world)).toMatchObject({ state: 'ended', status: 503 });
      expect(rules(world)).toContain('6.4:reject-is-final');
    }));

  test('RED-40, RED-92 a 503 matching Try Backup RSC: same Call-ID, From tag and CSeq at the alternate, a new branch; ACK to the primary (D-21)', () =>
    story({ phone: { tryBackupRsc: '5??' } }, async (world) => {
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['a', 1],
      ]);
      const [toP, toA] = world.wire.requests({ from: '10.0.0.9', method: 'INVITE' });
      const identity = (packet: typeof toP): unknown => [
        packet?.message.callId,
        packet?.message.from.params.get('tag'),
        packet?.message.cseq.number,
      ];
      expect(identity(toA)).toEqual(identity(toP));
      expect(toA?.message.via.branch).not.toBe(toP?.message.via.branch);
      expect(world.sent('ACK')[0]).toEqual(['p', 1]);
      expect(rules(world)).toContain('6.4:primary-failed/rsc');
    }));

  test.each([
    ['RED-41 486 is busy to the user', 486, [['p', 1]]],
    [
      'RED-42 603 goes to the alternate',
      603,
      [
        ['p', 1],
        ['a', 1],
      ],
    ],
  ])('%s (5??,6??)', (_name, status, expected) =>
    story({ phone: { tryBackupRsc: '5??,6??' } }, async (world) => {
      world.p.answer('INVITE', status);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual(expected);
    }),
  );

  test('RED-43 a 407 that can be answered is answered at the primary, whatever the template says (5.3, D-44)', () =>
    story({ phone: { tryBackupRsc: '4??' }, registrars: { inviteAuth: true } }, async (world) => {
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['p', 1],
      ]);
      expect(last(world)).toMatchObject({ state: 'up', leg: 'primary' });
    }));

  test('RED-44 407 three times with Max Auth 2: the third is final and matches the template', () =>
    story({ phone: { tryBackupRsc: '407' } }, async (world) => {
      world.p.answer('INVITE', 407);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['p', 1],
        ['p', 1],
        ['a', 1],
      ]);
      expect(rules(world)).toContain('6.4:primary-failed/rsc');
    }));

  test('RED-45 a caller who hangs up before failover: nothing is ever sent to the alternate', () =>
    story({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(10);
      await world.line().command('hangup');
      await world.run(60);
      expect(invites(world).filter(([to]) => to === 'a')).toEqual([]);
      expect(last(world)).toMatchObject({ state: 'ended', reason: 'local-hangup' });
    }));

  test('RED-46 a late 200 of the abandoned primary gets ACK and BYE; the call on the alternate is unaffected (D-21)', () =>
    story({}, async (world) => {
      world.p.answer('INVITE', [{ status: 200, afterMs: 17_000 }]);
      await dial(world);
      await world.run(18);
      expect(last(world)).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(world.sent('ACK')).toContainEqual(['p', 18]);
      expect(world.sent('BYE')).toContainEqual(['p', 18]);
    }));

  test('RED-47 a late 180 of the abandoned primary is cancelled (D-21)', () =>
    story({}, async (world) => {
      world.p.answer('INVITE', [{ status: 180, afterMs: 17_000 }]);
      await dial(world);
      await world.run(18);
      expect(world.sent('CANCEL')[0]).toEqual(['p', 18]);
      expect(last(world)).toMatchObject({ state: 'up', leg: 'alternate' });
    }));

  test('RED-84 after that the next call tries the primary first again (D-14)', () =>
    story({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      await world.line().command('hangup');
      await world.run(5);
      await dial(world);
      await world.run(1);
      expect(invites(world).at(-2)).toEqual(['p', 23]);
    }));
});

describe('a call while a leg is not usable', () => {
  const primaryDown: NonNullable<WorldOptions['prepare']> = ({ p }) => p.answer('REGISTER', 403);

  test('RED-83 leaves by the alternate at once, no packet to the primary', () =>
    story({ prepare: primaryDown }, async (world) => {
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([['a', 1]]);
      expect(rules(world)).toContain('6.4:alternate-only');
    }));

  test('RED-86, RED-120 neither leg registered: refused locally without Make Call Without Reg', () =>
    story({ prepare: ({ p, a }) => [p, a].map((each) => each.answer('REGISTER', 403)) && undefined }, async (world) => {
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([]);
      expect(last(world)).toMatchObject({ state: 'ended', status: 480, reason: 'not-registered' });
      expect(rules(world)).toContain('6.7:not-registered');
    }));

  test('RED-86 with Make Call Without Reg: the primary, then the alternate', () =>
    story(
      {
        lines: [dualLine({ makeCallWithoutReg: true })],
        phone: { tryBackupRsc: '5??' },
        prepare: ({ p, a }) => [p, a].map((each) => each.answer('REGISTER', 403)) && p.answer('INVITE', 503),
      },
      async (world) => {
        await dial(world);
        await world.run(1);
        expect(invites(world)).toEqual([
          ['p', 1],
          ['a', 1],
        ]);
        expect(rules(world)).toContain('6.4:none-registered/mcwr');
      },
    ));

  test('RED-91 the primary comes back by its retry at 30: a call at 29 takes the alternate, one at 31 the primary', () =>
    story({ phone: { retryRegRsc: '5??' }, prepare: ({ p }) => p.answer('REGISTER', 503, { times: 1 }) }, async (world) => {
      await world.runTo(29);
      await dial(world);
      await world.run(1);
      await world.line().command('hangup');
      await world.runTo(31);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['a', 29],
        ['p', 31],
      ]);
    }));

  test('RED-98 the alternate is unreachable: the call goes to the primary and fails there after 16 s (D-39)', () =>
    story({ prepare: ({ wire }) => wire.silence('10.0.0.2') }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(16);
      expect(new Set(invites(world).map(([to]) => to))).toEqual(new Set(['p']));
      expect(last(world)).toMatchObject({ state: 'ended', reason: 'no-response' });
      expect(rules(world)).toContain('6.4:alternate-not-registered');
    }));
});

describe('inside a dialog (6.5)', () => {
  test('RED-90 a call on the alternate ends there although the primary is back; the next one goes to the primary', () =>
    story({ phone: { retryRegRsc: '5??' }, prepare: ({ p }) => p.answer('REGISTER', 503, { times: 1 }) }, async (world) => {
      await dial(world);
      await world.runTo(40);
      expect(world.line().status().route).toBe('onTop');
      await world.line().command('hangup');
      await world.run(1);
      expect(world.sent('BYE')).toEqual([['a', 40]]);
      await dial(world);
      await world.run(1);
      expect(invites(world).at(-1)).toEqual(['p', 41]);
    }));

  test('RED-124 BYE to a dead server: the call ends locally, no other server is tried', () =>
    story({}, async (world) => {
      await dial(world);
      await world.run(1);
      world.wire.silence('10.0.0.1');
      await world.line().command('hangup');
      expect(last(world)).toMatchObject({ state: 'ended', reason: 'local-hangup' });
      await world.run(40);
      expect(new Set(world.sent('BYE').map(([to]) => to))).toEqual(new Set(['p']));
    }));
});

describe('calls that come in (6.6)', () => {
  test('RED-121 an unregistered line answers 480 (D-40)', () =>
    story({ lines: [singleLine({ ansCallWithoutReg: false })], prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      const caller = await world.party('3000');
      const call = caller.call('sip:1001@10.0.0.9:5060');
      await world.run(2);
      expect(call.statuses.at(-1)).toBe(480);
      expect(rules(world)).toContain('6.6:unregistered');
    }));

  test('rings, is answered by command, and ends with the caller', () =>
    story({}, async (world) => {
      const caller = await world.party('3000');
      const call = caller.call('1001');
      await world.run(1);
      expect(last(world)).toMatchObject({ direction: 'incoming', state: 'ringing', leg: 'primary' });
      await world.line().command('answer');
      await world.run(1);
      expect(last(world)).toMatchObject({ state: 'up' });
      await world.until(Promise.resolve(call.hangUp()));
      await world.run(1);
      expect(last(world)).toMatchObject({ state: 'ended', reason: 'remote-hangup' });
    }));

  test('RED-95 the same INVITE by both servers rings once, the other gets 482 (D-21)', () =>
    story({}, async (world) => {
      const caller = await world.party('3000');
      caller.call('1001', {
        proxies: [
          { host: '10.0.0.1', port: 5060 },
          { host: '10.0.0.2', port: 5060 },
        ],
      });
      await world.run(1);
      expect(calls(world).filter(({ state }) => state === 'ringing')).toHaveLength(1);
      expect(world.wire.responses({ from: '10.0.0.9', method: 'INVITE' }).map(({ message }) => message.status)).toContain(482);
    }));
});
