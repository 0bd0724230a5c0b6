import { describe, expect, test } from 'vitest';
import type { WorldOptions } from '../../src/index.ts';
import { capped, play, playCall, routed, text, to } from './story.ts';

/* Table 6.4, column of out-of-dialog requests other than INVITE, with MESSAGE. The request begins at 1 s. */

const both = [1, '6.4:both-usable', 'send', 'primary'];
const messages = (world: Parameters<typeof text>[0]) => world.sent('MESSAGE');

describe('9.4 a MESSAGE between primary and alternate', () => {
  test('without the primary: to the alternate at once, no packet to the primary (6.4)', () =>
    playCall({ prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await world.until(text(world));
      expect(messages(world)).toEqual([['a', 1]]);
      expect(world.wire.find({ from: '10.0.0.9', to: '10.0.0.1', sinceMs: 1 })).toEqual([]);
      expect(routed(world)).toEqual([[1, '6.4:alternate-only', 'send', 'alternate']]);
    }));

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
