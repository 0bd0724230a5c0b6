import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Log, silentLog } from './ambient.ts';
import { systemAmbient } from './system-ambient.ts';

const { setTimeout, setImmediate } = globalThis;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function recordErrors(): { readonly log: Log; readonly errors: [string, unknown][] } {
  const errors: [string, unknown][] = [];
  return { errors, log: { ...silentLog, error: (message, fields) => void errors.push([message, fields?.error]) } };
}

describe('systemAmbient', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells the time of day in ms, and never goes back', () => {
    const ambient = systemAmbient();
    expect(Math.abs(ambient.now() - Date.now())).toBeLessThan(1_000);
    let last = ambient.now();
    for (let i = 0; i < 10_000; i++) {
      const now = ambient.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('tells two ambients the same time', () => {
    expect(Math.abs(systemAmbient().now() - systemAmbient().now())).toBeLessThan(100);
  });

  it('fires timers in order, never early', async () => {
    const ambient = systemAmbient();
    const fired: { readonly delayMs: number; readonly afterMs: number }[] = [];
    const startMs = ambient.now();
    await new Promise<void>((resolve) => {
      for (const delayMs of [40, 0, 20, 1]) {
        ambient.setTimer(() => {
          fired.push({ delayMs, afterMs: ambient.now() - startMs });
          if (fired.length === 4) resolve();
        }, delayMs);
      }
    });
    expect(fired.map(({ delayMs }) => delayMs)).toEqual([0, 1, 20, 40]);
    for (const { delayMs, afterMs } of fired) expect(afterMs).toBeGreaterThanOrEqual(delayMs);
  });

  it('lets work that is under way go before timers that yield, and before no others', async () => {
    const ambient = systemAmbient();
    const yielding = ambient.yielding ?? ambient;
    let isWorking = true;
    const work = (): void => {
      if (isWorking) ambient.defer(work);
    };
    work();
    let yielded = 0;
    const spin = (): void => {
      for (const endMs = ambient.now() + 1; ambient.now() < endMs; );
    };
    const crowd = 40;
    const rest = new Promise<void>((resolve) => {
      for (let n = 0; n < crowd; n++) yielding.setTimer(() => [spin(), ++yielded === crowd && resolve()], 5);
    });
    await new Promise<void>((resolve) => {
      let fired = 0;
      for (let n = 0; n < crowd; n++) ambient.setTimer(() => [spin(), ++fired === crowd && resolve()], 5);
    });
    expect(yielded).toBeLessThan(crowd);
    await rest;
    isWorking = false;
    expect(yielded).toBe(crowd);
  });

  it('does not fire a cleared timer and leaves nothing running', async () => {
    const timeouts = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timeouts();
    const ambient = systemAmbient();
    const fired: string[] = [];
    const cleared = ambient.setTimer(() => fired.push('cleared'), 5);
    const far = ambient.setTimer(() => fired.push('far'), 2 ** 40);
    expect(timeouts()).toBe(before + 1);
    ambient.clearTimer(cleared);
    await new Promise<void>((resolve) => void ambient.setTimer(resolve, 20));
    ambient.clearTimer(far);
    ambient.clearTimer(undefined);
    expect(fired).toEqual([]);
    expect(timeouts()).toBe(before);
  });

  it('keeps its own timers when somebody swaps the global ones', async () => {
    vi.useFakeTimers();
    expect(globalThis.setTimeout).not.toBe(setTimeout);
    const ambient = systemAmbient();
    const startMs = ambient.now();
    await new Promise<void>((resolve) => void ambient.setTimer(resolve, 10));
    await new Promise<void>((resolve) => ambient.defer(resolve));
    expect(ambient.now()).toBeGreaterThanOrEqual(startMs + 10);
  });

  it('defers first in first out, outside the caller’s stack, one turn per generation', async () => {
    const ambient = systemAmbient();
    const order: string[] = [];
    ambient.defer(() => {
      order.push('a');
      ambient.defer(() => order.push('later'));
    });
    ambient.defer(() => order.push('b'));
    order.push('stack');
    await nextTurn();
    expect(order).toEqual(['stack', 'a', 'b']);
    await nextTurn();
    expect(order).toEqual(['stack', 'a', 'b', 'later']);
  });

  it('logs what timers and deferred tasks throw, and goes on', async () => {
    const { log, errors } = recordErrors();
    const ambient = systemAmbient({ log });
    const error = new Error('a test throws on purpose');
    const fail = (): never => {
      throw error;
    };
    ambient.defer(fail);
    await new Promise<void>((resolve) => ambient.defer(resolve));
    ambient.setTimer(fail, 0);
    await new Promise<void>((resolve) => void ambient.setTimer(resolve, 1));
    expect(errors).toEqual([
      ['deferred task failed', error],
      ['timer failed', error],
    ]);
  });

  it('draws uniform random numbers of 53 bits from [0, 1)', () => {
    const { random } = systemAmbient();
    const draws = Array.from({ length: 20_000 }, random);
    const buckets = new Array<number>(10).fill(0);
    for (const draw of draws) {
      const bucket = Math.floor(draw * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      expect(Number.isInteger(draw * 2 ** 53)).toBe(true);
    }
    // 2,000 each; 300 is 7 standard deviations.
    expect(buckets).toHaveLength(10);
    for (const count of buckets) expect(Math.abs(count - 2_000)).toBeLessThan(300);
    expect(draws.some((draw) => (draw * 2 ** 53) % 2 === 1)).toBe(true);
    expect(new Set(draws).size).toBe(draws.length);
  });
});
