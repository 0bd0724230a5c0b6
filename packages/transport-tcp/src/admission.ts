import type { Socket } from 'node:net';
import { type Ambient, type DropReason, type Endpoint, formatEndpoint, type Timer } from '@offhook/core';
import { AcceptedCount } from './accepted.ts';
import type { Gate, StreamLimits } from './stream-options.ts';

export interface AdmissionEvents {
  accepted(socket: Socket, remote: Endpoint): void;
  dropped(reason: DropReason, remote: Endpoint): void;
}

interface HalfOpen {
  readonly socket: Socket;
  readonly timer: Timer;
}

const remoteOf = ({ remoteAddress, remotePort }: Socket): Endpoint | undefined =>
  remoteAddress === undefined || remotePort === undefined ? undefined : { host: remoteAddress, port: remotePort };

/** The door of a listening transport: how many may stand in it, and how long each has to come in. */
export class Admission implements Gate {
  readonly #ambient: Ambient;
  readonly #stallMs: number;
  readonly #events: AdmissionEvents;
  readonly #count: AcceptedCount;
  /** Connected, not yet ready for SIP, by both ends. */
  readonly #halfOpen = new Map<string, HalfOpen>();
  #isClosed = false;

  constructor(limits: StreamLimits, ambient: Ambient, events: AdmissionEvents) {
    this.#ambient = ambient;
    this.#stallMs = limits.stallMs;
    this.#events = events;
    this.#count = new AcceptedCount(limits);
  }

  knock(socket: Socket): boolean {
    // Whoever takes it over listens too; until then nobody else would.
    socket.on('error', () => {});
    const remote = remoteOf(socket);
    if (remote === undefined || this.#isClosed || !this.#count.enter(remote.host)) {
      socket.destroy();
      if (remote !== undefined && !this.#isClosed) this.#events.dropped('limit', remote);
      return false;
    }
    const name = this.#nameOf(socket);
    const timer = this.#ambient.setTimer(() => {
      if (this.#forget(name)) this.#events.dropped('stalled', remote);
      socket.destroy();
    }, this.#stallMs);
    this.#halfOpen.set(name, { socket, timer });
    socket.once('close', () => {
      this.#count.leave(remote.host);
      if (this.#forget(name) && !this.#isClosed) this.#events.dropped('framing', remote);
    });
    return true;
  }

  ready(socket: Socket): void {
    const remote = remoteOf(socket);
    // Gone before it was looked at.
    if (remote === undefined || !this.#forget(this.#nameOf(socket))) return void socket.destroy();
    this.#events.accepted(socket, remote);
  }

  /** Nobody comes in any more; who stands in the door is shown out. */
  close(): void {
    this.#isClosed = true;
    for (const { socket } of this.#halfOpen.values()) socket.destroy();
  }

  #forget(name: string): boolean {
    const known = this.#halfOpen.get(name);
    this.#ambient.clearTimer(known?.timer);
    return this.#halfOpen.delete(name);
  }

  #nameOf({ localAddress = '', remoteAddress = '', remotePort = 0 }: Socket): string {
    return `${localAddress} ${formatEndpoint({ host: remoteAddress, port: remotePort })}`;
  }
}
