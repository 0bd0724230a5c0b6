import { setImmediate as realTurn } from 'node:timers/promises';
import type { Ambient, Log, LogFields, Timer } from '@offhook/core';
import { createRandom } from './random.ts';
import { createTimerHeap, type VirtualTimer } from './timer-heap.ts';

export interface VirtualAmbientOptions {
  /** Same seed, same world. */
  readonly seed: string | number;
  /** The instant the world begins at, ms since 1970; 0 unless told, so that instants read as elapsed time. */
  readonly startMs?: number;
  /** Tasks and timers that may run at one instant before the world is called a runaway; 1,000,000 unless told. */
  readonly maxTasksPerInstant?: number;
}

/** One captured log record. */
export interface LogRecord {
  readonly atMs: number;
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: LogFields;
}

/** Time that moves only when it is told to, deadline by deadline. */
export interface VirtualAmbient extends Ambient {
  readonly startMs: number;
  /** Runs everything due up to and including `untilMs` (an instant), then stands there. Rejects with what a task threw. */
  run(untilMs: number): Promise<void>;
  /** `run(now + ms)`. */
  runFor(ms: number): Promise<void>;
  /** Runs what is due at this very instant: the deferred, the promises it settles, and what they defer in turn. */
  settle(): Promise<void>;
  /** Runs until no timer is left; rejects when that takes more than `limitMs` (one day unless told) of virtual time. */
  runToRest(limitMs?: number): Promise<void>;
  /** Timers that would still fire: 0 in a world that was stopped properly. */
  readonly pendingTimers: number;
  /** When the first of them would fire. */
  readonly nextInstant: number | undefined;
  /** When they would fire, in order. */
  pendingInstants(): readonly number[];
  /** Everything logged so far, debug records included. */
  readonly logs: readonly LogRecord[];
  /** Empties `logs`. */
  forgetLogs(): void;
}

const dayMs = 86_400_000;

function captureLog(now: () => number): { readonly log: Log; readonly logs: LogRecord[] } {
  const logs: LogRecord[] = [];
  const at =
    (level: keyof Log) =>
    (message: string, fields: LogFields = {}): void => {
      logs.push({ atMs: now(), level, message, fields });
    };
  return { logs, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/**
 * An ambient whose clock is a heap of timers ordered by (due, sequence). Between two instants it drains the deferred tasks in order,
 * then gives promises one real turn of the event loop, and repeats until nothing is left. @source architecture section 8
 */
export function createVirtualAmbient(options: VirtualAmbientOptions): VirtualAmbient {
  const { seed, startMs = 0, maxTasksPerInstant = 1_000_000 } = options;
  const heap = createTimerHeap();
  const random = createRandom(seed);
  let nowMs = startMs;
  let sequence = 0;
  let deferred: (() => void)[] = [];
  let tasksThisInstant = 0;
  let running = false;
  const now = (): number => nowMs;
  const { log, logs } = captureLog(now);

  function count(): void {
    if (++tasksThisInstant <= maxTasksPerInstant) return;
    throw new Error(
      `virtual time stands still: more than ${maxTasksPerInstant} tasks ran at ${nowMs} ms; something defers itself or arms a timer of 0 ms without end`,
    );
  }

  function drainDeferred(): void {
    let next = 0;
    try {
      while (next < deferred.length) {
        count();
        (deferred[next++] as () => void)();
      }
    } finally {
      deferred = deferred.slice(next);
    }
  }

  /** True when a timer of this instant fired. */
  function fireDue(): boolean {
    const timer = heap.peek();
    if (timer === undefined || timer.dueMs > nowMs) return false;
    heap.take();
    count();
    const fire = timer.fire as () => void;
    timer.fire = undefined;
    fire();
    return true;
  }

  async function finishInstant(): Promise<void> {
    do {
      do drainDeferred();
      while (fireDue());
      await realTurn();
    } while (deferred.length > 0 || (heap.peek()?.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs);
  }

  async function advance(untilMs: number): Promise<void> {
    if (running) throw new Error('this virtual world is already running: await the former run before the next');
    running = true;
    try {
      tasksThisInstant = 0;
      await finishInstant();
      for (let timer = heap.peek(); timer !== undefined && timer.dueMs <= untilMs; timer = heap.peek()) {
        nowMs = timer.dueMs;
        tasksThisInstant = 0;
        await finishInstant();
      }
      if (Number.isFinite(untilMs)) nowMs = Math.max(nowMs, untilMs);
    } finally {
      running = false;
    }
  }

  async function runToRest(limitMs = dayMs): Promise<void> {
    const endMs = nowMs + limitMs;
    for (await advance(nowMs); heap.size > 0; ) {
      const dueMs = heap.peek()?.dueMs as number;
      if (dueMs > endMs)
        throw new Error(`no rest after ${limitMs} ms of virtual time: ${heap.size} timers are left, the next at ${dueMs} ms`);
      await advance(dueMs);
    }
  }

  return {
    startMs,
    now,
    setTimer(fire, delayMs): Timer {
      if (!(delayMs >= 0)) throw new RangeError(`a timer needs a delay of 0 ms or more, got ${delayMs}`);
      const timer: VirtualTimer = { dueMs: nowMs + delayMs, sequence: sequence++, fire };
      heap.add(timer);
      return timer;
    },
    clearTimer(timer) {
      if (timer !== undefined) heap.clear(timer as VirtualTimer);
    },
    defer(task) {
      deferred.push(task);
    },
    random,
    log,
    logs,
    forgetLogs() {
      logs.length = 0;
    },
    run: advance,
    runFor: (ms) => advance(nowMs + ms),
    settle: () => advance(nowMs),
    runToRest,
    get pendingTimers() {
      return heap.size;
    },
    get nextInstant() {
      return heap.peek()?.dueMs;
    },
    pendingInstants: () =>
      heap
        .live()
        .map((timer) => timer.dueMs)
        .sort((a, b) => a - b),
  };
}
