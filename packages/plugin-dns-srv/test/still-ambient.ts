import { type Ambient, silentLog, type Timer } from '@offhook/core';

/** Time that moves only when the test says so. */
export interface StillAmbient extends Ambient {
  /** Lets time pass, timer by timer, and the promises that they wake. */
  elapse(ms: number): Promise<void>;
  readonly timers: number;
  readonly warnings: readonly string[];
}

interface StillTimer extends Timer {
  readonly fire: () => void;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function stillAmbient(seed = 1): StillAmbient {
  let nowMs = 1_800_000_000_000;
  let state = seed;
  const timers = new Set<StillTimer>();
  const warnings: string[] = [];
  return {
    now: () => nowMs,
    setTimer(fire, delayMs) {
      const timer: StillTimer = { dueMs: nowMs + delayMs, fire };
      timers.add(timer);
      return timer;
    },
    clearTimer: (timer) => void timers.delete(timer as StillTimer),
    defer: (task) => void setImmediate(task),
    random() {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    },
    log: { ...silentLog, warn: (message) => void warnings.push(message) },
    async elapse(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined || next.dueMs > untilMs) break;
        timers.delete(next);
        nowMs = next.dueMs;
        next.fire();
        await settle();
      }
      nowMs = untilMs;
    },
    get timers() {
      return timers.size;
    },
    warnings,
  };
}
