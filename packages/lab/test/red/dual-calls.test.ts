import { describe, expect, test } from 'vitest';
import { dualLine, type WorldOptions } from '../../src/index.ts';
import { dial, doubling, invites, lastCall, lineRoute, playCall, routed, to } from './story.ts';

/* Section 9.4, the routing matrix 6.4 by calls. The call begins at 1 s. */

const hangUp = async (world: Parameters<typeof dial>[0]): Promise<void> => void (await world.line().command('hangup'));
const noneRegisters: NonNullable<WorldOptions['prepare']> = ({ p, a }) => {
  for (const each of [p, a]) each.answer('REGISTER', 403);
};

describe('9.4 both legs registered', () => {
  test('RED-81 the call leaves by the primary only (SEED)', () =>
    playCall({}, async (world) => {
      await dial(world);
      await world.run(1);
      await hangUp(world);
      await world.run(1);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(world.sent('BYE')).toEqual([['p', 2]]);
      expect(world.wire.requests({ from: '10.0.0.9', to: '10.0.0.2' }).map(({ message }) => message.method)).toEqual([
        'REGISTER',
        'REGISTER',
      ]);
      expect(routed(world)).toEqual([
        [1, '6.4:both-usable', 'send', 'primary'],
        [1, '6.5:pinned', 'pin', 'primary'],
      ]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'local-hangup', codec: 'PCMU' });
    }));

  test('RED-82 a silent primary: at the alternate at 16.0 (SEED)', () =>
    playCall({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(invites(world)).toEqual([...to('p', doubling, 1), ['a', 17]]);
      expect(world.decisions().find(({ rule }) => rule === '6.4:primary-failed/no-response')).toMatchObject({
        atMs: 17_000,
        request: { method: 'INVITE', id: 'c1' },
        inputs: { outcome: 'no-response' },
        outcome: { action: 'send', leg: 'alternate', server: '10.0.0.2:5060;udp' },
      });
    }));

  test('RED-84 a call 5 s after that tries the primary first again (SEED, D-14)', () =>
    playCall({}, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.runTo(17);
      await hangUp(world);
      await world.runTo(22);
      await dial(world);
      await world.runTo(39);
      expect(world.sent('INVITE', { sinceS: 22 })).toEqual([...to('p', doubling, 22), ['a', 38]]);
      expect(routed(world).slice(3)).toEqual([
        [22, '6.4:both-usable', 'send', 'primary'],
        [38, '6.4:primary-failed/no-response', 'send', 'alternate'],
        [38, '6.5:pinned', 'pin', 'alternate'],
      ]);
    }));

  test('RED-85 X Primary Suspect Hold 60: the next call goes to A first, and a REGISTER asks P at once', () =>
    playCall({ lines: [dualLine({ xPrimarySuspectHold: 60 })] }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.runTo(17);
      await hangUp(world);
      await world.runTo(22);
      await dial(world);
      await world.runTo(23);
      expect(world.sent('INVITE', { sinceS: 22 })).toEqual([['a', 22]]);
      expect(world.sent('REGISTER', { sinceS: 16, untilS: 18 })[0]).toEqual(['p', 17]);
      expect(routed(world).at(-2)).toEqual([22, 'D-14:primary-suspect', 'send', 'alternate']);
    }));

  test('RED-92 a 503 of the primary: with an empty template the user sees 503, with 503 the alternate is tried (6.4, SPA118)', async () => {
    for (const tryBackupRsc of ['', '503']) {
      await playCall({ phone: { tryBackupRsc } }, async (world) => {
        world.p.answer('INVITE', 503);
        await dial(world);
        await world.run(1);
        expect(invites(world)).toEqual([['p', 1], ...(tryBackupRsc === '' ? [] : [['a', 1]])]);
        expect(routed(world)[1]).toEqual(
          tryBackupRsc === '' ? [1, '6.4:reject-is-final', 'deliver'] : [1, '6.4:primary-failed/rsc', 'send', 'alternate'],
        );
        expect(lastCall(world)).toMatchObject(
          tryBackupRsc === '' ? { state: 'ended', status: 503 } : { state: 'up', leg: 'alternate' },
        );
      });
    }
  });

  test('both fail: the last class is reported (6.4)', () =>
    playCall({}, async (world) => {
      for (const host of ['10.0.0.1', '10.0.0.2']) world.wire.silence(host);
      await dial(world);
      await world.run(40);
      expect(invites(world)).toEqual([...to('p', doubling, 1), ...to('a', doubling, 17)]);
      expect(routed(world).at(-1)).toEqual([33, '6.4:both-failed', 'deliver']);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'no-response' });
    }));
});

