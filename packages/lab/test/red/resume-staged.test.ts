import type { LineInput } from '@offhook/core';
import { createMemoryLineStore, type MemoryDisk } from '@offhook/core/testkit';
import { describe, expect, test } from 'vitest';
import { dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { attempts, lineRoute, play, registered } from './story.ts';

/* Section 5.1, D-46: with another configuration a power cut is a reboot; and what is left of facts that have aged. */

/** Facts are durable from the first instant: what the file store needs 100 ms for is its own test. */
function keepingStore(disk: MemoryDisk) {
  const store = createMemoryLineStore(disk);
  const save: typeof store.save = (...facts) => {
    store.save(...facts);
    void store.flush();
  };
  return { ...store, save };
}

/** Registered since 0, power cut at 100, boot at `bootS` with the staged lines. */
async function playCut(
  options: WorldOptions & {
    readonly bootS?: number;
    readonly staged?: readonly LineInput[];
    readonly beforeBoot?: (world: World) => void;
  },
  act: (world: World, disk: MemoryDisk) => void | Promise<void>,
): Promise<void> {
  const disk: MemoryDisk = new Map();
  await play({ store: keepingStore(disk), ...options }, async (world) => {
    await world.runTo(100);
    await world.powerCut();
    await world.runTo(options.bootS ?? 110);
    options.beforeBoot?.(world);
    await world.boot(options.staged);
    await world.run(1);
    await act(world, disk);
  });
}

const registers = (world: World, side: 'p' | 'a' = 'p') => world[side].seen({ method: 'REGISTER', repeated: false });
const callIds = (world: World, side: 'p' | 'a' = 'p'): number => new Set(registers(world, side).map(({ callId }) => callId)).size;

describe('a power cut with the same configuration', () => {
  test('goes on in both legs and asks nobody', () =>
    playCut({}, async (world) => {
      await world.runTo(2_700);
      expect([callIds(world, 'p'), callIds(world, 'a')]).toEqual([1, 1]);
      expect([registers(world, 'p').length, registers(world, 'a').length]).toEqual([2, 2]);
    }));

  test('goes on again after a second one, and a third: Call-ID and Contact are kept, CSeq climbs', async () => {
    const disk: MemoryDisk = new Map();
    await play({ store: keepingStore(disk) }, async (world) => {
      for (let n = 1; n <= 3; n++) {
        await world.run(10);
        await world.powerCut();
        await world.boot();
      }
      await world.runTo(2_900);
      const seen = registers(world);
      expect(callIds(world)).toBe(1);
      expect(new Set(seen.map(({ contact }) => contact)).size).toBe(1);
      // Above whatever any of the lives before may have sent.
      expect(seen.map(({ cseq }) => cseq)).toEqual([1, 2, 303, 304]);
    });
  });

  test('keeps the Contact in its facts when the first refresh after it fails', () =>
    playCut({}, async (world, disk) => {
      const before = disk.get('1001')?.get('primary');
      world.p.answer('REGISTER', 503);
      await world.runTo(2_800);
      expect(disk.get('1001')?.get('primary')).toEqual({ ...before, cseq: 103, refreshAtMs: 0 });
    }));
});

describe('a power cut with another configuration is a reboot', () => {
  const changes: readonly (readonly [string, LineInput, readonly LineInput[], string])[] = [
    ['another server', dualLine(), [dualLine({ proxy: '10.0.0.2', alternateProxy: '10.0.0.1' })], 'server'],
    ['another transport', dualLine(), [dualLine({ sipTransport: 'TCP' })], 'server'],
    ['one leg less', dualLine(), [singleLine()], 'leg'],
    [
      'another domain behind the same outbound proxy',
      dualLine({ outboundProxy: '10.0.0.1' }),
      [
        dualLine({
          proxy: '10.0.0.2',
          outboundProxy: '10.0.0.1',
          alternateProxy: '10.0.0.1',
          alternateOutboundProxy: '10.0.0.2',
        }),
      ],
      'aor',
    ],
  ];

  test.each(changes)('begins anew with a new Call-ID and says why: %s', (_, line, staged, what) =>
    playCut({ lines: [line], staged }, async (world) => {
      const cutMs = 100_000;
      const later = [...registers(world, 'p'), ...registers(world, 'a')].filter(({ atMs }) => atMs > cutMs);
      const earlier = [...registers(world, 'p'), ...registers(world, 'a')].filter(({ atMs }) => atMs <= cutMs);
      expect(later.length).toBeGreaterThanOrEqual(2);
      expect(later.some(({ callId }) => earlier.some((other) => other.callId === callId))).toBe(false);
      expect(Math.min(...later.map(({ cseq }) => cseq))).toBe(1);
      const reason = world.decisions().find(({ rule }) => rule === 'D-46:restart');
      expect(reason).toMatchObject({ about: 'line', inputs: { what }, outcome: { action: 'restart' } });
    }),
  );

  test('forgets the facts of a leg that is gone', () =>
    playCut({ staged: [singleLine()] }, (_, disk) => {
      expect([...(disk.get('1001')?.keys() ?? [])]).toEqual(['primary']);
    }));

  test('forgets all facts where the line registers no more', () =>
    playCut({ staged: [dualLine({ register: false })] }, (world, disk) => {
      expect([...(disk.get('1001')?.keys() ?? [])]).toEqual([]);
      expect(attempts(world).filter((atS) => atS > 100)).toEqual([]);
    }));

  test('takes no other change for one: a line resumes with a new password or display name', () =>
    playCut({ staged: [dualLine({ displayName: 'Reception' })] }, (world) => {
      expect(registered(world).at(-1)).toEqual([110, 'D-46:resume', 'registered']);
      expect(callIds(world)).toBe(1);
    }));
});

describe('facts that have aged', () => {
  test('a binding that is over is registered at once, with the same Call-ID and CSeq above', () =>
    playCut({ bootS: 5_000 }, (world) => {
      expect(registered(world).slice(-3)).toMatchObject([
        [5_000, 'D-46:no-binding', 'register'],
        [5_000, '6.1:reg.challenge', 'answer'],
        [5_000, '6.1:reg.ok', 'registered'],
      ]);
      expect(callIds(world)).toBe(1);
      expect(registers(world).map(({ cseq }) => cseq)).toEqual([1, 2, 103, 104]);
    }));

  test('a refresh that fell into the outage is made at once', () =>
    playCut({ bootS: 3_000 }, (world) => {
      expect(
        registered(world)
          .slice(-4)
          .map(([atS, rule]) => [atS, rule]),
      ).toEqual([
        [3_000, 'D-46:resume'],
        [3_000, '6.1:registered/clock.refresh'],
        [3_000, '6.1:reg.challenge'],
        [3_000, '6.1:reg.ok'],
      ]);
      expect(callIds(world)).toBe(1);
    }));

  test('the spread of the start also spreads those that must register at once', async () => {
    const lines = Array.from({ length: 40 }, (_, n) => dualLine({ userId: String(1_001 + n), sipTransport: 'TCP' }));
    await playCut({ lines, phone: { xInitialRegSpread: 20 }, bootS: 200 }, async (world) => {
      await world.runTo(230);
      const again = attempts(world).filter((atS) => atS >= 200);
      // A challenge and its answer each.
      expect(again).toHaveLength(80);
      expect(Math.max(...again)).toBeLessThanOrEqual(221);
      const perSecond = Array.from({ length: 20 }, (_, s) => again.filter((atS) => Math.floor(atS) === 200 + s).length);
      expect(Math.max(...perSecond)).toBeLessThan(20);
      expect(new Set(registers(world).map(({ callId }) => callId)).size).toBe(40);
    });
  });

  test('a spread start does not hold back a leg that goes on', () =>
    playCut({ phone: { xInitialRegSpread: 30 }, bootS: 150 }, (world) => {
      expect(registered(world).at(-1)).toEqual([150, 'D-46:resume', 'registered']);
    }));

  test('a binding whose stream is gone is reported lost at its end, should nobody answer', () =>
    playCut(
      { lines: [singleLine({ sipTransport: 'TCP' })], bootS: 200, beforeBoot: (world) => world.p.silence() },
      async (world, disk) => {
        expect(disk.get('1001')?.size).toBe(1);
        await world.runTo(3_590);
        expect(world.line().status().legs).toMatchObject([{ bound: true, usable: false }]);
        await world.runTo(3_610);
        const lost = registered(world).filter(([, rule]) => rule === '6.1:clock.expiry');
        expect(lost).toMatchObject([[3_600, '6.1:clock.expiry', 'lost']]);
        expect(disk.get('1001')?.size).toBe(0);
      },
    ));

  test('the line says that it goes on, and where', () =>
    playCut({}, (world) => {
      expect(lineRoute(world).slice(-1)).toEqual([[110, '6.4:primary-usable', 'route-primary']]);
    }));
});
