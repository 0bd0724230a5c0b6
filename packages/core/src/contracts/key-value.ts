import type { Subscription } from './bus.ts';

/**
 * A bucket of keys whose writes are ordered: compare-and-set on a revision is what ownership rests on. Keys are tokens joined by dots,
 * patterns those of the bus.
 * @source NATS ADR-8 (JetStream based key-value stores)
 */
export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Rises with every write to the bucket. */
  readonly revision: number;
}

/** A write as a watcher hears of it; without `value` the key was deleted. */
export interface KeyValueChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly revision: number;
}

export interface KeyValue {
  /** @throws KeyValueError (rejects) `E_KV_UNAVAILABLE` */
  get(key: string): Promise<KeyValueEntry | undefined>;
  /** Every key that matches, as it is now. @throws KeyValueError (rejects) `E_KV_UNAVAILABLE` */
  entries(pattern: string): Promise<readonly KeyValueEntry[]>;
  /**
   * Writes if the latest write of the key is that revision; 0: the key must not be there. Without `revision` it writes in any case.
   * Resolves with the revision of this write.
   * @throws KeyValueError (rejects) `E_KV_CONFLICT` somebody else has written; `E_KV_UNAVAILABLE` no answer in time: it may have happened
   */
  put(key: string, value: Uint8Array, revision?: number): Promise<number>;
  /** As `put`: with a revision only if that is the latest. @throws KeyValueError (rejects) `E_KV_CONFLICT`, `E_KV_UNAVAILABLE` */
  delete(key: string, revision?: number): Promise<void>;
  /**
   * Hands over every key that matches as it is now, then `onReady`, then each change in order of revision. A connection that is lost and
   * found leaves no gap: the latest write of each key is told, perhaps a second time. A handler that throws is logged.
   */
  watch(pattern: string, handler: (change: KeyValueChange) => void, onReady?: () => void): Subscription;
}

/** Buckets by name; what is written to one outlives whoever wrote it. */
export interface KeyValues {
  /** Opens it, and makes it when it is not there. @throws KeyValueError (rejects) `E_KV_UNAVAILABLE` with what to do */
  bucket(name: string): Promise<KeyValue>;
}
