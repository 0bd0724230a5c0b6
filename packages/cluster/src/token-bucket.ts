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
  /**
   * Runs it now when there are as many tokens as it costs (default 1, at most the burst) and nobody waits, else in its turn. When it answers
   * false there was nothing to do any more, and it costs nothing.
   */
  take(run: () => unknown, cost?: number): void;
  /** Forgets whoever waits. */
  clear(): void;
  readonly waiting: number;
}

/** @source scale reference section D.3 (storm limits) */
export function createTokenBucket({ ambient, perS, burst }: TokenBucketOptions): TokenBucket {
  let queue: { readonly run: () => unknown; readonly cost: number }[] = [];
  let tokens = burst;
  let countedAtMs = ambient.now();
  let timer: Timer | undefined;

  function refill(): void {
    const nowMs = ambient.now();
    tokens = Math.min(burst, tokens + ((nowMs - countedAtMs) / 1_000) * perS());
    countedAtMs = nowMs;
  }

  /** A hair less is enough: time in fractions of a millisecond does not add up exactly. */
  const missing = ({ cost }: { readonly cost: number }): number => (tokens > cost - 0.000_001 ? 0 : cost - tokens);

  /** One that throws keeps nobody else waiting. */
  function attempt(run: () => unknown): unknown {
    try {
      return run();
    } catch (error) {
      ambient.log.error('what waited for its turn has failed', { error });
      return undefined;
    }
  }

  function serve(): void {
    timer = undefined;
    refill();
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const wait = missing(next);
      if (wait > 0) {
        timer ??= ambient.setTimer(serve, (wait / perS()) * 1_000);
        return;
      }
      queue.shift();
      tokens -= next.cost;
      if (attempt(next.run) === false) tokens += next.cost;
    }
  }

  return {
    take(run, cost = 1) {
      queue.push({ run, cost: Math.min(cost, burst) });
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
