import { describe, expect, test } from 'vitest';
import { createWorld, dualLine } from '../../src/index.ts';
import { dial, invites, lastCall, play, playCall, routed } from './story.ts';

/* Section 9.2, status codes (5.3, 5.8), dual reading. The call begins at 1 s. */

const both = [1, '6.4:both-usable', 'send', 'primary'];
const toBoth = [
  ['p', 1],
  ['a', 1],
];
const moved = [1, '6.4:primary-failed/rsc', 'send', 'alternate'];
const pinned = (leg: string) => [1, '6.5:pinned', 'pin', leg];
const final = [1, '6.4:reject-is-final', 'deliver'];

describe('9.2 failover by status code', () => {
  test('RED-39 a 503 with an empty Try Backup RSC: the call fails with 503 (D-01)', () =>
    playCall({}, async (world) => {
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(20);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(routed(world)).toEqual([both, final]);
      expect(world.decisions().at(-1)).toMatchObject({ inputs: { outcome: 'reject', code: 503 }, outcome: { status: 503 } });
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 503 });
    }));

  test('RED-40 a 503 with 5??: the same INVITE with a new branch at the alternate, ACK to the primary (SEED, D-21)', () =>
    playCall({ phone: { tryBackupRsc: '5??' } }, async (world) => {
      world.p.answer('INVITE', 503);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual(toBoth);
      const [toP, toA] = world.wire.requests({ from: '10.0.0.9', method: 'INVITE' }).map(({ message }) => message);
      const identity = (invite: typeof toP): unknown => [
        invite?.callId,
        invite?.from.params.get('tag'),
        invite?.cseq.number,
        invite?.to.params.get('tag'),
      ];
      expect(identity(toA)).toEqual(identity(toP));
      expect(toA?.via.branch).not.toBe(toP?.via.branch);
      const [ack] = world.wire.requests({ from: '10.0.0.9', to: '10.0.0.1', method: 'ACK' });
      expect([ack?.atMs, ack?.message.via.branch]).toEqual([1_000, toP?.via.branch]);
      expect(routed(world)).toEqual([both, moved, pinned('alternate')]);
    }));

  test('RED-41 a 486 with 5??,6??: busy to the user (RSC88)', () =>
    playCall({ phone: { tryBackupRsc: '5??,6??' } }, async (world) => {
      world.p.answer('INVITE', 486);
      await dial(world);
      await world.run(20);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(routed(world)).toEqual([both, final]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 486 });
    }));

  test('RED-42 a 603 with 5??,6??: at the alternate (RSC88)', () =>
    playCall({ phone: { tryBackupRsc: '5??,6??' } }, async (world) => {
      world.p.answer('INVITE', 603);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual(toBoth);
      expect(routed(world)).toEqual([both, moved, pinned('alternate')]);
    }));

  test('RED-43 a 407 that can be answered, with 4??: answered at the primary (5.3, D-44)', () =>
    playCall({ phone: { tryBackupRsc: '4??' }, registrars: { inviteAuth: true } }, async (world) => {
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['p', 1],
      ]);
      const [first, second] = world.wire.requests({ from: '10.0.0.9', method: 'INVITE' }).map(({ message }) => message);
      expect([first?.header('Proxy-Authorization'), second?.header('Proxy-Authorization')]).toEqual([
        undefined,
        expect.stringContaining('realm="world-p"'),
      ]);
      expect([second?.callId, second?.cseq.number]).toEqual([first?.callId, (first?.cseq.number ?? 0) + 1]);
      expect(routed(world)).toEqual([both, [1, '5.8:challenge', 'answer', 'primary'], pinned('primary')]);
    }));

  test('RED-44 a 407 three times, Max Auth 2, with 407: the third goes to the alternate (5.3)', () =>
    playCall({ phone: { tryBackupRsc: '407', maxAuth: 2 } }, async (world) => {
      world.p.answer('INVITE', 407);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual([
        ['p', 1],
        ['p', 1],
        ['p', 1],
        ['a', 1],
      ]);
      expect(routed(world)).toEqual([
        both,
        [1, '5.8:challenge', 'answer', 'primary'],
        [1, '5.8:challenge', 'answer', 'primary'],
        moved,
        pinned('alternate'),
      ]);
    }));

  test('RED-56 BT,5?? forces Auto Register When Failover with a warning; 500 moves, BT matches nothing (SPA118, D-17)', () =>
    playCall({ lines: [dualLine({ autoRegisterWhenFailover: false })], phone: { tryBackupRsc: 'BT,5??' } }, async (world) => {
      const { findings } = world.line().status();
      expect(findings).toContainEqual(expect.objectContaining({ code: 'rsc.bt-deprecated', severity: 'warning' }));
      world.p.answer('INVITE', 500);
      await dial(world);
      await world.run(1);
      expect(invites(world)).toEqual(toBoth);
      await world.line().command('hangup');
      world.p.answer('INVITE', 403);
      await dial(world);
      await world.run(1);
      expect(invites(world).slice(2)).toEqual([['p', 2]]);
      expect(routed(world)).toEqual([
        both,
        moved,
        pinned('alternate'),
        [2, '6.4:both-usable', 'send', 'primary'],
        [2, '6.4:reject-is-final', 'deliver'],
      ]);
    }));
});

/** Template, codes that move the call, codes that do not. 302 comes without a Contact: nothing there to follow. */
const templates: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['5??', [500, 503, 599], [600]],
  ['5*', [500], [600]],
  ['404, 5*', [404, 500], [403]],
  ['61?', [610, 619], [600]],
  ['407, 408, 487, 481', [408, 487, 481], [409, 486]],
  ['*', [302, 404, 503, 603], []],
  ['?03', [403, 503, 603], [404]],
  ['', [], [404, 503]],
  ['5', [], [500, 503]],
  ['5??,6??', [500, 699], [486]],
];

describe('9.2 RED-59 response code templates (AG113 p. 115, RSC88)', () => {
  test.each(templates)('RED-59 %j moves on %j and stays on %j', (tryBackupRsc, moving, staying) =>
    play({ phone: { tryBackupRsc } }, async (world) => {
      await world.party('2000');
      for (const [number, status] of [...moving, ...staying].entries()) {
        const atS = 1 + number;
        await world.runTo(atS);
        world.p.answer('INVITE', status, { times: 1 });
        await dial(world);
        const moves = moving.includes(status);
        expect(world.sent('INVITE', { sinceS: atS })).toEqual([['p', atS], ...(moves ? [['a', atS]] : [])]);
        expect(routed(world).filter(([at, rule]) => at === atS && /failed|reject/.test(rule))).toEqual([
          [
            atS,
            moves ? '6.4:primary-failed/rsc' : '6.4:reject-is-final',
            moves ? 'send' : 'deliver',
            ...(moves ? ['alternate'] : []),
          ],
        ]);
        if (moves) await world.line().command('hangup');
      }
    }),
  );

  test('a template with a bad token keeps the others, and says so (3.11)', async () => {
    const world = await createWorld({ phone: { tryBackupRsc: '5??,x7' } });
    expect(world.line().status().findings).toContainEqual(expect.objectContaining({ severity: 'error', seen: 'x7' }));
    await world.party('2000');
    await world.runTo(1);
    world.p.answer('INVITE', 503);
    await dial(world);
    await world.run(1);
    expect(invites(world)).toEqual(toBoth);
    await world.line().command('hangup');
    await world.run(40);
    await world.stop();
  });
});
