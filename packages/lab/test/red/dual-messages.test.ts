import { describe, expect, test } from 'vitest';
import type { WorldOptions } from '../../src/index.ts';
import { capped, play, playCall, routed, text, to } from './story.ts';

/* Table 6.4, column of out-of-dialog requests other than INVITE, with MESSAGE. The request begins at 1 s. */

const both = [1, '6.4:both-usable', 'send', 'primary'];
const messages = (world: Parameters<typeof text>[0]) => world.sent('MESSAGE');

describe('9.4 a MESSAGE between primary and alternate', () => {
  test('RED-93 (MESSAGE for SUBSCRIBE) timed out on the primary: once on the alternate, the same request (D-13, D-21, D-47)', () =>
    playCall({}, async (world) => {
      world.wire.silence('10.0.0.1');
      expect(await world.until(text(world))).toMatchObject({ ok: true, status: 200, leg: 'alternate' });
      await world.run(40);
      expect(messages(world)).toEqual([...to('p', capped, 1), ['a', 17]]);
      expect(routed(world)).toEqual([both, [17, '6.4:primary-failed/no-response', 'send', 'alternate']]);
      const [toP] = world.wire.requests({ to: '10.0.0.1', method: 'MESSAGE' });
      const [toA] = world.wire.requests({ to: '10.0.0.2', method: 'MESSAGE', from: '10.0.0.9' });
      const identity = (packet: typeof toP): unknown => [
        packet?.message.callId,
        packet?.message.from.params.get('tag'),
        packet?.message.from.uri,
        packet?.message.cseq.number,
      ];
      expect(identity(toA)).toEqual(identity(toP));
      expect(toA?.message.via.branch).not.toBe(toP?.message.via.branch);
      expect([toP?.message.uri, toA?.message.uri]).toEqual(['sip:2000@10.0.0.1', 'sip:2000@10.0.0.2']);
    }));

  test('without the primary: to the alternate at once, no packet to the primary (6.4)', () =>
    playCall({ prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await world.until(text(world));
      expect(messages(world)).toEqual([['a', 1]]);
      expect(world.wire.find({ from: '10.0.0.9', to: '10.0.0.1', sinceMs: 1 })).toEqual([]);
      expect(routed(world)).toEqual([[1, '6.4:alternate-only', 'send', 'alternate']]);
    }));

  test('RED-36 an ICMP refusal moves it within the instant (D-18)', () =>
    playCall({}, async (world) => {
      world.wire.refuse('10.0.0.1');
      await world.until(text(world));
      expect(messages(world)).toEqual([
        ['p', 1],
        ['a', 1],
      ]);
      expect(routed(world)).toEqual([both, [1, '6.4:primary-failed/transport', 'send', 'alternate']]);
    }));

  test.each([
    ['RED-92 a 503 with an empty template is delivered (6.4, D-01)', '', [['p', 1]], [1, '6.4:reject-is-final', 'deliver']],
    [
      'RED-92 a 503 with 503 goes to the alternate (6.4)',
      '503',
      [
        ['p', 1],
        ['a', 1],
      ],
      [1, '6.4:primary-failed/rsc', 'send', 'alternate'],
    ],
  ])('%s', (_name, tryBackupRsc, sent, decided) =>
    playCall({ phone: { tryBackupRsc } }, async (world) => {
      world.p.answer('MESSAGE', 503);
      await world.until(text(world));
      expect(messages(world)).toEqual(sent);
      expect(routed(world)).toEqual([both, decided]);
    }),
  );

  test('a challenge is answered at the server that sent it (5.8, D-44)', () =>
    playCall({ registrars: { inviteAuth: true } }, async (world) => {
      expect(await world.until(text(world))).toMatchObject({ ok: true });
      expect(messages(world)).toEqual([
        ['p', 1],
        ['p', 1],
      ]);
      expect(routed(world)).toEqual([both, [1, '5.8:challenge', 'answer', 'primary']]);
    }));

  test('both failed: the last failure is reported (6.4)', () =>
    playCall({}, async (world) => {
      for (const host of ['10.0.0.1', '10.0.0.2']) world.wire.silence(host);
      expect(await world.until(text(world))).toEqual({ ok: false, reason: 'no-response' });
      expect(messages(world)).toEqual([...to('p', capped, 1), ...to('a', capped, 17)]);
      expect(routed(world).at(-1)).toEqual([33, '6.4:both-failed', 'deliver']);
    }));
});

describe('6.4 nothing is registered', () => {
  const refused: WorldOptions = {
    phone: { retryRegRsc: '5??', regRetryIntvl: 20 },
    prepare: ({ p, a }) => {
      for (const each of [p, a]) each.answer('REGISTER', 503);
    },
  };

  test('16 requests wait for a registration, the 17th is refused; all leave when a leg registers', () =>
    playCall(refused, async (world) => {
      const results = Array.from({ length: 17 }, () => text(world));
      expect(await world.until(results[16] as Promise<unknown>)).toMatchObject({ ok: false, status: 480, reason: 'queue-full' });
      world.a.clear();
      expect(await world.until(results[0] as Promise<unknown>)).toMatchObject({ ok: true, leg: 'alternate' });
      await world.until(Promise.all(results));
      expect(messages(world)).toEqual(
        to(
          'a',
          Array.from({ length: 16 }, () => 20),
        ),
      );
      const queued = Array.from({ length: 17 }, () => [1, '6.4:none-registered/queue', 'queue']);
      const released = Array.from({ length: 16 }, () => [20, '6.4:alternate-only', 'send', 'alternate']);
      expect(routed(world)).toEqual([...queued, [1, '6.4:queue-full', 'refuse'], ...released]);
    }));

  test('one that waited 32 s gets a local 480 and never leaves', () =>
    play(
      {
        prepare: ({ wire }) => {
          for (const host of ['10.0.0.1', '10.0.0.2']) wire.silence(host);
        },
      },
      async (world) => {
        await world.runTo(1);
        expect(await world.until(text(world))).toMatchObject({ ok: false, status: 480, reason: 'not-registered' });
        expect(messages(world)).toEqual([]);
        expect(routed(world)).toEqual([
          [1, '6.4:none-registered/queue', 'queue'],
          [33, '6.4:not-registered', 'refuse'],
        ]);
      },
    ));
});
