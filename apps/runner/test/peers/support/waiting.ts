import { setTimeout as pause } from 'node:timers/promises';

/** Real peers keep real time: this is how a test waits for them, on a condition and never for a fixed time. */
const betweenProbesMs = 50;

/**
 * The first result of `probe` that is neither undefined nor false.
 * @throws Error (rejects) after `withinMs`, with `state()` as the reader's clue
 */
export async function until<T>(
  what: string,
  withinMs: number,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  state: () => unknown = () => '',
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}. ${describe(state())}`);
    await pause(betweenProbesMs);
  }
}

/** `promise`, or a rejection after `withinMs`. */
export async function within<T>(
  what: string,
  withinMs: number,
  promise: Promise<T>,
  state: () => unknown = () => '',
): Promise<T> {
  const timeout = new AbortController();
  const late = pause(withinMs, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`Not within ${withinMs} ms: ${what}. ${describe(state())}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => {});
    timeout.abort();
  }
}

const describe = (state: unknown): string => (typeof state === 'string' ? state : JSON.stringify(state));
