/**
 * The message bus every SIP message crosses. Subject rules are those of NATS: tokens separated by dots, `*` matches one token,
 * `>` one or more at the end, one member of each queue group receives a message.
 * @source NATS subject-based messaging
 */
export type BusHeaders = Readonly<Record<string, string>>;

export interface BusMessage {
  readonly subject: string;
  /** Never changed after publish: in process it is the publisher's own bytes. */
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  /** Set when the publisher waits for an answer. */
  readonly reply?: string;
  /** Answers a request; without `reply`, or once the bus is closed, nothing happens. @throws BusError `E_BUS_PAYLOAD` */
  respond(payload: Uint8Array, headers?: BusHeaders): void;
}

export type BusHandler = (message: BusMessage) => void;

export interface Subscription {
  /** No delivery after it returns. */
  unsubscribe(): void;
  /** Delivers what is queued, then unsubscribes. */
  drain(): Promise<void>;
}

export interface PublishOptions {
  readonly headers?: BusHeaders;
  readonly reply?: string;
}

export interface SubscribeOptions {
  /** Members of one queue group share the messages. */
  readonly queue?: string;
  /** Unsubscribes after that many deliveries. */
  readonly max?: number;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly headers?: BusHeaders;
}

export interface Bus {
  /**
   * Delivery is asynchronous (never inside the caller's stack), in order per publisher and subject. Between processes it is at most once: what
   * cannot be sent now is dropped, so that publishing neither blocks nor piles up.
   * @throws BusError `E_BUS_SUBJECT` bad subject, `E_BUS_PAYLOAD` above 1 MiB with headers, or a header that would not arrive
   * unchanged; `E_BUS_CLOSED`
   */
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  /**
   * False: nobody would be given a message published on this subject now, so it need not be made. True when that cannot be known.
   * @throws BusError `E_BUS_SUBJECT`
   */
  reaches(subject: string): boolean;
  /** A handler that throws is logged and keeps its subscription. @throws BusError `E_BUS_SUBJECT`, `E_BUS_CLOSED` */
  subscribe(subject: string, handler: BusHandler, options?: SubscribeOptions): Subscription;
  /** @throws BusError (rejects) `E_BUS_NO_RESPONDERS` at once when nobody listens, `E_BUS_TIMEOUT`, `E_BUS_CLOSED` */
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<BusMessage>;
  /**
   * Resolves once everything published so far has been handed to its subscribers (in process) or to the server.
   * @throws BusError (rejects) `E_BUS_CLOSED` when the way to the server is lost meanwhile
   */
  flush(): Promise<void>;
  /** Delivers what is queued, then closes. Idempotent. */
  drain(): Promise<void>;
}
