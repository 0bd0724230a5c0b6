import type { Ambient, LogFields, Timer } from '@offhook/core';

export interface LogRecord {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Time that moves when the test says so. A disk of this suite answers within promises, so nothing else must be waited for. */
export interface ManualAmbient extends Ambient {
  readonly logged: readonly LogRecord[];
  /** Timers pending. */
  readonly timers: number;
  /** Runs what is ready; no time passes. */
  settle(): Promise<void>;
  elapse(ms: number): Promise<void>;
}

interface ManualTimer extends Timer {
  readonly fire: () => void;
}

const turns = 20;
let made = 0;

export function createManualAmbient(startMs = 1_700_000_000_000): ManualAmbient {
  let nowMs = startMs;
  // No two draw the same names.
  let seed = ++made;
  const timers = new Set<ManualTimer>();
  const logged: LogRecord[] = [];
  const note =
    (level: LogRecord['level']) =>
    (message: string, fields: LogFields = {}): void =>
      void logged.push({ level, message, fields });
  const settle = async (): Promise<void> => {
    for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => nowMs,
    setTimer(fire, delayMs) {
      const timer: ManualTimer = { dueMs: nowMs + delayMs, fire };
      timers.add(timer);
      return timer;
    },
    clearTimer: (timer) => void timers.delete(timer as ManualTimer),
    defer: (task) => setImmediate(task),
    random() {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    },
    log: { debug() {}, info: note('info'), warn: note('warn'), error: note('error') },
    logged,
    get timers() {
      return timers.size;
    },
    settle,
    async elapse(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined || next.dueMs > untilMs) break;
        timers.delete(next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.fire();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}
