import { describe, expect, test } from 'vitest';
import { lendGlobalTimers } from './global-timers.ts';
import { createRandom } from './random.ts';
import { createVirtualAmbient } from './virtual-ambient.ts';

describe('virtual time', () => {
  test('fires timers by instant, then in the order they were armed', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const seen: string[] = [];
    const arm = (name: string, delayMs: number) => ambient.setTimer(() => seen.push(`${name}@${ambient.now()}`), delayMs);
    arm('late', 20);
    arm('first', 10);
    arm('second', 10);
    arm('half', 0.5);
    await ambient.run(20);
    expect(seen).toEqual(['half@0.5', 'first@10', 'second@10', 'late@20']);
    expect(ambient.now()).toBe(20);
  });

  test('keeps exact order over thousands of random timers, a third of them cleared', async () => {
    const ambient = createVirtualAmbient({ seed: 'heap' });
    const random = createRandom('delays');
    const fired: number[] = [];
    let alive = 0;
    for (let i = 0; i < 5_000; i++) {
      const timer = ambient.setTimer(() => fired.push(ambient.now()), Math.floor(random() * 1_000));
      if (i % 3 === 0) ambient.clearTimer(timer);
      else alive++;
    }
    expect(ambient.pendingTimers).toBe(alive);
    await ambient.runToRest();
    expect(fired).toHaveLength(alive);
    expect(fired).toEqual([...fired].sort((a, b) => a - b));
  });

  test('stops before timers that are due later', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    let fired = 0;
    ambient.setTimer(() => fired++, 100);
    await ambient.runFor(99.999);
    expect([fired, ambient.pendingTimers, ambient.pendingInstants()]).toEqual([0, 1, [100]]);
    await ambient.runFor(0.001);
    expect([fired, ambient.pendingTimers]).toEqual([1, 0]);
  });

  test('begins at the given instant', async () => {
    const ambient = createVirtualAmbient({ seed: 1, startMs: 1_700_000_000_000 });
    await ambient.runFor(2_795_520);
    expect(ambient.now()).toBe(1_700_002_795_520);
  });

  test('runs deferred tasks first in first out at the same instant, never inside the caller', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const seen: string[] = [];
    ambient.setTimer(() => {
      ambient.defer(() => {
        seen.push('a');
        ambient.defer(() => seen.push(`c@${ambient.now()}`));
      });
      ambient.defer(() => seen.push('b'));
      seen.push('caller');
    }, 5);
    ambient.setTimer(() => seen.push('next timer'), 5);
    await ambient.run(5);
    expect(seen).toEqual(['caller', 'a', 'b', 'c@5', 'next timer']);
  });

  test('lets promises settle before time moves on', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const seen: string[] = [];
    const story = async (): Promise<void> => {
      await new Promise<void>((resolve) => ambient.setTimer(resolve, 10));
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push(`settled@${ambient.now()}`);
      await new Promise<void>((resolve) => ambient.defer(resolve));
      seen.push(`deferred@${ambient.now()}`);
      ambient.setTimer(() => seen.push(`timer@${ambient.now()}`), 0);
    };
    void story();
    ambient.setTimer(() => seen.push('eleven'), 11);
    await ambient.run(100);
    expect(seen).toEqual(['settled@10', 'deferred@10', 'timer@10', 'eleven']);
  });

  test('ignores a timer that was cleared twice, fired or never set', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const timer = ambient.setTimer(() => {}, 1);
    await ambient.run(1);
    ambient.clearTimer(timer);
    ambient.clearTimer(timer);
    ambient.clearTimer(undefined);
    expect(ambient.pendingTimers).toBe(0);
  });

  test('names the instant at which time stands still', async () => {
    const ambient = createVirtualAmbient({ seed: 1, maxTasksPerInstant: 100 });
    const again = (): void => ambient.defer(again);
    ambient.setTimer(again, 7);
    await expect(ambient.run(10)).rejects.toThrow(/more than 100 tasks ran at 7 ms/);
  });

  test('rejects with what a task threw and can go on', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    let fired = false;
    ambient.setTimer(() => {
      throw new Error('boom');
    }, 1);
    ambient.setTimer(() => {
      fired = true;
    }, 2);
    await expect(ambient.run(5)).rejects.toThrow('boom');
    await ambient.run(5);
    expect(fired).toBe(true);
  });

  test('refuses to run twice at once', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const first = ambient.run(1);
    await expect(ambient.run(1)).rejects.toThrow(/already running/);
    await first;
  });

  test('complains of a world that never comes to rest', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const tick = (): void => void ambient.setTimer(tick, 1_000);
    tick();
    await expect(ambient.runToRest(60_000)).rejects.toThrow(/no rest after 60000 ms.*1 timers/);
  });

  test('captures the log with its instants', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    ambient.setTimer(() => ambient.log.warn('something odd', { status: 503 }), 3);
    await ambient.run(3);
    expect(ambient.logs).toEqual([{ atMs: 3, level: 'warn', message: 'something odd', fields: { status: 503 } }]);
  });
});

describe('seeded randomness', () => {
  const draw = (seed: string | number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 2_000 }, random);
  };

  test('repeats itself for the same seed and differs for the next', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7).filter((value, i) => value === draw(8)[i])).toEqual([]);
  });

  test('spreads evenly over [0, 1)', () => {
    const buckets = new Array<number>(10).fill(0);
    for (const value of Array.from({ length: 20_000 }, createRandom('even')))
      buckets[Math.floor(value * 10)] = (buckets[Math.floor(value * 10)] ?? 0) + 1;
    for (const count of buckets) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });
});

describe('lent global timers', () => {
  test('run on virtual time and are given back', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const { setTimeout: real } = globalThis;
    const giveBack = lendGlobalTimers(ambient);
    const seen: string[] = [];
    try {
      setTimeout((name: string) => seen.push(`${name}@${Date.now()}`), 500, 'timeout').unref();
      const every = setInterval(() => seen.push(`interval@${Date.now()}`), 200);
      setTimeout(() => clearInterval(every), 450);
      clearTimeout(setTimeout(() => seen.push('never'), 10));
      await ambient.run(1_000);
    } finally {
      giveBack();
    }
    expect(seen).toEqual(['interval@200', 'interval@400', 'timeout@500']);
    expect(ambient.pendingTimers).toBe(0);
    expect(globalThis.setTimeout).toBe(real);
  });
});
