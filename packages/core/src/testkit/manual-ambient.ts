import type { Ambient, LogFields, Timer } from '../ambient.ts';

export interface LogRecord {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Time that moves when the test says so; nothing but promises is waited for. */
export interface ManualAmbient extends Ambient {
  /** Runs what is deferred, and the promises it wakes, until nothing is left; no time passes. */
  settle(): Promise<void>;
  /** Lets time pass, timer by timer. */
  elapse(ms: number): Promise<void>;
  /** Runs one deferred task. */
  step(): void;
  /** Timers pending. */
  readonly timers: number;
  /** Tasks deferred. */
  readonly deferred: number;
  readonly logged: readonly LogRecord[];
}

export interface ManualAmbientOptions {
  /** Default 1,700,000,000,000. */
  readonly startMs?: number;
  /** Two of one seed draw the same numbers. Default 1. */
  readonly seed?: number;
}

interface ManualTimer extends Timer {
  readonly fire: () => void;
}

const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createManualAmbient(options: ManualAmbientOptions = {}): ManualAmbient {
  let nowMs = options.startMs ?? 1_700_000_000_000;
  let seed = options.seed ?? 1;
  const timers = new Set<ManualTimer>();
  const deferred: (() => void)[] = [];
  const logged: LogRecord[] = [];
  const note =
    (level: LogRecord['level']) =>
    (message: string, fields: LogFields = {}): void =>
      void logged.push({ level, message, fields });
  const settle = async (): Promise<void> => {
    do {
      deferred.shift()?.();
      await microtasks();
    } while (deferred.length > 0);
  };
  return {
    now: () => nowMs,
    setTimer(fire, delayMs) {
      const timer: ManualTimer = { dueMs: nowMs + delayMs, fire };
      timers.add(timer);
      return timer;
    },
    clearTimer: (timer) => void timers.delete(timer as ManualTimer),
    defer: (task) => void deferred.push(task),
    random() {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    },
    log: { debug() {}, info: note('info'), warn: note('warn'), error: note('error') },
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
    step: () => deferred.shift()?.(),
    get timers() {
      return timers.size;
    },
    get deferred() {
      return deferred.length;
    },
    logged,
  };
}
