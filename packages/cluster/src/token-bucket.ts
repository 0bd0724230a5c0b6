import type { Ambient, Timer } from '@offhook/core';

export interface TokenBucketOptions {
  readonly ambient: Ambient;
  /** Tokens that come back per second; asked anew each time. */
  perS(): number;
  /** Tokens there are at most; at least 1. */
  readonly burst: number;
}

/** A queue that is served so many times per second: what moves lines never comes as a storm. */
export interface TokenBucket {
  /** Runs it now when there is a token and nobody waits, else in its turn. */
  take(run: () => void): void;
  /** Forgets whoever waits. */
  clear(): void;
  readonly waiting: number;
}

/** @source scale reference section D.3 (storm limits) */
export function createTokenBucket({ ambient, perS, burst }: TokenBucketOptions): TokenBucket {
  let queue: (() => void)[] = [];
  let tokens = burst;
  let countedAtMs = ambient.now();
  let timer: Timer | undefined;

  function refill(): void {
    const nowMs = ambient.now();
    tokens = Math.min(burst, tokens + ((nowMs - countedAtMs) / 1_000) * perS());
    countedAtMs = nowMs;
  }

  /** A hair less than one counts as one: time in fractions of a millisecond does not add up exactly. */
  const hasToken = (): boolean => tokens > 0.999_999;

  function serve(): void {
    timer = undefined;
    refill();
    while (hasToken()) {
      const run = queue.shift();
      if (run === undefined) return;
      tokens -= 1;
      run();
    }
    if (queue.length > 0) timer ??= ambient.setTimer(serve, ((1 - tokens) / perS()) * 1_000);
  }

  return {
    take(run) {
      queue.push(run);
      if (timer === undefined) serve();
    },
    clear() {
      queue = [];
      ambient.clearTimer(timer);
      timer = undefined;
    },
    get waiting() {
      return queue.length;
    },
  };
}
