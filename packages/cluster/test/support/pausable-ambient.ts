import type { Ambient, Timer } from '@offhook/core';

/** The time of one process among several in one virtual world: the process can be stopped, and its clock with it. */
export interface PausableAmbient extends Ambient {
  /** The wall clock of that machine. */
  wallNow(): number;
  stepWallClock(ms: number): void;
  /** No timer fires any more (SIGSTOP, a pause, a kill). */
  stop(): void;
  /** Timers that are due fire now. `asleep`: its monotonic clock stood still as well (a suspended machine). */
  resume(asleep?: boolean): void;
  readonly isStopped: boolean;
}

interface OwnTimer extends Timer {
  readonly fire: () => void;
  outer?: Timer;
}

export function createPausableAmbient(world: Ambient): PausableAmbient {
  const timers = new Set<OwnTimer>();
  let stoppedAtMs: number | undefined;
  let lagMs = 0;
  let wallStepMs = 0;
  const now = (): number => world.now() - lagMs;

  function arm(timer: OwnTimer): void {
    const fire = (): void => {
      timers.delete(timer);
      timer.fire();
    };
    timer.outer = world.setTimer(fire, Math.max(0, timer.dueMs - now()));
  }

  return {
    now,
    wallNow: () => world.now() + wallStepMs,
    stepWallClock: (ms) => {
      wallStepMs += ms;
    },
    setTimer(fire, delayMs) {
      const timer: OwnTimer = { dueMs: now() + delayMs, fire };
      timers.add(timer);
      if (stoppedAtMs === undefined) arm(timer);
      return timer;
    },
    clearTimer(timer) {
      timers.delete(timer as OwnTimer);
      world.clearTimer((timer as OwnTimer | undefined)?.outer);
    },
    defer: (task) => world.defer(task),
    random: () => world.random(),
    log: world.log,
    stop() {
      stoppedAtMs ??= world.now();
      for (const { outer } of timers) world.clearTimer(outer);
    },
    resume(asleep = false) {
      if (asleep) lagMs += world.now() - (stoppedAtMs ?? world.now());
      stoppedAtMs = undefined;
      for (const timer of timers) arm(timer);
    },
    get isStopped() {
      return stoppedAtMs !== undefined;
    },
  };
}
