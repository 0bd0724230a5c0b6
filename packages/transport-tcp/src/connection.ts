import type { Socket } from 'node:net';
import type { Ambient, DropReason, FlowFailureReason, Timer } from '@offhook/core';
import { createFramer, type FramerEvent } from '@offhook/sip';
import type { StreamFailure, StreamLimits } from './stream-options.ts';

export interface ConnectionOptions {
  readonly ambient: Ambient;
  readonly limits: StreamLimits;
  readonly maxBytes: number;
  /** The peer opened it: it must show soon that it speaks SIP. */
  readonly accepted: boolean;
  readFailure(error: unknown): StreamFailure;
  readonly events: ConnectionEvents;
}

export interface ConnectionEvents {
  message(bytes: Uint8Array): void;
  dropped(reason: DropReason): void;
  /** Once, as soon as it can no longer be used, whoever ended it. */
  ended(): void;
  /** Once, after `ended`, when it was not our own `close`. May come inside a call of ours. */
  lost(reason: FlowFailureReason, detail: string): void;
}

const pong = Buffer.from('\r\n');
const ping = Buffer.from('\r\n\r\n');
const tooLarge = new Set(['head-too-large', 'body-too-large']);

/** One stream: cuts what arrives into messages, answers pings, keeps what is queued within bounds, ends exactly once. */
export class Connection {
  /** Resolves when the system has let go of the socket. */
  readonly gone: Promise<void>;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #framer;
  #state: 'open' | 'ended' = 'open';
  #stallTimer: Timer | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#framer = createFramer({ maxHeadBytes: options.maxBytes, maxBodyBytes: options.maxBytes, maxHeaders: 256 });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#lose('closed', 'the peer closed the connection'));
    socket.on('error', (error) => {
      const { reason, detail } = options.readFailure(error);
      this.#lose(reason, detail);
    });
    this.gone = new Promise((resolve) => {
      socket.on('close', () => {
        this.#lose('closed', 'the connection was closed');
        resolve();
      });
    });
    if (options.accepted) this.#watch();
  }

  send(bytes: Uint8Array): void {
    if (this.#state === 'ended') return;
    const waiting = this.#socket.writableLength;
    const { maxQueuedBytes } = this.#options.limits;
    if (waiting > 0 && waiting + bytes.length > maxQueuedBytes) {
      this.#lose('error', `the peer does not read: ${waiting} bytes wait, at most ${maxQueuedBytes} may`);
      return;
    }
    if (ping.equals(bytes)) this.#framer.expectPong();
    this.#socket.write(bytes);
  }

  /** Our own end: what is queued still leaves, nothing is reported. */
  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#end();
      this.#socket.destroySoon();
      const linger = this.#options.ambient.setTimer(() => this.#socket.destroy(), this.#options.limits.lingerMs);
      this.#socket.once('close', () => this.#options.ambient.clearTimer(linger));
    }
    return this.gone;
  }

  #take(chunk: Buffer): void {
    if (this.#state === 'ended') return;
    const events = this.#framer.push(chunk);
    for (const event of events) {
      this.#handle(event);
      // A handler may have closed us: nothing is reported afterwards.
      if ((this.#state as string) === 'ended') return;
    }
    if (events.length > 0) this.#unwatch();
    if (this.#framer.pending > 0) this.#watch();
  }

  #handle(event: FramerEvent): void {
    const { maxBytes, events } = this.#options;
    if (event.type === 'message') {
      if (event.bytes.length > maxBytes) events.dropped('oversize');
      else events.message(event.bytes);
    } else if (event.type === 'fault') {
      events.dropped(tooLarge.has(event.reason) ? 'oversize' : 'framing');
      this.#lose('rejected', `what the peer sends cannot be cut into messages: ${event.reason}`);
    } else {
      events.dropped('keepalive');
      if (event.type === 'ping') this.send(pong);
    }
  }

  #lose(reason: FlowFailureReason, detail: string): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#socket.destroy();
    this.#options.events.lost(reason, detail);
  }

  #end(): void {
    this.#state = 'ended';
    this.#unwatch();
    this.#options.events.ended();
  }

  /** Starts the clock of a peer that owes us the rest of a message; more drops of it do not wind it again. */
  #watch(): void {
    const { ambient, limits, events } = this.#options;
    this.#stallTimer ??= ambient.setTimer(() => {
      events.dropped('stalled');
      this.#lose('rejected', `no whole message within ${limits.stallMs} ms`);
    }, limits.stallMs);
  }

  #unwatch(): void {
    this.#options.ambient.clearTimer(this.#stallTimer);
    this.#stallTimer = undefined;
  }
}
