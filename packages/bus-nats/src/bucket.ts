import {
  type Ambient,
  type KeyValue,
  type KeyValueChange,
  type KeyValueEntry,
  KeyValueError,
  readPattern,
  readSubject,
  type Subscription,
} from '@offhook/core';
import { headers, type MsgHdrs } from 'nats';
import { type BucketStream, ensureStream, operationHeader } from './bucket-stream.ts';
import { listEntries, watchBucket } from './bucket-watch.ts';
import { fault, type JetStream, JetStreamFault, readFault } from './jetstream.ts';

interface Latest {
  readonly revision: number;
  /** Undefined: the latest write is a deletion. */
  readonly value: Uint8Array | undefined;
}

interface StoredMessage {
  readonly seq: number;
  readonly data?: string;
  readonly hdrs?: string;
}

/** One bucket on JetStream. */
export class Bucket implements KeyValue {
  readonly #jetstream: JetStream;
  readonly #stream: BucketStream;
  readonly #ambient: Ambient;
  readonly #patienceMs: number;

  constructor(jetstream: JetStream, stream: BucketStream, ambient: Ambient, patienceMs: number) {
    this.#jetstream = jetstream;
    this.#stream = stream;
    this.#ambient = ambient;
    this.#patienceMs = patienceMs;
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    readSubject(key);
    const latest = await this.#latest(key);
    return latest?.value === undefined ? undefined : { key, value: latest.value, revision: latest.revision };
  }

  async entries(pattern: string): Promise<readonly KeyValueEntry[]> {
    readPattern(pattern);
    return listEntries(this.#surroundings(), pattern);
  }

  async put(key: string, value: Uint8Array, revision?: number): Promise<number> {
    readSubject(key);
    return this.#write(key, Uint8Array.from(value), revision);
  }

  async delete(key: string, revision?: number): Promise<void> {
    readSubject(key);
    await this.#write(key, undefined, revision);
  }

  watch(pattern: string, handler: (change: KeyValueChange) => void, onReady?: () => void): Subscription {
    readPattern(pattern);
    return watchBucket(this.#surroundings(), pattern, handler, onReady);
  }

  #surroundings() {
    return { jetstream: this.#jetstream, stream: this.#stream, ambient: this.#ambient, patienceMs: this.#patienceMs };
  }

  /** Undefined: never written. */
  async #latest(key: string): Promise<Latest | undefined> {
    const { prefix, stream } = this.#stream;
    try {
      const question = { last_by_subj: prefix + key };
      const { message } = await this.#jetstream.api(`STREAM.MSG.GET.${stream}`, question, this.#patienceMs);
      const { seq, data = '', hdrs = '' } = message as StoredMessage;
      const isDeleted = Buffer.from(hdrs, 'base64').includes(`${operationHeader}:`);
      return { revision: seq, value: isDeleted ? undefined : Uint8Array.from(Buffer.from(data, 'base64')) };
    } catch (error) {
      if (!(error instanceof JetStreamFault)) throw error;
      if (error.code === fault.noMessage) return undefined;
      if (error.code !== fault.noStream) throw readFault(error);
      // Whoever runs the server has taken the bucket away.
      await ensureStream(this.#jetstream, this.#stream, this.#patienceMs);
      return undefined;
    }
  }

  async #write(key: string, value: Uint8Array | undefined, revision: number | undefined): Promise<number> {
    try {
      return await this.#publish(key, value, revision);
    } catch (error) {
      if (!(error instanceof JetStreamFault)) throw error;
      if (error.code !== fault.wrongLastSequence) throw readFault(error);
      return this.#writeOverDeletion(key, value, revision);
    }
  }

  /** Revision 0 may also mean: deleted. The write of that deletion is then the latest one. */
  async #writeOverDeletion(key: string, value: Uint8Array | undefined, revision: number | undefined): Promise<number> {
    const conflict = (seen: string) => new KeyValueError('E_KV_CONFLICT', `key ${key} is ${seen}, not at revision ${revision}`);
    if (revision !== 0) throw conflict('written by somebody else');
    const latest = await this.#latest(key);
    if (latest === undefined || latest.value !== undefined) throw conflict(`at revision ${latest?.revision ?? 0}`);
    try {
      return await this.#publish(key, value, latest.revision);
    } catch (error) {
      if (!(error instanceof JetStreamFault)) throw error;
      throw error.code === fault.wrongLastSequence ? conflict('written by somebody else') : readFault(error);
    }
  }

  async #publish(key: string, value: Uint8Array | undefined, revision: number | undefined): Promise<number> {
    const block = writeHeaders(value === undefined, revision);
    const payload = value ?? new Uint8Array();
    const { seq } = await this.#jetstream.ask(this.#stream.prefix + key, payload, this.#patienceMs, {
      headers: block,
      // Whoever runs the server has taken the bucket away, or JetStream is not ready yet.
      onNobody: (leftMs) => ensureStream(this.#jetstream, this.#stream, leftMs),
    });
    return Number(seq);
  }
}

function writeHeaders(isDeletion: boolean, revision: number | undefined): MsgHdrs | undefined {
  if (!isDeletion && revision === undefined) return undefined;
  const block = headers();
  if (isDeletion) block.set(operationHeader, 'DEL');
  if (revision !== undefined) block.set('Nats-Expected-Last-Subject-Sequence', String(revision));
  return block;
}
