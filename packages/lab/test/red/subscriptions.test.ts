import { describe, expect, test } from 'vitest';
import { singleLine } from '../../src/index.ts';
import { dial, play } from './story.ts';
import {
  answers,
  callIds,
  dual,
  field,
  first,
  mailbox,
  mwi,
  rules,
  single,
  subscribes,
  voiceMailServer,
} from './subscription-story.ts';

/* RFC 6665 and section 6.8 with the one subscription a line has: message-summary (RFC 3842). It begins when the line is registered, at 0 s. */

describe('a subscription to messages waiting', () => {
  test('begins when the line is registered, says what RFC 3842 wants, and tells what waits', () =>
    play(single(), async (world) => {
      await world.runTo(1);
      const [request] = world.wire.requests({ from: '10.0.0.9', method: 'SUBSCRIBE' });
      expect(request?.message.uri).toBe('sip:1001@10.0.0.1');
      expect(['Event', 'Accept', 'Expires'].map((name) => request?.message.header(name))).toEqual([
        'message-summary',
        'application/simple-message-summary',
        '86400',
      ]);
      expect(mailbox(world)).toMatchObject({ event: 'message-summary', state: 'active', leg: 'primary' });
      world.p.mailboxes.put('1001', 2, 8);
      await world.run(1);
      expect(mailbox(world)?.messages).toEqual({ waiting: true, voice: { new: 2, old: 8, urgentNew: 0, urgentOld: 0 } });
      expect(mwi(world).map(([atS, waiting]) => [atS, waiting])).toEqual([
        [0, false],
        [1, true],
      ]);
      expect(answers(world)).toEqual([200, 200]);
    }));

  test.each([
    ['no server is named', singleLine()],
    ['Voice Mail Enable is No', singleLine({ voiceMailServer, voiceMailEnable: false })],
    ['the line never registers', singleLine({ voiceMailServer, password: 'wrong' })],
  ])('there is none when %s', (_when, line) =>
    play({ lines: [line] }, async (world) => {
      await world.runTo(100);
      expect(subscribes(world)).toEqual([]);
    }),
  );

  test('a challenge is answered at the server that sent it (5.8, D-44)', () =>
    play(single({ registrars: { inviteAuth: true } }), async (world) => {
      await world.runTo(1);
      expect(first(world)).toEqual([
        ['p', 0],
        ['p', 0],
      ]);
      expect(mailbox(world)?.state).toBe('active');
    }));

  test('is refreshed in its dialog before it expires: granted 600, at (600 - 16) * 0.78 (5.5, RFC 6665 4.1.2.2)', () =>
    play(single({ prepare: ({ p }) => p.mailboxes.grant(600) }), async (world) => {
      await world.runTo(460);
      expect(first(world)).toEqual([
        ['p', 0],
        ['p', 455.52],
      ]);
      expect(callIds(world)).toBe(1);
      const [, refresh] = world.wire.requests({ from: '10.0.0.9', method: 'SUBSCRIBE' });
      expect(refresh?.message.uri).toBe('sip:mailbox@10.0.0.1:5060');
      expect(refresh?.message.to.params.get('tag')).toBeDefined();
      expect(refresh?.message.cseq.number).toBe(2);
    }));

  test('Sub Max Expires and Sub Min Expires clamp what is granted (C-10)', async () => {
    await play(single({ phone: { subMaxExpires: 100 } }), async (world) => {
      await world.runTo(70);
      expect(first(world)).toEqual([
        ['p', 0],
        ['p', 65.52],
      ]);
    });
    await play(single({ phone: { subMinExpires: 20 }, prepare: ({ p }) => p.mailboxes.grant(2) }), async (world) => {
      await world.runTo(9);
      expect(first(world)).toEqual([['p', 0]]);
      await world.runTo(11);
      expect(first(world)[1]).toEqual(['p', 10]);
    });
  });

  test('a 423 raises the lifetime asked for, once', () =>
    play(
      single({
        lines: [singleLine({ voiceMailServer, voiceMailSubscribeInterval: 60 })],
        prepare: ({ p }) => p.answer('SUBSCRIBE', 423, { headers: [['Min-Expires', '900']], times: 3 }),
      }),
      async (world) => {
        await world.runTo(11);
        expect(first(world)).toEqual([
          ['p', 0],
          ['p', 0],
          ['p', 10],
        ]);
        expect(field(world, 'Expires')).toEqual(['60', '900', '900']);
      },
    ));

  test('489 Bad Event: the server does not know it, and is not asked again until the line registers anew', () =>
    play(single({ prepare: ({ p }) => p.answer('SUBSCRIBE', 489) }), async (world) => {
      await world.runTo(200);
      expect(first(world)).toEqual([['p', 0]]);
      expect(mailbox(world)?.state).toBe('ended');
    }));

  test('a refusal waits Sub Retry Intvl, or as long as the server says (6.8)', () =>
    play(
      single({
        prepare: ({ p }) => {
          p.answer('SUBSCRIBE', 503, { retryAfterS: 25, times: 1 });
          p.answer('SUBSCRIBE', 500, { times: 1 });
        },
      }),
      async (world) => {
        await world.runTo(40);
        expect(first(world)).toEqual([
          ['p', 0],
          ['p', 10],
          ['p', 35],
        ]);
        expect(callIds(world)).toBe(3);
      },
    ));

  test('Timer N: a 2xx without NOTIFY for 64*T1 is no subscription (RFC 6665 4.1.2.4)', () =>
    play(single({ prepare: ({ p }) => p.mailboxes.notifies('never') }), async (world) => {
      await world.runTo(31);
      expect(mailbox(world)?.state).toBe('pending');
      await world.runTo(33);
      expect(mailbox(world)?.state).toBe('retrying');
      world.p.mailboxes.notifies('after');
      await world.runTo(43);
      expect(first(world)).toEqual([
        ['p', 0],
        ['p', 42],
      ]);
      expect(mailbox(world)?.state).toBe('active');
      expect(rules(world).map(([, rule]) => rule)).toContain('6.8:clock.notify');
    }));

  test('a NOTIFY may come before the 2xx', () =>
    play(single({ prepare: ({ p }) => p.mailboxes.notifies('before') }), async (world) => {
      await world.runTo(40);
      expect(mailbox(world)?.state).toBe('active');
      expect([answers(world), callIds(world)]).toEqual([[200], 1]);
    }));

  test.each([
    ['Yes: the outbound proxy', true, 'a'],
    ['No: what the dialog names', false, 'p'],
  ])('a refresh goes the way of its dialog, Use OB Proxy In Dialog = %s (6.5, RED-123)', (_name, useObProxyInDialog, side) =>
    play({ lines: [singleLine({ voiceMailServer, outboundProxy: '10.0.0.2', useObProxyInDialog })] }, async (world) => {
      world.a.mailboxes.grant(600);
      world.a.mailboxes.send({ contact: 'sip:mailbox@10.0.0.1:5060' });
      await world.runTo(400);
      const [toFirst] = first(world);
      expect(toFirst).toEqual(['a', 0]);
      world.a.mailboxes.send({ contact: 'sip:mailbox@10.0.0.1:5060', state: 'active;expires=60' });
      await world.runTo(435);
      expect(first(world)[1]).toEqual([side, 434.32]);
    }),
  );

  test('481 to a refresh: the dialog is gone, a new one is begun at once (RFC 6665 4.1.2.2)', () =>
    play(single({ prepare: ({ p }) => p.mailboxes.grant(600) }), async (world) => {
      await world.runTo(1);
      world.p.mailboxes.forget();
      await world.runTo(456);
      expect(first(world)).toEqual([
        ['p', 0],
        ['p', 455.52],
        ['p', 455.52],
      ]);
      expect(callIds(world)).toBe(2);
      expect(mailbox(world)?.state).toBe('active');
    }));

  test('a refresh that is refused for the moment leaves the subscription in force until it expires', () =>
    play(single({ prepare: ({ p }) => p.mailboxes.grant(600) }), async (world) => {
      await world.runTo(1);
      world.p.answer('SUBSCRIBE', 500, { times: 2 });
      await world.runTo(460);
      expect(mailbox(world)?.state).toBe('active');
      await world.runTo(480);
      expect(first(world).map(([, atS]) => atS)).toEqual([0, 455.52, 465.52, 475.52]);
      expect(callIds(world)).toBe(1);
    }));
});

