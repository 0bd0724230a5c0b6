import { afterEach } from 'vitest';

/** What a test started is ended after it, last come, first gone. */
export function createCleanup() {
  const pending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const clean of pending.splice(0).reverse()) await clean();
  });
  return async function keep<T>(starting: Promise<T>, end: (started: T) => Promise<unknown>): Promise<T> {
    const started = await starting;
    pending.push(() => end(started));
    return started;
  };
}
