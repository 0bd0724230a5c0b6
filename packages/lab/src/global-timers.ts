import type { Timer } from '@offhook/core';
import type { VirtualAmbient } from './virtual-ambient.ts';

/** What the lent `setTimeout` returns: enough of Node's Timeout for its callers. */
interface LentTimer {
  timer: Timer | undefined;
  ref(): LentTimer;
  unref(): LentTimer;
  hasRef(): boolean;
}
type Fire = (...args: unknown[]) => void;

const target = globalThis as unknown as Record<string, unknown>;
const names = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const;
const originals = names.map((name) => [name, target[name]] as const);
const { now } = Date;
const { random } = Math;
let borrower: VirtualAmbient | undefined;

/** Node takes anything below 1 ms for 1 ms. */
const delay = (ms: number | undefined): number => (ms !== undefined && ms >= 1 ? ms : 1);

function handle(arm: (own: LentTimer) => Timer): LentTimer {
  const own: LentTimer = { timer: undefined, ref: () => own, unref: () => own, hasRef: () => true };
  own.timer = arm(own);
  return own;
}

/**
 * Lends the global timers, `Date.now` and `Math.random` of this thread to a virtual world and returns the function that gives them back.
 * For code that calls them by itself (sip.js in dialogs). One world per thread has them: a later one takes them over.
 * @source architecture section 8
 */
export function lendGlobalTimers(ambient: VirtualAmbient): () => void {
  borrower = ambient;
  const clear = (own: LentTimer | undefined): void => ambient.clearTimer(own?.timer);

  target.setTimeout = (fire: Fire, ms?: number, ...args: unknown[]) =>
    handle(() => ambient.setTimer(() => fire(...args), delay(ms)));
  target.setInterval = (fire: Fire, ms?: number, ...args: unknown[]) => {
    const again = (own: LentTimer): Timer =>
      ambient.setTimer(() => {
        own.timer = again(own);
        fire(...args);
      }, delay(ms));
    return handle(again);
  };
  target.setImmediate = (fire: Fire, ...args: unknown[]) => handle(() => ambient.setTimer(() => fire(...args), 0));
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) target[name] = clear;
  Date.now = () => Math.floor(ambient.now());
  Math.random = ambient.random;

  return () => {
    if (borrower !== ambient) return;
    borrower = undefined;
    for (const [name, original] of originals) target[name] = original;
    Date.now = now;
    Math.random = random;
  };
}