describe('the server ends it (RFC 6665 4.1.3)', () => {
  test.each([
    ['deactivated: at once', ';reason=deactivated', [20], 'active'],
    ['timeout: at once', ';reason=timeout', [20], 'active'],
    ['probation: after its retry-after', ';reason=probation;retry-after=30', [50], 'active'],
    ['giveup: after Sub Retry Intvl', ';reason=giveup', [30], 'active'],
    ['no reason: after Sub Retry Intvl', '', [30], 'active'],
    ['rejected: never by itself', ';reason=rejected', [], 'ended'],
    ['noresource: never by itself', ';reason=noresource', [], 'ended'],
  ])('%s', (_name, ending, again, state) =>
    play(single(), async (world) => {
      await world.runTo(20);
      world.p.mailboxes.terminate(ending);
      await world.runTo(100);
      expect(first(world, 1)).toEqual(again.map((atS) => ['p', atS]));
      expect(mailbox(world)?.state).toBe(state);
      expect(answers(world).every((status) => status === 200)).toBe(true);
    }),
  );

  test('a server that accepts and ends for ever is asked once in Sub Retry Intvl', () =>
    play(single({ prepare: ({ p }) => p.mailboxes.notifies('never') }), async (world) => {
      const timer = setInterval(() => world.p.mailboxes.terminate(';reason=deactivated'), 100);
      await world.runTo(50);
      clearInterval(timer);
      expect(first(world).length).toBeLessThanOrEqual(6);
      world.p.mailboxes.notifies('after');
    }));
});

