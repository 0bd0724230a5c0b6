import type { Ambient } from '../ambient.ts';
import { readPattern, readSubject } from '../bus/rules.ts';
import type { Subscription } from '../contracts/bus.ts';
import type { KeyValue, KeyValueChange, KeyValueEntry, KeyValues } from '../contracts/key-value.ts';
import { KeyValueError } from '../errors.ts';

/** Buckets in memory, as a server that several clients share. */
export interface MemoryKeyValueServer {
  client(): MemoryKeyValues;
}

/** One client's way to the buckets. */
export interface MemoryKeyValues extends KeyValues {
  /** What is asked meanwhile fails after a while, and watchers hear nothing. */
  cut(): void;
  /** Watchers hear what they have missed. */
  mend(): void;
}

interface Stored {
  readonly value: Uint8Array | undefined;
  readonly revision: number;
}

interface Bucket {
  readonly keys: Map<string, Stored>;
  revision: number;
  readonly watchers: Set<(key: string, stored: Stored) => void>;
}

/** What a client that is cut off waits before it gives a question up. */
const patienceMs = 1_000;

function matches(pattern: readonly string[], key: string): boolean {
  const tokens = key.split('.');
  const open = pattern.at(-1) === '>';
  if (open ? tokens.length < pattern.length : tokens.length !== pattern.length) return false;
  return pattern.every((token, i) => token === '>' || token === '*' || token === tokens[i]);
}

class MemoryBucket implements KeyValue {
  readonly #bucket: Bucket;
  readonly #client: MemoryClient;

  constructor(bucket: Bucket, client: MemoryClient) {
    this.#bucket = bucket;
    this.#client = client;
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    readSubject(key);
    return this.#client.ask(() => entryOf(key, this.#bucket.keys.get(key)));
  }

  async entries(pattern: string): Promise<readonly KeyValueEntry[]> {
    const tokens = readPattern(pattern);
    return this.#client.ask(() =>
      [...this.#bucket.keys].flatMap(([key, stored]) => (matches(tokens, key) ? (entryOf(key, stored) ?? []) : [])),
    );
  }

  async put(key: string, value: Uint8Array, revision?: number): Promise<number> {
    readSubject(key);
    const bytes = Uint8Array.from(value);
    return this.#client.ask(() => this.#write(key, bytes, revision));
  }

  async delete(key: string, revision?: number): Promise<void> {
    readSubject(key);
    await this.#client.ask(() => this.#write(key, undefined, revision));
  }

  watch(pattern: string, handler: (change: KeyValueChange) => void, onReady?: () => void): Subscription {
    return this.#client.watch(this.#bucket, readPattern(pattern), handler, onReady);
  }

  #write(key: string, value: Uint8Array | undefined, expected: number | undefined): number {
    const bucket = this.#bucket;
    const known = bucket.keys.get(key);
    const isLatest = expected === undefined || expected === known?.revision || (expected === 0 && known?.value === undefined);
    if (!isLatest) throw new KeyValueError('E_KV_CONFLICT', `key ${key} is at revision ${known?.revision ?? 0}, not ${expected}`);
    bucket.revision += 1;
    const stored = { value, revision: bucket.revision };
    bucket.keys.set(key, stored);
    for (const watcher of bucket.watchers) watcher(key, stored);
    return bucket.revision;
  }
}

function entryOf(key: string, stored: Stored | undefined): KeyValueEntry | undefined {
  return stored?.value === undefined ? undefined : { key, value: stored.value, revision: stored.revision };
}

class MemoryClient implements MemoryKeyValues {
  readonly #ambient: Ambient;
  readonly #buckets: Map<string, Bucket>;
  readonly #catchUp = new Set<() => void>();
  #isCut = false;

  constructor(ambient: Ambient, buckets: Map<string, Bucket>) {
    this.#ambient = ambient;
    this.#buckets = buckets;
  }

  async bucket(name: string): Promise<KeyValue> {
    const bucket = this.#buckets.get(name) ?? { keys: new Map(), revision: 0, watchers: new Set() };
    this.#buckets.set(name, bucket);
    return new MemoryBucket(bucket, this);
  }

  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    this.#isCut = false;
    for (const catchUp of this.#catchUp) catchUp();
  }

  ask<T>(answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const unavailable = (): void => reject(new KeyValueError('E_KV_UNAVAILABLE', 'the buckets do not answer'));
      if (this.#isCut) this.#ambient.setTimer(unavailable, patienceMs);
      else
        this.#ambient.defer(() => {
          try {
            resolve(answer());
          } catch (error) {
            reject(error);
          }
        });
    });
  }

  watch(
    bucket: Bucket,
    pattern: readonly string[],
    handler: (change: KeyValueChange) => void,
    onReady?: () => void,
  ): Subscription {
    let toldRevision = 0;
    let isReady = false;
    let isOver = false;
    const later = (task: () => void): void => this.#ambient.defer(() => isOver || this.#isCut || task());
    const tell = (key: string, stored: Stored): void => {
      if (!matches(pattern, key)) return;
      later(() => {
        if (stored.revision <= toldRevision) return;
        toldRevision = stored.revision;
        this.#hand(() => handler({ key, ...stored }), key);
      });
    };
    const catchUp = (): void => {
      const { revision } = bucket;
      const isFirst = toldRevision === 0 && !isReady;
      const missed = [...bucket.keys].filter(([, { value }]) => !isFirst || value !== undefined);
      for (const each of missed.sort(([, a], [, b]) => a.revision - b.revision)) tell(...each);
      later(() => {
        if (isReady) return;
        isReady = true;
        toldRevision = Math.max(toldRevision, revision);
        if (onReady !== undefined) this.#hand(onReady, pattern.join('.'));
      });
    };
    bucket.watchers.add(tell);
    this.#catchUp.add(catchUp);
    catchUp();
    const end = (): void => {
      isOver = true;
      bucket.watchers.delete(tell);
      this.#catchUp.delete(catchUp);
    };
    return { unsubscribe: end, drain: async () => end() };
  }

  #hand(tell: () => void, key: string): void {
    try {
      tell();
    } catch (error) {
      this.#ambient.log.error('a watcher of a bucket failed', { key, error });
    }
  }
}

/** Buckets for tests in virtual time: each client of the server may be cut off from it. */
export function createMemoryKeyValueServer(ambient: Ambient): MemoryKeyValueServer {
  const buckets = new Map<string, Bucket>();
  return { client: () => new MemoryClient(ambient, buckets) };
}
