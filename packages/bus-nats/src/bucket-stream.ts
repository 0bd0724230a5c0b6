import { fault, type JetStream, JetStreamFault, readFault } from './jetstream.ts';

/** What is the same for every question about one bucket. */
export interface BucketStream {
  readonly name: string;
  readonly stream: string;
  /** Before each key in the subject of a message. */
  readonly prefix: string;
  readonly replicas: number;
}

/** In a message that deletes its key. @source NATS ADR-8 */
export const operationHeader = 'KV-Operation';

/** A bucket is a stream that keeps one message per subject. @source NATS ADR-8 */
export const bucketStream = (name: string, replicas: number): BucketStream => ({
  name,
  stream: `KV_${name}`,
  prefix: `$KV.${name}.`,
  replicas,
});

const streamConfig = ({ stream, prefix, replicas }: BucketStream): object => ({
  name: stream,
  subjects: [`${prefix}>`],
  retention: 'limits',
  max_msgs_per_subject: 1,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msg_size: -1,
  // Writes that find no room are refused: nothing is thrown away for them.
  discard: 'new',
  storage: 'file',
  num_replicas: replicas,
  duplicate_window: 120_000_000_000,
  deny_delete: true,
  allow_rollup_hdrs: true,
  // Reads go to the leader: a replica may be behind, and ownership rests on what is read.
  allow_direct: false,
});

/**
 * Looks for the stream of a bucket and makes it when it is not there; says when that was made: another instant is another bucket.
 * @throws KeyValueError (rejects) `E_KV_UNAVAILABLE`
 */
export async function ensureStream(jetstream: JetStream, bucket: BucketStream, patienceMs: number): Promise<string> {
  const { stream } = bucket;
  try {
    return createdAt(await jetstream.api(`STREAM.INFO.${stream}`, undefined, patienceMs));
  } catch (error) {
    if (!(error instanceof JetStreamFault)) throw error;
    if (error.code !== fault.noStream) throw readFault(error);
  }
  try {
    return createdAt(await jetstream.api(`STREAM.CREATE.${stream}`, streamConfig(bucket), patienceMs));
  } catch (error) {
    if (!(error instanceof JetStreamFault)) throw error;
    // Somebody else was quicker, with other settings: theirs are in force.
    if (error.code !== fault.nameInUse) throw readFault(error);
    return createdAt(await jetstream.api(`STREAM.INFO.${stream}`, undefined, patienceMs));
  }
}

const createdAt = ({ created }: Record<string, unknown>): string => String(created);
