/** What the network may ask of one edge. */
export interface EdgeLimits {
  /** Longest message, bytes. Default 65,536. */
  readonly maxBytes: number;
  /** Messages per second from one host that is no next hop of any line, in the long run. Default 2,000. */
  readonly perSourcePerS: number;
  /** And at once. Default 4,000. */
  readonly perSourceBurst: number;
  /** Hosts whose rate is watched at the same time; the longest silent one is forgotten first. Default 4,096. */
  readonly maxSources: number;
  /** Messages of hosts that are no next hop of any line: taken (default) or dropped. */
  readonly strangers: 'answer' | 'drop';
  /** How long the directory may take, ms. Default 2,000. */
  readonly directoryTimeoutMs: number;
  /** Requests that may wait for the directory. Default 1,000. */
  readonly maxWaiting: number;
}

export const defaultEdgeLimits: EdgeLimits = {
  maxBytes: 65_536,
  perSourcePerS: 2_000,
  perSourceBurst: 4_000,
  maxSources: 4_096,
  strangers: 'answer',
  directoryTimeoutMs: 2_000,
  maxWaiting: 1_000,
};

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A token bucket per source host, for a bounded number of hosts. */
export class SourceRates {
  readonly #limits: EdgeLimits;
  /** In the order of last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: EdgeLimits) {
    this.#limits = limits;
  }

  /** False: this host has had its share. */
  take(host: string, nowMs: number): boolean {
    const { perSourceBurst, perSourcePerS, maxSources } = this.#limits;
    const bucket = this.#buckets.get(host) ?? { tokens: perSourceBurst, atMs: nowMs };
    bucket.tokens = Math.min(perSourceBurst, bucket.tokens + ((nowMs - bucket.atMs) * perSourcePerS) / 1_000);
    bucket.atMs = nowMs;
    this.#buckets.delete(host);
    if (this.#buckets.size >= maxSources) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    this.#buckets.set(host, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
