import { gunzipSync, gzipSync } from 'node:zlib';
import { type Ambient, ClusterError, type KeyValue, KeyValueError, type Subscription } from '@offhook/core';

export interface LineConfigStoreOptions {
  readonly config: KeyValue;
  readonly ambient: Ambient;
}

/** The configuration of a cluster, as it was written. */
export interface LineConfigDocument {
  readonly text: string;
  readonly revision: number;
}

/** One document for all lines of the cluster, so that nobody ever sees half of a change. */
export interface LineConfigStore {
  /** Undefined: there is none yet. @throws ClusterError (rejects) `E_CLUSTER_CONFIG`; KeyValueError `E_KV_UNAVAILABLE` */
  read(): Promise<LineConfigDocument | undefined>;
  /**
   * Writes if that revision is the latest; 0: there is none yet. Without `revision` it writes in any case.
   * @throws ClusterError (rejects) `E_CLUSTER_CONFIG` it was changed meanwhile, or is too large; KeyValueError `E_KV_UNAVAILABLE`
   */
  write(text: string, revision?: number): Promise<number>;
  /** Hands over the document as it is now, then each change. One that cannot be read is logged and changes nothing. */
  watch(handler: (document: LineConfigDocument) => void): Subscription;
}

const key = 'lines';
/** One message of the bus, its header aside, bytes. */
const maxBytes = 900 * 1024;
/** What a document may unpack to: it is read into memory, bytes. */
const maxTextBytes = 256 * 1024 * 1024;

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KB`;

export function createLineConfigStore({ config, ambient }: LineConfigStoreOptions): LineConfigStore {
  const unpack = (value: Uint8Array): string => gunzipSync(value, { maxOutputLength: maxTextBytes }).toString('utf8');

  function pack(text: string): Uint8Array {
    const packed = gzipSync(text);
    if (packed.length <= maxBytes) return packed;
    throw new ClusterError(
      'E_CLUSTER_CONFIG',
      `The configuration has ${kilobytes(Buffer.byteLength(text))}, ${kilobytes(packed.length)} packed; ` +
        `expected at most ${kilobytes(maxBytes)} packed. Use ranges (from, count) and templates instead of one entry per line.`,
    );
  }

  return {
    async read() {
      const entry = await config.get(key);
      if (entry === undefined) return undefined;
      try {
        return { text: unpack(entry.value), revision: entry.revision };
      } catch (cause) {
        throw new ClusterError(
          'E_CLUSTER_CONFIG',
          `The configuration of the cluster (revision ${entry.revision}) cannot be unpacked: ${(cause as Error).message}. ` +
            'Write it again with `offhook cluster apply FILE`.',
          { cause },
        );
      }
    },
    async write(text, revision) {
      try {
        return await config.put(key, pack(text), revision);
      } catch (cause) {
        if (!(cause instanceof KeyValueError) || cause.code !== 'E_KV_CONFLICT') throw cause;
        throw new ClusterError(
          'E_CLUSTER_CONFIG',
          `The configuration of the cluster is no longer the one at revision ${revision}: somebody else has changed it. ` +
            'Read it again, and apply your change to what is there now.',
          { cause },
        );
      }
    },
    watch: (handler) =>
      config.watch(key, ({ value, revision }) => {
        if (value === undefined) return;
        let text: string;
        try {
          text = unpack(value);
        } catch (error) {
          const fields = { code: 'E_CLUSTER_CONFIG', revision, error };
          ambient.log.error('the configuration of the cluster cannot be unpacked and changes nothing', fields);
          return;
        }
        handler({ text, revision });
      }),
  };
}