describe('what a NOTIFY may not say', () => {
  test.each([
    ['another event', { event: 'presence' }, 489],
    ['no Subscription-State', { state: '' }, 400],
    ['a body of another type', { type: 'text/plain' }, 415],
    ['a body that is none', { body: '\u0000\u0001 Messages?' }, 400],
    ['a CSeq of the past', { cseq: 0 }, 500],
    ['the tag of another fork', { fromTag: 'stranger' }, 481],
    ['a Call-ID nobody knows', { callId: 'made-up' }, 481],
  ])('%s is refused and changes nothing', (_what, draft, status) =>
    play(single(), async (world) => {
      await world.runTo(1);
      const before = mailbox(world);
      world.p.mailboxes.send(draft);
      await world.run(1);
      expect(answers(world, 0.5)).toEqual([status]);
      expect(mailbox(world)).toEqual(before);
      world.p.mailboxes.put('1001', 1, 0);
      await world.run(1);
      expect(mailbox(world)?.messages?.waiting).toBe(true);
    }),
  );

  test('a body is optional, and a state nobody knows keeps the subscription', () =>
    play(single(), async (world) => {
      await world.runTo(1);
      world.p.mailboxes.send({ body: '', state: 'sleeping;expires=600' });
      await world.run(1);
      expect(answers(world)).toEqual([200, 200]);
      expect(mailbox(world)?.state).toBe('pending');
      expect(mailbox(world)?.messages?.waiting).toBe(false);
    }));
});

describe('the line ends', () => {
  test('a stop unsubscribes in the dialog and answers the last NOTIFY; nothing is left behind', () =>
    play(dual(), async (world) => {
      await world.runTo(5);
      await world.line().command('restart');
      await world.runTo(6);
      const sent = world.wire.requests({ from: '10.0.0.9', method: 'SUBSCRIBE' });
      expect(sent.map(({ message }) => message.header('Expires'))).toEqual(['86400', '0', '86400']);
      expect(sent[1]?.message.callId).toBe(sent[0]?.message.callId);
      expect(world.p.mailboxes.list()).toHaveLength(1);
      expect(answers(world)).toEqual([200, 200, 200]);
      expect(mailbox(world)?.state).toBe('active');
    }));

  test('a power cut says nothing, and the next life subscribes anew', () =>
    play(single(), async (world) => {
      await world.runTo(5);
      await world.powerCut();
      await world.boot();
      await world.runTo(6);
      expect(first(world)).toEqual([
        ['p', 0],
        ['p', 5],
      ]);
    }));

  test('edge and lines as two runtimes: the same story', () =>
    play(dual({ split: true }), async (world) => {
      await world.party('2000');
      await world.runTo(1);
      world.p.silence('INVITE');
      await dial(world);
      await world.runTo(18);
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 17],
      ]);
    }));
});
