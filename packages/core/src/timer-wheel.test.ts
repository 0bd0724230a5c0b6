import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerWheel } from './timer-wheel.ts';

/** A clock that moves when told; `wakes` counts how often the wheel was woken. */
function createClock(startMs = 1_700_000_000_000.25) {
  let nowMs = startMs;
  let sleeping: { readonly wake: () => void; readonly atMs: number } | undefined;
  const failures: unknown[] = [];
  const clock = {
    wakes: 0,
    failures,
    now: () => nowMs,
    sleep(wake: () => void, ms: number) {
      if (sleeping !== undefined) throw new Error('two sleeps at a time');
      const sleep = { wake, atMs: nowMs + ms };
      sleeping = sleep;
      return () => {
        if (sleeping === sleep) sleeping = undefined;
      };
    },
    isBusy: () => false,
    failed: (error: unknown) => void failures.push(error),
    sleepsForMs: () => (sleeping === undefined ? undefined : sleeping.atMs - nowMs),
    /** Lets time pass; each wake comes `lateMs` after it was due (negative: too early, as platform timers may). */
    pass(ms: number, lateMs = 0) {
      const untilMs = nowMs + ms;
      while (sleeping !== undefined && sleeping.atMs + lateMs <= untilMs) {
        const { wake, atMs } = sleeping;
        sleeping = undefined;
        nowMs = Math.max(nowMs, atMs + lateMs);
        clock.wakes++;
        wake();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    /** The process stands still: time passes, nothing is woken until it is over. */
    stall(ms: number) {
      nowMs += ms;
    },
  };
  return clock;
}

const tickMs = 5;
const monthMs = 30 * 24 * 3_600_000;

describe('TimerWheel', () => {
  it('fires what is due at once in turns, in order, so that a crowd keeps nobody else waiting', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const fired: number[] = [];
    const timers = Array.from({ length: 1_000 }, (_, n) => wheel.set(() => fired.push(n), 10));
    clock.pass(20);
    expect(fired.length).toBe(1_000);
    expect(fired).toEqual(timers.map((_, n) => n));
    expect(clock.wakes).toBe(4);

    for (const _ of timers) wheel.set(() => wheel.clear(last), 10);
    const last = wheel.set(() => fired.push(-1), 12);
    clock.pass(40);
    expect(fired).not.toContain(-1);
    expect([wheel.size, clock.sleepsForMs()]).toEqual([0, undefined]);
  });

  it.each([
    ['later when nothing else has to be done', false, 4],
    ['sooner when other work is under way', true, 1],
  ])('ends its turn when timers take long, %s', (_, isBusy, most) => {
    const clock = createClock();
    const wheel = new TimerWheel({ ...clock, isBusy: () => isBusy });
    let fired = 0;
    for (let n = 0; n < 20; n++) wheel.set(() => [fired++, clock.stall(1)], 10);
    clock.pass(11);
    expect(fired).toBe(most);
    clock.pass(1_000);
    expect(fired).toBe(20);
  });

  it('fires once, never early and less than one tick late', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100_000, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (delayMs, laterMs) => {
          const clock = createClock();
          const wheel = new TimerWheel(clock);
          clock.pass(laterMs);
          const armedMs = clock.now();
          const fired: number[] = [];
          wheel.set(() => fired.push(clock.now() - armedMs), delayMs);
          clock.pass(200_000);
          expect(fired).toHaveLength(1);
          expect(fired[0]).toBeGreaterThanOrEqual(delayMs - 1e-3);
          expect(fired[0]).toBeLessThan(delayMs + tickMs + 1.001);
        },
      ),
    );
  });

  it('does not fire early when the platform wakes it early', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const armedMs = clock.now();
    let firedMs = 0;
    wheel.set(() => {
      firedMs = clock.now();
    }, 500);
    clock.pass(1_000, -0.9);
    expect(firedMs - armedMs).toBeGreaterThanOrEqual(500);
    expect(firedMs - armedMs).toBeLessThan(506);
  });

  it('fires like a sorted list of deadlines, whatever is armed and cleared, and when', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), delayMs: fc.oneof(fc.nat(40), fc.nat(70_000)) }),
      fc.record({ do: fc.constant('clear' as const), which: fc.nat(50) }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.oneof(fc.nat(30), fc.nat(50_000)) }),
      fc.record({ do: fc.constant('stall' as const), ms: fc.oneof(fc.nat(100), fc.nat(90_000)) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = createClock();
        const wheel = new TimerWheel(clock);
        const fired: number[] = [];
        const pending = new Map<number, { readonly dueMs: number; readonly timer: ReturnType<TimerWheel['set']> }>();
        let id = 0;
        for (const one of steps) {
          if (one.do === 'set') {
            const own = id++;
            const timer = wheel.set(() => {
              const { dueMs } = pending.get(own) ?? { dueMs: Number.POSITIVE_INFINITY };
              expect(clock.now()).toBeGreaterThanOrEqual(dueMs);
              // Whoever was due a tick before has fired already.
              for (const other of pending.values()) expect(other.dueMs).toBeGreaterThan(dueMs - tickMs - 1e-3);
              pending.delete(own);
              fired.push(own);
            }, one.delayMs);
            pending.set(own, { dueMs: timer.dueMs, timer });
          } else if (one.do === 'clear') {
            const [own, entry] = [...pending][one.which % Math.max(1, pending.size)] ?? [];
            if (own === undefined || entry === undefined) continue;
            wheel.clear(entry.timer);
            pending.delete(own);
          } else if (one.do === 'pass') clock.pass(one.ms);
          else clock.stall(one.ms);
          expect(wheel.size).toBe(pending.size);
        }
        clock.pass(200_000);
        expect(pending.size).toBe(0);
        expect(new Set(fired).size).toBe(fired.length);
        expect(clock.failures).toEqual([]);
        expect(clock.sleepsForMs()).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('fires those due in one tick in the order they are due, then in the order they were armed', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const fired: string[] = [];
    for (const [name, delayMs] of [
      ['c', 3],
      ['a', 1],
      ['b1', 2],
      ['b2', 2],
    ] as const) {
      wheel.set(() => fired.push(name), delayMs);
    }
    clock.pass(50);
    expect(fired).toEqual(['a', 'b1', 'b2', 'c']);
  });

  it('keeps the order over several ticks when the process stood still', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const fired: number[] = [];
    for (const delayMs of [30_000, 100, 7, 25_000, 60_000, 8]) wheel.set(() => fired.push(delayMs), delayMs);
    clock.stall(50_000);
    clock.pass(1);
    expect(fired).toEqual([7, 8, 100, 25_000, 30_000]);
    clock.pass(20_000);
    expect(fired.at(-1)).toBe(60_000);
  });

  it('never fires inside the stack that arms, not even with delay 0', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const fired: string[] = [];
    wheel.set(() => {
      wheel.set(() => fired.push('inner'), 0);
      fired.push('outer');
    }, 0);
    expect(fired).toEqual([]);
    clock.pass(2 * tickMs + 2);
    expect(fired).toEqual(['outer', 'inner']);
  });

  it('does not fire a timer that another one of the same tick clears', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const fired: string[] = [];
    wheel.set(() => {
      fired.push('first');
      wheel.clear(second);
    }, 10);
    const second = wheel.set(() => fired.push('second'), 10);
    clock.pass(100);
    expect(fired).toEqual(['first']);
    expect(wheel.size).toBe(0);
  });

  it('ignores clearing what has fired, was cleared or is missing', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    let fired = 0;
    const done = wheel.set(() => fired++, 1);
    clock.pass(20);
    const cleared = wheel.set(() => fired++, 1);
    const kept = wheel.set(() => fired++, 1);
    for (const timer of [done, cleared, cleared, undefined]) wheel.clear(timer);
    expect(wheel.size).toBe(1);
    clock.pass(20);
    expect(fired).toBe(2);
    wheel.clear(kept);
    expect(wheel.size).toBe(0);
  });

  it('sleeps only while it holds a timer, and no more often than needed', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    expect(clock.sleepsForMs()).toBeUndefined();
    const hour = wheel.set(() => {}, 3_600_000);
    clock.pass(3_000_000);
    expect(clock.wakes).toBe(0);
    const soon = wheel.set(() => {}, 10);
    expect(clock.sleepsForMs()).toBeLessThan(20);
    wheel.clear(soon);
    wheel.clear(hour);
    expect(clock.sleepsForMs()).toBeUndefined();
    clock.pass(3_600_000);
    expect(clock.wakes).toBe(0);
  });

  it('fires after months, beyond 2^31 ms, and keeps Infinity for ever', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const fired: string[] = [];
    wheel.set(() => fired.push('two months'), 2 * monthMs);
    const never = wheel.set(() => fired.push('never'), Number.POSITIVE_INFINITY);
    expect(clock.sleepsForMs()).toBeLessThan(2 ** 31);
    clock.pass(2 * monthMs - 1);
    expect(fired).toEqual([]);
    clock.pass(10);
    expect(fired).toEqual(['two months']);
    wheel.clear(never);
    expect(clock.sleepsForMs()).toBeUndefined();
  });

  it.each([Number.NaN, -1, Number.NEGATIVE_INFINITY])('takes a delay of %d for 0', (delayMs) => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    let fired = 0;
    wheel.set(() => fired++, delayMs);
    clock.pass(tickMs + 2);
    expect(fired).toBe(1);
  });

  it('reports a timer that throws and fires the others', () => {
    const clock = createClock();
    const wheel = new TimerWheel(clock);
    const error = new Error('timer of a test throws on purpose');
    let fired = 0;
    wheel.set(() => {
      throw error;
    }, 1);
    wheel.set(() => fired++, 1);
    wheel.set(() => fired++, 100);
    clock.pass(200);
    expect([clock.failures, fired]).toEqual([[error], 2]);
  });
});
