import type { Ambient, Timer } from '@offhook/core';
import { Timers } from 'sip.js/lib/core/index.js';

/** What a thread lends out: the globals and the timer table sip.js core reads by itself. */
export interface Lent {
  readonly ambient: Ambient;
  /** Values for sip.js's table of timers, ms; Infinity: never. */
  readonly timers: Readonly<Partial<typeof Timers>>;
  /** A timer callback threw. */
  onError(error: unknown): void;
  /** Runs after each timer callback, outside. */
  after(): void;
}

/** A running timer as sip.js holds it. */
interface Handle {
  timer: Timer | undefined;
}

type Globals = Record<'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval', unknown>;
interface Taken {
  readonly globals: Globals;
  readonly random: () => number;
  readonly timers: typeof Timers;
}

const target = globalThis as unknown as Globals;
const math: { random: () => number } = Math;

function take(): Taken {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = target;
  return { globals: { setTimeout, clearTimeout, setInterval, clearInterval }, random: math.random, timers: { ...Timers } };
}

function give({ globals, random, timers }: Taken): void {
  Object.assign(target, globals);
  math.random = random;
  Object.assign(Timers, timers);
}

/** Runs `work` with what was in force before, so that an ambient that stands on the real timers does not meet its own stand-in. */
function under<T>(outer: Taken, work: () => T): T {
  const inner = take();
  give(outer);
  try {
    return work();
  } finally {
    give(inner);
  }
}

/**
 * Runs `work` while the global timers, the random source and sip.js's timer table are this line's, and restores them whatever happens.
 * sip.js core reads all three synchronously, and its promises only ever follow a `send` of ours that cannot fail: nothing of it runs
 * outside. May be nested; two lines, worlds or runtimes of one process never meet, since nothing is lent across a turn of the loop.
 * @source architecture section 8; sip-stack reference T5
 */
export function withAmbient<T>(lent: Lent, work: () => T): T {
  const outer = take();
  give({ globals: lentGlobals(lent, outer), random: () => under(outer, () => lent.ambient.random()), timers: { ...outer.timers, ...lent.timers } });
  try {
    return work();
  } finally {
    give(outer);
  }
}

function lentGlobals(lent: Lent, outer: Taken): Globals {
  const arm = (handle: Handle, delayMs: number, fire: () => void): Handle => {
    // Infinity says that somebody else keeps this time: the transaction layer.
    if (delayMs !== Number.POSITIVE_INFINITY) handle.timer = under(outer, () => lent.ambient.setTimer(() => fired(lent, fire), delayMs));
    return handle;
  };
  const clear = (handle: Handle | undefined): void => under(outer, () => lent.ambient.clearTimer(handle?.timer));
  const repeat = (handle: Handle, delayMs: number, fire: () => void): Handle =>
    arm(handle, delayMs, () => {
      setTimeoutAgain(handle, delayMs, fire);
      fire();
    });
  // The timer has fired with the lent globals in force again; their `setTimeout` belongs to that turn, not to this one.
  const setTimeoutAgain = (handle: Handle, delayMs: number, fire: () => void): void => {
    const next = (target.setInterval as typeof lentInterval)(fire, delayMs);
    handle.timer = next.timer;
  };
  const lentInterval = (fire: () => void, delayMs = 0): Handle => repeat({ timer: undefined }, delayMs, fire);
  return {
    setTimeout: (fire: () => void, delayMs = 0) => arm({ timer: undefined }, delayMs, fire),
    clearTimeout: clear,
    setInterval: lentInterval,
    clearInterval: clear,
  };
}

function fired(lent: Lent, fire: () => void): void {
  try {
    withAmbient(lent, fire);
  } catch (error) {
    lent.onError(error);
  }
  lent.after();
}
