import type { Ambient } from '../ambient.ts';
import type {
  Bus,
  BusHandler,
  BusHeaders,
  BusMessage,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
  Subscription,
} from '../contracts/bus.ts';
import { BusError } from '../errors.ts';
import { type Interested, InterestIndex } from './interest.ts';
import { RequestTable } from './request-table.ts';
import { assertMessage, assertQueue, assertSubject } from './rules.ts';

export interface MemoryBusOptions {
  readonly ambient: Ambient;
  /** Every delivery gets its own copy of payload and headers: proves that nobody relies on shared references. Default false. */
  readonly copy?: boolean;
}

/** Deliveries in one turn of the event loop: a burst must not hold up sockets and timers. */
const sliceSize = 256;
/** ms. They end sooner when they take long, as they do while memory is being collected. */
const sliceMs = 3;
/** Who is asked, and who awaits an answer, may go on after the slice, out of its sight: of these there are so many times fewer. */
const awaitedWeight = 16;
const noHeaders: BusHeaders = Object.freeze({});

class MemoryMessage implements BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  declare readonly reply?: string;
  readonly #bus: MemoryBus;

  constructor(bus: MemoryBus, subject: string, payload: Uint8Array, headers: BusHeaders, reply: string | undefined) {
    this.#bus = bus;
    this.subject = subject;
    this.payload = payload;
    this.headers = headers;
    if (reply !== undefined) this.reply = reply;
  }

  respond(payload: Uint8Array, headers?: BusHeaders): void {
    if (this.reply !== undefined) this.#bus.answer(this.reply, payload, headers);
  }

  copy(): MemoryMessage {
    return new MemoryMessage(this.#bus, this.subject, new Uint8Array(this.payload), { ...this.headers }, this.reply);
  }
}

class MemorySubscription implements Subscription, Interested {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly handler: BusHandler;
  /** Deliveries it may still be given. */
  left: number;
  /** False: what is queued for it is dropped. */
  active = true;
  readonly #bus: MemoryBus;

  constructor(bus: MemoryBus, pattern: string, handler: BusHandler, { queue, max }: SubscribeOptions) {
    this.#bus = bus;
    this.pattern = pattern;
    this.queue = queue;
    this.handler = handler;
    this.left = max ?? Number.POSITIVE_INFINITY;
  }

  unsubscribe(): void {
    if (!this.active) return;
    this.active = false;
    this.#bus.forget(this);
  }

  async drain(): Promise<void> {
    this.#bus.forget(this);
    await this.#bus.flush();
    this.active = false;
  }
}

interface Delivery {
  readonly to: MemorySubscription;
  readonly message: MemoryMessage;
}

class MemoryBus implements Bus {
  readonly #ambient: Ambient;
  readonly #copy: boolean;
  readonly #index = new InterestIndex<MemorySubscription>();
  readonly #requests: RequestTable;
  /** Where answers arrive. */
  readonly #inbox: Subscription;
  /** Being delivered, from `#head` on; what arrives meanwhile waits in `#arriving`. Together first in, first out. */
  #delivering: (Delivery | undefined)[] = [];
  #head = 0;
  #arriving: Delivery[] = [];
  #scheduled = false;
  #queued = 0;
  #delivered = 0;
  #flushing: { readonly until: number; readonly resolve: () => void }[] = [];
  #state: 'open' | 'draining' | 'closed' = 'open';
  #drained: Promise<void> | undefined;

