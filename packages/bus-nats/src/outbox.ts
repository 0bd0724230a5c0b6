import { type Ambient, isFact, type Timer } from '@offhook/core';

/** What was dropped instead of being sent. */
export interface Dropped {
  /** SIP, commands, requests and their answers. */
  readonly messages: number;
  /** `offhook.*.fact.>`: these go first. */
  readonly facts: number;
}

/**
 * Credit: what may be under way without the server's word that it has it. A round trip of 5 ms lets 3 million messages a second through;
 * what a process holds for a server that is slow stays below it.
 */
const windowMessages = 16_384;
const windowBytes = 8 * 1_048_576;
/** Facts may use that much of it: a server that is slow gets SIP rather than reports of it. */
const factShare = 0.5;
/** The server is asked for its word after that much of the window, or that time. */
const markShare = 0.125;
const markMs = 250;
/** A server that owes its word for longer gets nothing more: what waits for it would arrive too late to be of use. @source RFC 3261 timer T1 */
const staleMs = 1_000;
/** An episode of dropping is over after that long without any. */
const calmMs = 5_000;

type Reason = 'connection lost' | 'server does not answer' | 'window full';

/** What may still be sent on a connection, and what was not. Publishing never blocks: beyond the window a message is dropped and counted. */
export class Outbox {
  readonly #ambient: Ambient;
  /** Resolves when the server has all that was sent before. */
  readonly #flush: () => Promise<void>;
  #isConnected = true;
  #isStale = false;
  #isOver = false;
  #messages = 0;
  #bytes = 0;
  #marked: { readonly messages: number; readonly bytes: number; readonly timer: Timer } | undefined;
  #markTimer: Timer | undefined;
  #droppedMessages = 0;
  #droppedFacts = 0;
  #episode: { readonly before: Dropped; lastMs: number } | undefined;

  constructor(ambient: Ambient, flush: () => Promise<void>) {
    this.#ambient = ambient;
    this.#flush = flush;
  }

  get dropped(): Dropped {
    return { messages: this.#droppedMessages, facts: this.#droppedFacts };
  }

  /** May it be sent? If not it is counted. */
  admits(subject: string, bytes: number): boolean {
    const reason = this.#refusal(subject, bytes);
    if (reason === undefined) {
      if (this.#episode !== undefined) this.#calm(this.#episode);
      return true;
    }
    this.#note(reason);
    if (isFact(subject)) this.#droppedFacts++;
    else this.#droppedMessages++;
    return false;
  }

  /** It was handed to the connection. */
  sent(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
    if (this.#marked !== undefined) return;
    if (this.#messages >= windowMessages * markShare || this.#bytes >= windowBytes * markShare) this.#mark();
    else this.#markTimer ??= this.#ambient.setTimer(() => this.#mark(), markMs);
  }

  /** Nothing of what is under way counts any more. */
  lost(): void {
    this.#isConnected = false;
    this.#forget();
  }

  found(): void {
    this.#isConnected = true;
    this.#forget();
  }

  end(): void {
    this.#isOver = true;
    this.#forget();
  }

  #refusal(subject: string, bytes: number): Reason | undefined {
    if (!this.#isConnected) return 'connection lost';
    if (this.#isStale) return 'server does not answer';
    const messages = this.#messages + 1;
    // One message alone may be larger than any share.
    const total = this.#messages === 0 ? 0 : this.#bytes + bytes;
    if (messages <= windowMessages * factShare && total <= windowBytes * factShare) return undefined;
    return isFact(subject) || messages > windowMessages || total > windowBytes ? 'window full' : undefined;
  }

  #mark(): void {
    this.#ambient.clearTimer(this.#markTimer);
    this.#markTimer = undefined;
    if (this.#marked !== undefined || this.#isOver || !this.#isConnected) return;
    // Deferred: an answer that is here already, but was not read while this process was busy, comes first.
    const isLate = (): void =>
      this.#ambient.defer(() => {
        if (this.#marked === mark) this.#isStale = true;
      });
    const mark = { messages: this.#messages, bytes: this.#bytes, timer: this.#ambient.setTimer(isLate, staleMs) };
    this.#marked = mark;
    this.#flush().then(
      () => {
        if (this.#marked !== mark) return;
        const [messages, bytes] = [this.#messages - mark.messages, this.#bytes - mark.bytes];
        this.#forget();
        [this.#messages, this.#bytes] = [messages, bytes];
        if (messages > 0) this.#markTimer = this.#ambient.setTimer(() => this.#mark(), markMs);
      },
      // The connection has gone: whoever watches it says so.
      () => {},
    );
  }

  #forget(): void {
    this.#ambient.clearTimer(this.#marked?.timer);
    this.#ambient.clearTimer(this.#markTimer);
    this.#marked = undefined;
    this.#markTimer = undefined;
    this.#isStale = false;
    [this.#messages, this.#bytes] = [0, 0];
  }

  #note(reason: Reason): void {
    const lastMs = this.#ambient.now();
    if (this.#episode !== undefined) this.#episode.lastMs = lastMs;
    else {
      this.#episode = { before: this.dropped, lastMs };
      this.#ambient.log.warn('bus drops messages', { reason });
    }
  }

  #calm({ before, lastMs }: { readonly before: Dropped; readonly lastMs: number }): void {
    if (this.#ambient.now() < lastMs + calmMs) return;
    this.#episode = undefined;
    const { messages, facts } = this.dropped;
    this.#ambient.log.info('bus drops no more', { messages: messages - before.messages, facts: facts - before.facts });
  }
}
