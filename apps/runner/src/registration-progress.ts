import type { Runtime } from '@offhook/runtime';
import type { Output } from './output.ts';
import { registeredText } from './text.ts';

/** Ms; each look is twice as late as the one before, up to the longest. */
const firstLookMs = 1_000;
const longestPauseMs = 30_000;

/** Tells how many lines are registered until every leg is, whenever that has changed. Returns what ends it. */
export function tellProgress(runtime: Runtime, output: Output): () => void {
  const { ambient } = runtime;
  let told = '';
  let pauseMs = firstLookMs;
  let timer = ambient.setTimer(look, pauseMs);
  function look(): void {
    const lines = runtime.lines();
    const text = registeredText(lines);
    const done = lines.every(({ legs }) => legs.every(({ usable }) => usable));
    if (text !== told) output.say(`${text}${done ? '.' : ' …'}`);
    told = text;
    if (done) return;
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    timer = ambient.setTimer(look, pauseMs);
  }
  return () => ambient.clearTimer(timer);
}
