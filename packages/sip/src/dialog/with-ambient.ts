import type { Ambient, Timer } from '@offhook/core';
import { Timers } from 'sip.js/lib/core/index.js';

/** Stands in for the globals and the timer table that sip.js core reads by itself. */
export interface AmbientDoor {
  /**
   * Runs `work` while the global timers, the random source and sip.js's table of timers are this line's, and restores them whatever
   * happens. sip.js reads all three synchronously, and its promises only follow a `send` of ours that cannot fail, so nothing of it runs
   * outside. May be nested; two lines, worlds or runtimes of one process never meet, since nothing stays lent across a turn of the loop.
   * @source architecture section 8; sip-stack reference T5
   */
  run<T>(work: () => T): T;
}

export interface AmbientDoorOptions {
  readonly ambient: Pick<Ambient, 'setTimer' | 'clearTimer' | 'random'>;
  /** Values for sip.js's table, ms; Infinity: never. */
  readonly timers: Readonly<Partial<typeof Timers>>;
  /** A timer of sip.js is due: runs `fire` through the door, and what follows from it. */
  onTimer(fire: () => void): void;
}

/** A running timer as sip.js holds it. */
interface Handle {
  timer: Timer | undefined;
}

type Globals = Record<'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval', unknown>;
interface Lent {
  readonly globals: Globals;
  readonly random: () => number;
  readonly timers: Readonly<Partial<typeof Timers>>;
}

const target = globalThis as unknown as Globals;
const math: { random: () => number } = Math;

function current(): Lent {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = target;
  return { globals: { setTimeout, clearTimeout, setInterval, clearInterval }, random: math.random, timers: { ...Timers } };
}

function install({ globals, random, timers }: Lent): void {
  Object.assign(target, globals);
  math.random = random;
  Object.assign(Timers, timers);
}

/** What was in force before the outermost door was entered. */
let outdoors: Lent | undefined;

/** Runs `work` as if no door had been entered, so that an ambient that stands on the real timers does not meet its own stand-in. */
function outside<T>(work: () => T): T {
  if (outdoors === undefined) return work();
  const inner = current();
  install(outdoors);
  try {
    return work();
  } finally {
    install(inner);
  }
}

export function createAmbientDoor({ ambient, timers, onTimer }: AmbientDoorOptions): AmbientDoor {
  const arm = (handle: Handle, fire: () => void, delayMs: number): Handle => {
    // Infinity: somebody else, the transaction layer, keeps this time.
    if (delayMs !== Number.POSITIVE_INFINITY) handle.timer = outside(() => ambient.setTimer(() => onTimer(fire), delayMs));
    return handle;
  };
  const repeat = (handle: Handle, fire: () => void, delayMs: number): Handle => {
    const again = () => {
      repeat(handle, fire, delayMs);
      fire();
    };
    return arm(handle, again, delayMs);
  };
  const clear = (handle: Handle | undefined): void => outside(() => ambient.clearTimer(handle?.timer));
  const lent: Lent = {
    globals: {
      setTimeout: (fire: () => void, delayMs = 0) => arm({ timer: undefined }, fire, delayMs),
      clearTimeout: clear,
      setInterval: (fire: () => void, delayMs = 0) => repeat({ timer: undefined }, fire, delayMs),
      clearInterval: clear,
    },
    random: () => outside(() => ambient.random()),
    timers,
  };
  return {
    run(work) {
      const before = current();
      const isOutermost = outdoors === undefined;
      if (isOutermost) outdoors = before;
      install(lent);
      try {
        return work();
      } finally {
        install(before);
        if (isOutermost) outdoors = undefined;
      }
    },
  };
}
