import type { Ambient, KeyValue } from '@offhook/core';
import { KeyValueError } from '@offhook/core';

/** How a client's questions fare; may change while it is in use. */
export interface Weather {
  /** Share of writes that happen and are not answered. */
  lostAnswers: number;
  /** Questions reach the server after up to so long, also those that were given up meanwhile, ms. */
  longestMs: number;
  /** Watchers hear of changes after up to so long, in order, ms. */
  tellsAfterMs: number;
}

const patienceMs = 1_000;

/** A bucket whose questions and answers are late or lost: what was given up may still happen, seconds afterwards. */
export function createFlakyKeyValue(bucket: KeyValue, ambient: Ambient, weather: Weather): KeyValue {
  const upTo = (ms: number): number => (ms === 0 ? 0 : ambient.random() * ms);

  function ask<T>(question: () => Promise<T>, isWrite: boolean): Promise<T> {
    const isLost = isWrite && weather.lostAnswers > 0 && ambient.random() < weather.lostAnswers;
    const delayMs = upTo(weather.longestMs);
    if (!isLost && delayMs === 0) return question();
    return new Promise((resolve, reject) => {
      const given = ambient.setTimer(() => reject(new KeyValueError('E_KV_UNAVAILABLE', 'no answer in time')), patienceMs);
      ambient.setTimer(() => {
        const asked = question().finally(() => isLost || ambient.clearTimer(given));
        asked.then(isLost ? () => {} : resolve, isLost ? () => {} : reject);
      }, delayMs);
    });
  }

  return {
    get: (key) => ask(() => bucket.get(key), false),
    entries: (pattern) => ask(() => bucket.entries(pattern), false),
    put: (key, value, revision) => ask(() => bucket.put(key, value, revision), true),
    delete: (key, revision) => ask(() => bucket.delete(key, revision), true),
    watch(pattern, handler, onReady) {
      let isOver = false;
      let lastMs = 0;
      const tell = (what: () => void): void => {
        const atMs = Math.max(lastMs, ambient.now() + upTo(weather.tellsAfterMs));
        lastMs = atMs;
        const run = (): void => {
          if (!isOver) what();
        };
        if (atMs === ambient.now()) run();
        else ambient.setTimer(run, atMs - ambient.now());
      };
      const watching = bucket.watch(pattern, (change) => tell(() => handler(change)), onReady && (() => tell(onReady)));
      const unsubscribe = (): void => {
        isOver = true;
        watching.unsubscribe();
      };
      return { unsubscribe, drain: async () => unsubscribe() };
    },
  };
}
