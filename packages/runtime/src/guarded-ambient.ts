import type { Ambient } from '@offhook/core';

/** The ambient of one line: what it throws in a timer or a deferred task is handed to `onError` and harms nobody else. */
export function guardAmbient(ambient: Ambient, onError: (error: unknown) => void): Ambient {
  const guarded = (task: () => void) => (): void => {
    try {
      task();
    } catch (error) {
      onError(error);
    }
  };
  return {
    now: () => ambient.now(),
    setTimer: (fire, delayMs) => ambient.setTimer(guarded(fire), delayMs),
    clearTimer: (timer) => ambient.clearTimer(timer),
    defer: (task) => ambient.defer(guarded(task)),
    random: () => ambient.random(),
    log: ambient.log,
  };
}
