import {
  type Ambient,
  assertMessage,
  assertQueue,
  type Bus,
  BusError,
  type BusHandler,
  type BusHeaders,
  type BusMessage,
  type PublishOptions,
  type RequestOptions,
  RequestTable,
  randomToken,
  readPattern,
  readSubject,
  type SubscribeOptions,
  type Subscription,
  type Timer,
} from '@offhook/core';
import { InvalidArgumentError, type Msg, type NatsConnection, type Subscription as NatsSubscription, type Status } from 'nats';
import { isNoResponders, NatsMessage, toNatsHeaders } from './nats-message.ts';
import { type Dropped, Outbox } from './outbox.ts';

export interface NatsBusStatus {
  readonly state: 'connected' | 'reconnecting' | 'closed';
  /** `host:port` of the server in use, or of the last one. */
  readonly server: string;
  /** Times the connection was lost and found again. */
  readonly reconnects: number;
  /** Since the start: what was published while the connection was lost, or faster than the server takes it. */
  readonly dropped: Dropped;
}

/**
 * Publishing never blocks and never piles up: what is published while the connection is lost, or while the server is behind by a whole window,
 * is dropped and counted. A request that is dropped fails with `E_BUS_TIMEOUT` after its time, as one whose answer is lost.
 */
export interface NatsBus extends Bus {
  status(): NatsBusStatus;
}

/** What a server is given to take what is queued when the bus ends. */
const drainMs = 3_000;

const closed = (cause?: unknown): BusError =>
  new BusError('E_BUS_CLOSED', 'the connection to nats-server is closed; nothing can be sent or subscribed', { cause });

/** The Bus contract over a connection: same checks before sending and the same request table as the bus in process. */
export class ConnectedBus implements NatsBus {
  readonly #connection: NatsConnection;
  readonly #ambient: Ambient;
  readonly #requests: RequestTable;
  readonly #outbox: Outbox;
  #state: 'open' | 'draining' | 'closed' = 'open';
  #connected = true;
  #reconnects = 0;
  #server: string;
  #drained: Promise<void> | undefined;

  constructor(connection: NatsConnection, ambient: Ambient) {
    this.#connection = connection;
    this.#ambient = ambient;
    this.#server = connection.getServer();
    this.#outbox = new Outbox(ambient, () => connection.flush());
    this.#requests = new RequestTable(ambient, randomToken(ambient, 110));
    connection.subscribe(this.#requests.pattern, {
      callback: (error, message) => {
        if (error !== null) this.#ambient.log.error('bus cannot receive answers', { error });
        else if (isNoResponders(message)) this.#requests.noResponders(message.subject);
        else this.#requests.settle(new NatsMessage(message, this.#answer));
      },
    });
    void this.#watch();
    void connection.closed().then((error) => this.#ended(error));
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    if (this.#state === 'closed') throw closed();
    readSubject(subject);
    if (options?.reply !== undefined) readSubject(options.reply);
    this.#publish(subject, payload, options?.headers, options?.reply);
  }

  /** Who listens elsewhere, only the server knows. */
  reaches(subject: string): boolean {
    readSubject(subject);
    return true;
  }

  subscribe(subject: string, handler: BusHandler, options: SubscribeOptions = {}): Subscription {
    if (this.#state !== 'open') throw closed();
    readPattern(subject);
    assertQueue(options.queue);
    const subscription = this.#connection.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (error !== null) this.#ambient.log.error('bus subscription refused', { subject, error });
        else this.#deliver(handler, message);
      },
    });
    return this.#handle(subscription);
  }

  async request(subject: string, payload: Uint8Array, { timeoutMs, headers }: RequestOptions): Promise<BusMessage> {
    if (this.#state !== 'open') throw closed();
    readSubject(subject);
    assertMessage(payload, headers);
    const { reply, answer } = this.#requests.open(subject, timeoutMs);
    try {
      this.#publish(subject, payload, headers, reply);
    } catch (error) {
      this.#requests.fail(reply, error as BusError);
    }
    return answer;
  }

  async flush(): Promise<void> {
    if (this.#state === 'closed') return;
    // A flush that the end of the connection overtakes is never answered.
    await Promise.race([this.#connection.flush(), this.#connection.closed()]).catch((error: unknown) => {
      if (this.#state === 'open') throw closed(error);
    });
  }

  drain(): Promise<void> {
    this.#drained ??= this.#close();
    return this.#drained;
  }

  status(): NatsBusStatus {
    const state = this.#state === 'closed' ? 'closed' : this.#connected ? 'connected' : 'reconnecting';
    return { state, server: this.#server, reconnects: this.#reconnects, dropped: this.#outbox.dropped };
  }

  async #close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'draining';
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#ambient.setTimer(resolve, drainMs);
    });
    // Without a server, or with one that stands still, there is nothing to hand over to: then it just ends.
    await Promise.race([this.#connection.drain().catch(() => {}), late]);
    this.#ambient.clearTimer(timer);
    await this.#connection.close();
    this.#ended();
  }

  #publish(subject: string, payload: Uint8Array, headers: BusHeaders | undefined, reply: string | undefined): void {
    assertMessage(payload, headers);
    if (!this.#outbox.admits(subject, payload.length)) return;
    const natsHeaders = toNatsHeaders(headers);
    try {
      this.#connection.publish(subject, payload, {
        ...(natsHeaders === undefined ? {} : { headers: natsHeaders }),
        ...(reply === undefined ? {} : { reply }),
      });
      this.#outbox.sent(payload.length);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw closed(error);
      const limit = this.#connection.info?.max_payload;
      throw new BusError(
        'E_BUS_PAYLOAD',
        `message of ${payload.length} bytes and its headers; this nats-server takes ${limit} (max_payload)`,
      );
    }
  }

  /** An answer that comes after the end has nobody to go to: it is no error of the one who answers. */
  readonly #answer = (reply: string, payload: Uint8Array, headers?: BusHeaders): void => {
    if (this.#state !== 'closed' && !this.#connection.isClosed()) this.#publish(reply, payload, headers, undefined);
  };

  #deliver(handler: BusHandler, message: Msg): void {
    if (isNoResponders(message)) return;
    try {
      handler(new NatsMessage(message, this.#answer));
    } catch (error) {
      this.#ambient.log.error('bus handler failed', { subject: message.subject, error });
    }
  }

  #handle(subscription: NatsSubscription): Subscription {
    const over = (): boolean => this.#connection.isClosed() || subscription.isClosed();
    return {
      unsubscribe: () => {
        if (!over()) subscription.unsubscribe();
      },
      drain: async () => {
        if (!over()) await subscription.drain();
      },
    };
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#note(status);
  }

  #note(status: Status): void {
    if (status.type === 'disconnect') {
      this.#connected = false;
      this.#outbox.lost();
      if (this.#state === 'open') this.#ambient.log.warn('bus connection lost', { server: status.server });
    } else if (status.type === 'reconnect') {
      this.#connected = true;
      this.#outbox.found();
      this.#reconnects++;
      this.#server = status.server;
      this.#ambient.log.info('bus connection back', { server: status.server });
    } else if (status.type === 'error') {
      this.#ambient.log.error('bus server complains', { error: status.error });
    }
  }

  #ended(error?: unknown): void {
    if (this.#state === 'open') this.#ambient.log.error('bus connection closed', { server: this.#server, error });
    this.#state = 'closed';
    this.#outbox.end();
    this.#requests.close();
  }
}
