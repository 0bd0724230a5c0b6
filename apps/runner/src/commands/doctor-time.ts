import type { Ambient } from '@offhook/core';

/** Undefined: nothing came within the time. What cannot be called off, such as a look-up of DNS, ends by itself and unheard. */
export function inTime<T>(promise: Promise<T>, ambient: Ambient, timeoutMs: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = ambient.setTimer(() => resolve(undefined), timeoutMs);
    promise.then(resolve, reject).finally(() => ambient.clearTimer(timer));
  });
}
