import type { VirtualAmbient } from './virtual-ambient.ts';

/** Lets time move, instant by instant, until the promise settles; rejects when that takes longer than `withinS` of virtual time. */
export async function runUntil<T>(ambient: VirtualAmbient, promise: Promise<T>, withinS = 120): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  const endMs = ambient.now() + withinS * 1_000;
  await ambient.settle();
  while (!settled) {
    const dueMs = ambient.nextInstant;
    if (dueMs === undefined || dueMs > endMs) throw new Error(`nothing came of it within ${withinS} s of virtual time`);
    await ambient.run(dueMs);
  }
  return promise;
}
