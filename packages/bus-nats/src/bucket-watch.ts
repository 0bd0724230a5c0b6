import type { Ambient, KeyValueChange, KeyValueEntry, Subscription, Timer } from '@offhook/core';
import { createInbox, type Msg, type Subscription as NatsSubscription } from 'nats';
import { type BucketStream, ensureStream, operationHeader } from './bucket-stream.ts';
import { type JetStream, JetStreamFault, readFault, unavailable } from './jetstream.ts';

export interface Surroundings {
  readonly jetstream: JetStream;
  readonly stream: BucketStream;
  readonly ambient: Ambient;
  readonly patienceMs: number;
}

interface Listener {
  change(change: KeyValueChange): void;
  ready(): void;
  /** It could not be made: ends it, or goes without saying and it is tried again. */
  failed?(error: unknown): void;
}

/** How often the server says that a consumer is idle, and how long it may say nothing at all. */
const idleHeartbeatMs = 2_000;
const silenceMs = 5_000;
/** Before a watch that could not be made is tried again. */
const retryMs = 1_000;

/** What a message of a consumer says of itself in its reply subject. @source NATS ADR-15 (JetStream subscribe) */
function readPosition(message: Msg) {
  const tokens = message.reply?.split('.') ?? [];
  // With domain and account there are two more in front.
  const from = tokens.length > 9 ? 6 : 4;
  const [, revision, delivery, , pending] = tokens.slice(from).map(Number);
  return { revision: revision ?? 0, delivery: delivery ?? 0, pending: pending ?? 0 };
}

function readChange(message: Msg, prefix: string, revision: number): KeyValueChange {
  const { data, headers } = message;
  const isDeleted = (headers?.get(operationHeader) ?? '') !== '';
  const value = isDeleted ? undefined : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { key: message.subject.slice(prefix.length), value, revision };
}

/** The life of one consumer: from asking for it to the first gap. */
interface Run {
  readonly subscription: NatsSubscription;
  /** Deletions are news: something was told before. */
  readonly tellsDeletions: boolean;
  delivered: number;
}

/**
 * A watch: an unnamed consumer that starts with the latest message of each subject. When the connection is found again, when a message is missing
 * or the server says nothing, it starts anew; what was told of the same server is left out.
 */
class Watch {
  readonly #at: Surroundings;
  readonly #pattern: string;
  readonly #listener: Listener;
  readonly #endBack: () => void;
  #run: Run | undefined;
  #timer: Timer | undefined;
  #source: string | undefined;
  #told = 0;
  #isReady = false;
  #isOver = false;
  /** It was said already that it cannot be made. */
  #isFailing = false;

  constructor(at: Surroundings, pattern: string, listener: Listener) {
    this.#at = at;
    this.#pattern = pattern;
    this.#listener = listener;
    this.#endBack = at.jetstream.onBack(() => void this.#start());
    void this.#start();
  }

  end(): void {
    this.#isOver = true;
    this.#endBack();
    this.#stopRun();
  }

  #stopRun(): void {
    this.#at.ambient.clearTimer(this.#timer);
    if (this.#run !== undefined && !this.#at.jetstream.connection.isClosed()) this.#run.subscription.unsubscribe();
    this.#run = undefined;
  }

