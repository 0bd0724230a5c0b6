import type { Ambient } from '@offhook/core';

/** What a promise gives within that time; undefined when it takes longer. What comes later is nobody's. */
export function inTime<T>(promise: Promise<T>, ms: number, ambient: Ambient): Promise<T | undefined> {
  return new Promise<T | undefined>((resolve, reject) => {
    const timer = ambient.setTimer(() => resolve(undefined), ms);
    promise.then(resolve, reject).finally(() => ambient.clearTimer(timer));
  });
}