  constructor({ ambient, copy = false }: MemoryBusOptions) {
    this.#ambient = ambient;
    this.#copy = copy;
    this.#requests = new RequestTable(ambient, 'local');
    this.#inbox = this.subscribe(this.#requests.pattern, (answer) => this.#requests.settle(answer));
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    if (this.#state === 'closed') throw closed();
    if (options?.reply !== undefined) assertSubject(options.reply);
    this.#publish(subject, payload, options?.headers, options?.reply);
  }

  reaches(subject: string): boolean {
    const { plain, groups } = this.#index.route(subject);
    return plain.length + groups.length > 0;
  }

  subscribe(subject: string, handler: BusHandler, options: SubscribeOptions = {}): Subscription {
    if (this.#state !== 'open') throw closed();
    assertQueue(options.queue);
    const subscription = new MemorySubscription(this, subject, handler, options);
    this.#index.add(subscription);
    return subscription;
  }

  async request(subject: string, payload: Uint8Array, { timeoutMs, headers }: RequestOptions): Promise<BusMessage> {
    if (this.#state !== 'open') throw closed();
    assertSubject(subject);
    assertMessage(payload, headers);
    const { reply, answer } = this.#requests.open(subject, timeoutMs);
    if (this.#publish(subject, payload, headers, reply) === 0) this.#ambient.defer(() => this.#requests.noResponders(reply));
    return answer;
  }

  flush(): Promise<void> {
    if (this.#delivered === this.#queued) return Promise.resolve();
    return new Promise((resolve) => this.#flushing.push({ until: this.#queued, resolve }));
  }

  drain(): Promise<void> {
    this.#drained ??= this.#close();
    return this.#drained;
  }

  /** An answer that comes after the end has nobody to go to: it is no error of the one who answers. */
  answer(reply: string, payload: Uint8Array, headers: BusHeaders | undefined): void {
    if (this.#state !== 'closed') this.#publish(reply, payload, headers, undefined);
  }

  /** Routes nothing more to it. */
  forget(subscription: MemorySubscription): void {
    this.#index.remove(subscription);
  }

  async #close(): Promise<void> {
    this.#state = 'draining';
    this.#index.clear();
    await this.flush();
    this.#state = 'closed';
    this.#requests.close();
  }

  /** Who gets a message is settled here, as on a server: later subscribers do not. Returns how many do. */
  #publish(subject: string, payload: Uint8Array, headers: BusHeaders | undefined, reply: string | undefined): number {
    const { plain, groups } = this.#index.route(subject);
    assertMessage(payload, headers);
    const count = plain.length + groups.length;
    if (count === 0) return 0;
    const message = new MemoryMessage(this, subject, payload, headers ?? noHeaders, reply);
    for (const to of plain) this.#queue(to, message);
    for (const group of groups) {
      const chosen = group.length === 1 ? 0 : Math.floor(this.#ambient.random() * group.length);
      this.#queue(group[chosen] as MemorySubscription, message);
    }
    return count;
  }

  #queue(to: MemorySubscription, message: MemoryMessage): void {
    if (--to.left === 0) this.forget(to);
    this.#queued++;
    this.#arriving.push({ to, message: this.#copy ? message.copy() : message });
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#ambient.defer(this.#deliverSlice);
    }
  }

  readonly #deliverSlice = (): void => {
    const endMs = this.#ambient.now() + sliceMs;
    for (let budget = sliceSize; budget > 0; ) {
      if (this.#ambient.now() > endMs) break;
      if (this.#head === this.#delivering.length) {
        this.#delivering = this.#arriving;
        this.#arriving = [];
        this.#head = 0;
      }
      const delivery = this.#delivering[this.#head];
      if (delivery === undefined) break;
      // A long queue must not hold what it has handed over.
      this.#delivering[this.#head++] = undefined;
      budget -= delivery.to === this.#inbox || delivery.message.reply !== undefined ? awaitedWeight : 1;
      this.#deliver(delivery);
    }
    this.#scheduled = this.#delivered < this.#queued;
    if (this.#scheduled) this.#ambient.defer(this.#deliverSlice);
    while (this.#flushing[0] !== undefined && this.#flushing[0].until <= this.#delivered) this.#flushing.shift()?.resolve();
  };

  #deliver({ to, message }: Delivery): void {
    try {
      if (to.active) to.handler(message);
    } catch (error) {
      this.#ambient.log.error('bus handler failed', { subject: message.subject, error });
    }
    this.#delivered++;
  }
}

const closed = (): BusError => new BusError('E_BUS_CLOSED', 'the bus is closed; nothing can be sent or subscribed after drain()');

/**
 * The bus inside one process, with the subject rules of NATS. Messages go by reference; who gets one is settled when it is published,
 * delivery follows through `ambient.defer`, first in first out, in slices. At rest it holds no timer and no deferred task.
 */
export function createMemoryBus(options: MemoryBusOptions): Bus {
  return new MemoryBus(options);
}
