import { randomFillSync } from 'node:crypto';
import { type Ambient, type Log, silentLog } from './ambient.ts';
import { TimerWheel } from './timer-wheel.ts';

// Taken when this module loads: who swaps the globals later (a virtual world with dialogs does) does not touch this ambient.
const { performance, setTimeout, clearTimeout, setImmediate } = globalThis;
const monotonicMs = performance.now.bind(performance);
const { timeOrigin } = performance;

const nowMs = (): number => timeOrigin + monotonicMs();

/** The wall clock, ms since 1970: unlike `Ambient.now` it goes on while the process is suspended, and jumps when it is set. */
export const wallClockMs = (): number => Date.now();

/** Two words make one number of 53 bits. */
const poolWords = 1_024;

/** Uniform in [0, 1), 53 bits, from the system's generator, fetched by the kilobyte. */
function createRandom(): () => number {
  const pool = new Uint32Array(poolWords);
  let used = poolWords;
  return () => {
    if (used === poolWords) {
      randomFillSync(pool);
      used = 0;
    }
    const high = (pool[used++] ?? 0) >>> 11;
    const low = pool[used++] ?? 0;
    return (high * 2 ** 32 + low) / 2 ** 53;
  };
}

/** First in, first out, one `setImmediate` for all that wait. What a task defers runs in the next turn, after sockets had theirs. */
function createDeferral(log: Log): { readonly defer: (task: () => void) => void; readonly isWaiting: () => boolean } {
  let waiting: (() => void)[] = [];
  const run = (): void => {
    const tasks = waiting;
    waiting = [];
    for (const task of tasks) {
      try {
        task();
      } catch (error) {
        log.error('deferred task failed', { error });
      }
    }
  };
  return {
    defer(task) {
      if (waiting.push(task) === 1) setImmediate(run);
    },
    isWaiting: () => waiting.length > 0,
  };
}

export interface SystemAmbientOptions {
  /** Default: none; then nobody hears of a timer or task that throws. */
  readonly log?: Log;
}

/**
 * The ambient of production: monotonic system time, timers on a hashed wheel (never early, 5 to 10 ms late when the process has nothing
 * else to do), `setImmediate`, the system's random generator. Pending timers keep the process alive, an idle ambient does not.
 * A timer or deferred task that throws is logged and harms no other. Timers of `yielding` are later while deferred work does not come to
 * its end.
 */
export function systemAmbient({ log = silentLog }: SystemAmbientOptions = {}): Ambient {
  const { defer, isWaiting } = createDeferral(log);
  const random = createRandom();
  function withWheel(isBusy: () => boolean): Ambient {
    const wheel = new TimerWheel({
      now: nowMs,
      sleep(wake, ms) {
        const handle = setTimeout(wake, ms);
        return () => clearTimeout(handle);
      },
      isBusy,
      failed: (error) => log.error('timer failed', { error }),
    });
    return {
      now: nowMs,
      setTimer: (fire, delayMs) => wheel.set(fire, delayMs),
      clearTimer: (timer) => wheel.clear(timer),
      defer,
      random,
      log,
    };
  }
  return { ...withWheel(() => false), yielding: withWheel(isWaiting) };
}
