import { describe, expect, test } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { capped, dial, play, to } from './story.ts';
import { answers, callIds, dual, first, mailbox, rules, single, subscribes, voiceMailServer } from './subscription-story.ts';

/* Section 6.8: which server a subscription is at. */

describe('6.8 the route moves', () => {
  test('RED-93 SUBSCRIBE times out on P, A registered: one SUBSCRIBE to A (D-13)', () =>
    play(dual({ prepare: ({ p }) => p.silence('SUBSCRIBE') }), async (world) => {
      await world.runTo(40);
      expect(subscribes(world)).toEqual([...to('p', capped), ['a', 16]]);
      expect(rules(world)).toEqual([
        [0, '6.8:start'],
        [0, '6.4:primary-only'],
        [16, '6.4:primary-failed/no-response'],
      ]);
      expect(mailbox(world)).toMatchObject({ state: 'active', leg: 'alternate' });
    }));

  test('RED-93 of a refresh: the dialog stays where it was, one new SUBSCRIBE goes to A', () =>
    play(dual({ prepare: ({ p }) => p.mailboxes.grant(600) }), async (world) => {
      await world.runTo(455);
      world.p.silence('SUBSCRIBE');
      await world.runTo(500);
      expect(first(world, 1)).toEqual([
        ['p', 455.52],
        ['a', 471.52],
      ]);
      expect(callIds(world)).toBe(2);
    }));

  test('RED-94 an INVITE fell back to A: subscriptions are made anew on A, and the old one is forgotten (AG12C)', () =>
    play(dual(), async (world) => {
      await world.party('2000');
      await world.runTo(1);
      world.p.silence('INVITE');
      await dial(world);
      await world.runTo(18);
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 17],
      ]);
      expect(mailbox(world)).toMatchObject({ state: 'active', leg: 'alternate' });
      expect(rules(world, 1)).toEqual([[17, '6.8:moved']]);
      world.p.mailboxes.put('1001', 1, 0);
      await world.run(1);
      expect(answers(world, 17.5)).toEqual([481]);
      world.a.mailboxes.put('1001', 3, 0);
      await world.run(1);
      expect(mailbox(world)?.messages?.voice?.new).toBe(3);
    }));

  test('RED-156 they return with the next INVITE that succeeds on P', () =>
    play(dual(), async (world) => {
      await world.party('2000');
      await world.runTo(1);
      world.p.silence('INVITE');
      await dial(world);
      await world.runTo(20);
      await world.line().command('hangup');
      world.p.clear();
      await dial(world);
      await world.runTo(22);
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 17],
        ['p', 20],
      ]);
      expect(callIds(world)).toBe(3);
    }));

  test('RED-156 or when the leg of P registers again', () =>
    play(dual({ registrars: { grantS: 100 } }), async (world) => {
      await world.party('2000');
      await world.runTo(1);
      world.p.silence('INVITE');
      await dial(world);
      await world.runTo(70);
      expect(world.sent('REGISTER', { sinceS: 60 }).map(([side]) => side)).toContain('p');
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 17],
        ['p', 65.52],
      ]);
    }));

  test('RED-156 P fails to register: new dialogs on A at once, and on P when it is back', () =>
    play(dual({ registrars: { grantS: 100 }, phone: { regRetryIntvl: 30 } }), async (world) => {
      await world.runTo(60);
      world.wire.silence('10.0.0.1');
      await world.runTo(100);
      world.wire.heal();
      await world.runTo(120);
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 81.52],
        ['p', 111.52],
      ]);
      expect(mailbox(world)).toMatchObject({ state: 'active', leg: 'primary' });
    }));

  test('a new subscription that fails at the new server is asked for again after Sub Retry Intvl (6.8)', () =>
    play(dual({ prepare: ({ a }) => a.answer('SUBSCRIBE', 500, { times: 1 }) }), async (world) => {
      await world.party('2000');
      await world.runTo(1);
      world.p.silence('INVITE');
      await dial(world);
      await world.runTo(30);
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 17],
        ['p', 27],
      ]);
    }));

  test('X Resubscribe On Move = No: they stay until a refresh fails', () =>
    play(
      dual({
        lines: [dualLine({ voiceMailServer, xResubscribeOnMove: false })],
        registrars: { grantS: 100 },
        prepare: ({ p, a }) => {
          p.mailboxes.grant(300);
          a.mailboxes.grant(3_000);
        },
      }),
      async (world) => {
        await world.runTo(60);
        world.wire.silence('10.0.0.1');
        await world.runTo(260);
        expect(first(world)).toEqual([
          ['p', 0],
          ['p', 221.52],
          ['a', 237.52],
        ]);
      },
    ));

  test('nothing is registered: nobody is asked until a leg is back', () =>
    play(single({ phone: { regRetryIntvl: 30 }, registrars: { grantS: 100 } }), async (world) => {
      await world.runTo(1);
      world.p.mailboxes.forget();
      world.wire.silence('10.0.0.1');
      await world.runTo(250);
      const before = first(world).length;
      world.wire.heal();
      await world.runTo(300);
      expect(first(world).length).toBe(before);
      expect(mailbox(world)?.state).toBe('active');
    }));
});