  async #start(): Promise<void> {
    if (this.#isOver || this.#at.jetstream.connection.isClosed()) return;
    this.#stopRun();
    const { jetstream, stream, patienceMs } = this.#at;
    const inbox = createInbox();
    const run: Run = {
      subscription: jetstream.connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error === null && this.#run === run) this.#take(run, message);
        },
      }),
      tellsDeletions: this.#isReady || this.#told > 0,
      delivered: 0,
    };
    this.#run = run;
    try {
      const created = await ensureStream(jetstream, stream, patienceMs);
      if (this.#run !== run) return;
      // Another bucket of that name counts its writes anew. So may a server that started again: what its disk had not taken is gone.
      const source = `${jetstream.connection.info?.server_id} ${created}`;
      if (this.#source !== source) this.#told = 0;
      this.#source = source;
      const { num_pending } = await createConsumer(this.#at, this.#pattern, inbox);
      if (this.#run !== run) return;
      if (num_pending === 0 && run.delivered === 0) this.#ready();
      this.#isFailing = false;
      this.#expectLife();
    } catch (error) {
      if (this.#run !== run) return;
      if (this.#listener.failed !== undefined)
        return this.#listener.failed(error instanceof JetStreamFault ? readFault(error) : error);
      if (!this.#isFailing) this.#at.ambient.log.warn('a watch of a bucket could not be made', { bucket: stream.name, error });
      this.#isFailing = true;
      this.#again(retryMs);
    }
  }

  #again(delayMs: number): void {
    this.#at.ambient.clearTimer(this.#timer);
    this.#timer = this.#at.ambient.setTimer(() => void this.#start(), delayMs);
  }

  #expectLife(): void {
    this.#again(silenceMs);
  }

  #take(run: Run, message: Msg): void {
    this.#expectLife();
    if (message.headers?.code === 100) return this.#takeControl(run, message);
    const { revision, delivery, pending } = readPosition(message);
    if (delivery !== run.delivered + 1) return void this.#start();
    run.delivered = delivery;
    if (revision > this.#told) {
      this.#told = revision;
      const change = readChange(message, this.#at.stream.prefix, revision);
      if (change.value !== undefined || run.tellsDeletions || this.#isReady) this.#hand(() => this.#listener.change(change));
    }
    if (pending === 0) this.#ready();
  }

  /** Idle heartbeats, and flow control that waits for an answer. @source NATS ADR-15 */
  #takeControl(run: Run, message: Msg): void {
    const stalled = message.headers?.get('Nats-Consumer-Stalled');
    const waiting = message.reply || stalled;
    if (waiting) this.#at.jetstream.connection.publish(waiting);
    const last = message.headers?.get('Nats-Last-Consumer');
    if (last !== undefined && last !== '' && Number(last) !== run.delivered) return void this.#start();
    // Idle: nothing of the beginning is left, even if its last message was overwritten before it came.
    if (!message.reply && !stalled) this.#ready();
  }

  #ready(): void {
    if (this.#isReady || this.#isOver) return;
    this.#isReady = true;
    this.#hand(() => this.#listener.ready());
  }

  #hand(tell: () => void): void {
    if (this.#isOver) return;
    try {
      tell();
    } catch (error) {
      this.#at.ambient.log.error('a watcher of a bucket failed', { bucket: this.#at.stream.name, error });
    }
  }
}

/** It ends by itself soon after nobody listens on `inbox` any more. */
const createConsumer = ({ jetstream, stream: { stream, prefix }, patienceMs }: Surroundings, pattern: string, inbox: string) =>
  jetstream.api(
    `CONSUMER.CREATE.${stream}`,
    {
      stream_name: stream,
      config: {
        deliver_subject: inbox,
        deliver_policy: 'last_per_subject',
        replay_policy: 'instant',
        ack_policy: 'none',
        max_deliver: 1,
        filter_subject: prefix + pattern,
        idle_heartbeat: idleHeartbeatMs * 1_000_000,
        flow_control: true,
        mem_storage: true,
        num_replicas: 1,
      },
    },
    patienceMs,
  );

export function watchBucket(
  at: Surroundings,
  pattern: string,
  change: (change: KeyValueChange) => void,
  ready: () => void = () => {},
): Subscription {
  const watch = new Watch(at, pattern, { change, ready });
  return { unsubscribe: () => watch.end(), drain: async () => watch.end() };
}

/** Every key that matches, as it is now. @throws KeyValueError (rejects) `E_KV_UNAVAILABLE`, also when nothing more comes for as long as the patience */
export async function listEntries(at: Surroundings, pattern: string): Promise<readonly KeyValueEntry[]> {
  const { ambient, patienceMs } = at;
  const found = new Map<string, KeyValueEntry>();
  return new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    const end = (settle: () => void): void => {
      ambient.clearTimer(timer);
      watch.end();
      settle();
    };
    const isSilent = (): void =>
      end(() => reject(unavailable('the bucket is not listed in time', 'see whether nats-server runs and its disk keeps up')));
    const noteProgress = (): void => {
      ambient.clearTimer(timer);
      timer = ambient.setTimer(isSilent, patienceMs);
    };
    const change = ({ key, value, revision }: KeyValueChange): void => {
      noteProgress();
      if (value === undefined) found.delete(key);
      else found.set(key, { key, value, revision });
    };
    const ready = (): void => end(() => resolve([...found.values()]));
    const watch = new Watch(at, pattern, { change, ready, failed: (error) => end(() => reject(error)) });
    noteProgress();
  });
}
