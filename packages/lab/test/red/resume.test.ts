import type { LineStore } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { singleLine } from '../../src/index.ts';
import { attempts, play, registered } from './story.ts';

/* Section 5.1: a restart begins anew (D-45), a resume goes on (D-46). */

type Stored = Awaited<ReturnType<LineStore['load']>>;

function createMapStore(): LineStore {
  const kept = new Map<string, Stored>();
  return {
    load: async (line) => ({ ...kept.get(line) }),
    save: (line, leg, facts) => void kept.set(line, { ...kept.get(line), [leg]: facts }),
    flush: async () => {},
    close: async () => {},
  };
}

describe('5.1 two ways to begin again', () => {
  test('after a power cut the binding goes on: same Call-ID, CSeq above, nothing before its time (D-46)', () =>
    play({ store: createMapStore() }, async (world) => {
      await world.run(100);
      await world.powerCut();
      await world.run(10);
      await world.boot();
      await world.runTo(2_800);
      // Nonces are not kept: the first REGISTER of the new life is challenged.
      expect(attempts(world)).toEqual([0, 0, 2_795.52, 2_795.52]);
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
      expect(seen.map(({ cseq }) => cseq)).toEqual([1, 2, 103, 104]);
      expect(registered(world).slice(3, 5)).toEqual([
        [110, 'D-46:resume', 'registered'],
        [2_795.52, '6.1:registered/clock.refresh', 'refresh'],
      ]);
    }));

  test('over TCP the connection is gone: it registers at once, with the same Call-ID (D-46, D-48)', () =>
    play({ lines: [singleLine({ sipTransport: 'TCP' })], store: createMapStore() }, async (world) => {
      await world.run(100);
      await world.powerCut();
      await world.run(10);
      await world.boot();
      await world.run(1);
      expect(attempts(world).slice(2)).toEqual([110, 110]);
      expect(new Set(world.p.seen({ method: 'REGISTER' }).map(({ callId }) => callId)).size).toBe(1);
      expect(registered(world).slice(3)).toEqual([
        [110, 'D-46:no-binding', 'register'],
        [110, '6.1:reg.challenge', 'answer'],
        [110, '6.1:reg.ok', 'registered'],
      ]);
    }));

  test('an ordered restart withdraws the binding and begins with a new Call-ID (D-45, D-43)', () =>
    play({ lines: [singleLine()] }, async (world) => {
      await world.run(100);
      await world.line().command('restart');
      await world.run(1);
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(seen.map(({ atMs, expiresS }) => [atMs / 1_000, expiresS])).toEqual([
        [0, 3_600],
        [0, 3_600],
        [100, 0],
        [100, 3_600],
      ]);
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(2);
      expect(registered(world).slice(3, 6)).toEqual([
        [100, '6.1:line.stop', 'unregister'],
        [100, '6.1:off', 'off'],
        [100, '6.1:line.start', 'register'],
      ]);
    }));

  test('a restart does not shorten what the server asked for with Retry-After (5.1, D-22)', () =>
    play(
      { lines: [singleLine()], prepare: ({ p }) => p.answer('REGISTER', 503, { retryAfterS: 120, times: 1 }) },
      async (world) => {
        await world.run(10);
        await world.line().command('restart');
        await world.runTo(121);
        expect(attempts(world)).toEqual([0, 120, 120]);
        expect(registered(world).slice(1, 5)).toEqual([
          [0, '5.4:retry-after', 'wait'],
          [10, '6.1:off', 'off'],
          [10, '5.1:not-before', 'wait'],
          [120, '6.1:waiting/clock.retry', 'register'],
        ]);
      },
    ));
});
