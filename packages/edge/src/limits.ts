import { type LimitsConfig, readAddress } from '@offhook/core';

/** What the network may ask of one edge. */
export interface EdgeLimits
  extends Pick<LimitsConfig, 'maxBytes' | 'perSourcePerS' | 'perSourceBurst' | 'totalPerS' | 'totalBurst'>,
    Pick<LimitsConfig, 'perServerPerS' | 'perServerBurst'> {
  /** Hosts whose rate is watched at the same time; the longest silent one is forgotten first. Default 4,096. */
  readonly maxSources: number;
  /** Messages of hosts that are no server of any line: dropped (default) or accepted. */
  readonly strangers: 'drop' | 'accept';
  /** How long the directory may take, ms. Default 2,000. */
  readonly directoryTimeoutMs: number;
  /** Requests that may wait for the directory. Default 1,000. */
  readonly maxWaiting: number;
}

export const defaultEdgeLimits: EdgeLimits = {
  maxBytes: 65_536,
  perSourcePerS: 200,
  perSourceBurst: 400,
  totalPerS: 2_000,
  totalBurst: 4_000,
  perServerPerS: 0,
  perServerBurst: 0,
  maxSources: 4_096,
  strangers: 'drop',
  directoryTimeoutMs: 2_000,
  maxWaiting: 1_000,
};

/** Fills up at a steady rate, up to its burst. */
interface Rate {
  readonly perS: number;
  readonly burst: number;
}

/** When it was last used, and what was left then. */
interface Bucket {
  tokens: number;
  atMs: number;
}

function takeFrom(bucket: Bucket, { perS, burst }: Rate, nowMs: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(nowMs - bucket.atMs, 0) * perS) / 1_000);
  bucket.atMs = nowMs;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

/** Whoever has one IPv6 address has 2^64 of them. @source RFC 4291 section 2.5.4, RFC 6177 */
export function sourceOf(host: string): string {
  return host.includes(':') ? (readAddress(host)?.slice(0, 8).join('.') ?? host) : host;
}

/** A token bucket per source, for a bounded number of sources. */
class SourceBuckets {
  readonly #rate: Rate;
  readonly #max: number;
  /** In the order of last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, max: number) {
    this.#rate = rate;
    this.#max = max;
  }

  take(source: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(source) ?? { tokens: this.#rate.burst, atMs: nowMs };
    this.#buckets.delete(source);
    if (this.#buckets.size >= this.#max) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    this.#buckets.set(source, bucket);
    return takeFrom(bucket, this.#rate, nowMs);
  }
}

export type RateVerdict = 'droppedRate' | 'droppedTotalRate' | 'droppedServerRate' | undefined;

/** How much each host, and all strangers together, may still send. */
export class InboundRates {
  readonly #strangers: SourceBuckets;
  readonly #total: Rate;
  readonly #all: Bucket;
  readonly #servers: SourceBuckets | undefined;

  constructor(limits: EdgeLimits) {
    const { perSourcePerS, perSourceBurst, totalPerS, totalBurst, perServerPerS, maxSources } = limits;
    this.#strangers = new SourceBuckets({ perS: perSourcePerS, burst: perSourceBurst }, maxSources);
    this.#total = { perS: totalPerS, burst: totalBurst };
    this.#all = { tokens: totalBurst, atMs: 0 };
    const serverBurst = limits.perServerBurst || 2 * perServerPerS;
    this.#servers = perServerPerS === 0 ? undefined : new SourceBuckets({ perS: perServerPerS, burst: serverBurst }, maxSources);
  }

  stranger(host: string, nowMs: number): RateVerdict {
    if (!this.#strangers.take(sourceOf(host), nowMs)) return 'droppedRate';
    // Sources can be forged, and then each datagram has one of its own.
    return takeFrom(this.#all, this.#total, nowMs) ? undefined : 'droppedTotalRate';
  }

  server(host: string, nowMs: number): RateVerdict {
    return this.#servers?.take(host, nowMs) === false ? 'droppedServerRate' : undefined;
  }
}
