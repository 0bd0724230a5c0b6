import { type Ambient, silentLog, type Timer } from '@offhook/core';

/** Real time: sockets do not know any other. */
export function createRealAmbient(): Ambient {
  const running = new WeakMap<Timer, NodeJS.Timeout>();
  return {
    now: () => performance.timeOrigin + performance.now(),
    setTimer(fire, delayMs) {
      const timer: Timer = { dueMs: Date.now() + delayMs };
      running.set(timer, setTimeout(fire, delayMs));
      return timer;
    },
    clearTimer: (timer) => timer !== undefined && clearTimeout(running.get(timer)),
    defer: (task) => void setImmediate(task),
    random: Math.random,
    log: silentLog,
  };
}