describe('9.4 a leg is not registered', () => {
  test('RED-83 without the primary: at the alternate at 0, no packet to the primary (SEED)', () =>
    playCall({ prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await dial(world);
      await world.run(1);
      expect(world.wire.find({ from: '10.0.0.9', to: '10.0.0.1', sinceMs: 1 })).toEqual([]);
      expect(invites(world)).toEqual([['a', 1]]);
      expect(routed(world)).toEqual([
        [1, '6.4:alternate-only', 'send', 'alternate'],
        [1, '6.5:pinned', 'pin', 'alternate'],
      ]);
    }));

  test('RED-86 neither, without Make Call Without Reg: refused locally, no packet (6.4)', () =>
    playCall({ prepare: noneRegisters }, async (world) => {
      await dial(world);
      await world.run(20);
      expect(world.wire.find({ from: '10.0.0.9', sinceMs: 1 })).toEqual([]);
      expect(routed(world)).toEqual([[1, '6.7:not-registered', 'refuse']]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 480, reason: 'not-registered' });
    }));

  test('RED-86 neither, with Make Call Without Reg: the primary, then the alternate (6.4)', () =>
    playCall({ lines: [dualLine({ makeCallWithoutReg: true })], prepare: noneRegisters }, async (world) => {
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(invites(world)).toEqual([...to('p', doubling, 1), ['a', 17]]);
      expect(routed(world).slice(0, 2)).toEqual([
        [1, '6.4:none-registered/mcwr', 'send', 'primary'],
        [17, '6.4:alternate-unregistered/no-response', 'send', 'alternate'],
      ]);
    }));

  const backAt30: WorldOptions = {
    phone: { retryRegRsc: '5??' },
    prepare: ({ p }) => p.answer('REGISTER', 503, { times: 1 }),
  };

  test('RED-90 a call up via the alternate, the primary recovers: BYE to the alternate, the next INVITE to the primary (AG12C)', () =>
    playCall(backAt30, async (world) => {
      await dial(world);
      await world.runTo(40);
      await hangUp(world);
      await world.run(1);
      await dial(world);
      await world.run(1);
      expect(world.sent('BYE')).toEqual([['a', 40]]);
      expect(invites(world)).toEqual([
        ['a', 1],
        ['p', 41],
      ]);
      expect(routed(world)).toEqual([
        [1, '6.4:alternate-only', 'send', 'alternate'],
        [1, '6.5:pinned', 'pin', 'alternate'],
        [41, '6.4:both-usable', 'send', 'primary'],
        [41, '6.5:pinned', 'pin', 'primary'],
      ]);
      expect(lineRoute(world)).toEqual([
        [0, '6.4:alternate-only', 'route-alternate'],
        [30, '6.4:primary-usable', 'route-primary'],
      ]);
    }));

  test('RED-91 the primary is back by its retry at 30: INVITE at 29 to the alternate, at 31 to the primary (SEED)', () =>
    playCall(backAt30, async (world) => {
      await world.runTo(29);
      await dial(world);
      await world.run(1);
      await hangUp(world);
      await world.runTo(31);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['a', 29],
        ['p', 31],
      ]);
      expect(routed(world).filter(([, , action]) => action === 'send')).toEqual([
        [29, '6.4:alternate-only', 'send', 'alternate'],
        [31, '6.4:both-usable', 'send', 'primary'],
      ]);
      expect(world.decisions().find(({ rule }) => rule === '5.4:short')?.next).toEqual({
        what: 'retry',
        leg: 'primary',
        atMs: 30_000,
      });
    }));
});
