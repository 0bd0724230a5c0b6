import type { Ambient, Timer } from '../ambient.ts';
import type { BusMessage } from '../contracts/bus.ts';
import { BusError } from '../errors.ts';

interface Waiting {
  readonly subject: string;
  readonly timer: Timer;
  resolve(answer: BusMessage): void;
  reject(error: BusError): void;
}

/** A request under way: where its answer goes, and the answer. */
export interface PendingRequest {
  readonly reply: string;
  readonly answer: Promise<BusMessage>;
}

/**
 * The requests a bus waits for: all share one inbox subscription (`pattern`), each has its own token below it. Timeouts run on ambient
 * timers and are gone with the answer. For those who write a `Bus`.
 */
export class RequestTable {
  /** What the bus subscribes once. */
  readonly pattern: string;
  readonly #ambient: Ambient;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  /** `name`: one subject token, unique among the buses that share a server. */
  constructor(ambient: Ambient, name: string) {
    this.#ambient = ambient;
    this.#inbox = `_INBOX.${name}.`;
    this.pattern = `${this.#inbox}*`;
  }

  /** `answer` rejects with `E_BUS_TIMEOUT` after `timeoutMs`. */
  open(subject: string, timeoutMs: number): PendingRequest {
    const reply = this.#inbox + (++this.#count).toString(36);
    const answer = new Promise<BusMessage>((resolve, reject) => {
      const timer = this.#ambient.setTimer(() => {
        this.fail(reply, new BusError('E_BUS_TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(reply, { subject, timer, resolve, reject });
    });
    return { reply, answer };
  }

  /** An answer came. The first one counts; one without a request is dropped. */
  settle(message: BusMessage): void {
    this.#take(message.subject)?.resolve(message);
  }

  /** Nobody listens where the request of this `reply` went. */
  noResponders(reply: string): void {
    const subject = this.#waiting.get(reply)?.subject;
    this.fail(reply, new BusError('E_BUS_NO_RESPONDERS', `nobody listens on ${subject}; is the process that serves it running?`));
  }

  /** Every request under way fails with `E_BUS_CLOSED`. */
  close(): void {
    for (const reply of [...this.#waiting.keys()])
      this.fail(reply, new BusError('E_BUS_CLOSED', 'the bus was closed before an answer came'));
  }

  /** The request of this `reply` ends with an error; one that has ended is ignored. */
  fail(reply: string, error: BusError): void {
    this.#take(reply)?.reject(error);
  }

  #take(reply: string): Waiting | undefined {
    const waiting = this.#waiting.get(reply);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(reply);
    this.#ambient.clearTimer(waiting.timer);
    return waiting;
  }
}
