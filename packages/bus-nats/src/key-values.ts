import { type Ambient, type KeyValue, type KeyValues, readToken } from '@offhook/core';
import type { NatsConnection } from 'nats';
import { Bucket } from './bucket.ts';
import { bucketStream, ensureStream } from './bucket-stream.ts';
import { type ConnectionOptions, dial } from './connect.ts';
import { JetStream } from './jetstream.ts';

export interface KeyValueOptions {
  /** Servers that keep each bucket that is made here: 1, 3 or 5. Default 1. */
  readonly replicas?: number;
  /** What a question waits for its answer at most, ms. Default 1,000, so that a heartbeat never hangs. */
  readonly patienceMs?: number;
}

export interface NatsKeyValues extends KeyValues {
  /** Ends the connection; watches hear nothing more. Idempotent. */
  close(): Promise<void>;
}

const defaultPatienceMs = 1_000;
/** To make a bucket takes the servers of a cluster longer than to answer. */
const openPatienceMs = 5_000;

/** Buckets over a connection that is there already. */
export function keyValuesOver(connection: NatsConnection, ambient: Ambient, options: KeyValueOptions): KeyValues {
  const { replicas = 1, patienceMs = defaultPatienceMs } = options;
  const jetstream = new JetStream(connection, ambient);
  return {
    async bucket(name): Promise<KeyValue> {
      const stream = bucketStream(readToken(name), replicas);
      await ensureStream(jetstream, stream, openPatienceMs);
      return new Bucket(jetstream, stream, ambient, patienceMs);
    },
  };
}

/**
 * The buckets of a nats-server with JetStream, over a connection of their own.
 * @throws BusError (rejects) `E_BUS_CONNECT`
 */
export async function openNatsKeyValues(options: ConnectionOptions & KeyValueOptions): Promise<NatsKeyValues> {
  const connection = await dial(options);
  const values = keyValuesOver(connection, options.ambient, options);
  return { bucket: (name) => values.bucket(name), close: () => connection.close() };
}
