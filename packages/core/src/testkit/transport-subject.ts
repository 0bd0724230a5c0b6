import type { Ambient } from '../ambient.ts';
import type { DropReason, Endpoint, FlowFailure, Inbound, OpenFlow, Transport, TransportHost } from '../contracts/transport.ts';
import type { Closable } from './kit.ts';

/** Somebody outside the contract who puts bytes on the network as they are. */
export interface Stranger {
  readonly local: Endpoint;
  /** One datagram, or one write of a stream. */
  send(bytes: Uint8Array): void;
  /** Everything heard so far; resolves at the next bytes after `seen` of them. */
  heard(seen: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A transport under test and the network it stands on. */
export interface TransportSubject extends Closable {
  readonly ambient: Ambient;
  /** A transport, not started: on `at`, or on port 0 of an address the subject chooses. */
  create(at?: Endpoint): Transport;
  /** A stranger who speaks to `to` (streams: is connected to it). */
  stranger(to: Endpoint): Promise<Stranger>;
  /** Where nobody listens, on a host that says so. */
  deadEnd(): Promise<Endpoint>;
  /** Waits for what the network brings; a virtual world runs its clock meanwhile. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** Streams: lets a message that has begun to arrive run out of its time, or a long time pass where it has none. */
  stall?(): Promise<void>;
  /** How long the network may take for anything, ms of the subject's clock. Default 5,000. */
  readonly patienceMs?: number;
}

/** @throws Error with the sentence when the rule does not hold */
export function claim(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}

const text = new TextEncoder();

/** The least a framing transport takes for a message. `body` may hold anything. */
export function sampleMessage(id: string, body: Uint8Array = new Uint8Array()): Uint8Array {
  const head = text.encode(`OPTIONS sip:kit SIP/2.0\r\nCall-ID: ${id}\r\nContent-Length: ${body.length}\r\n\r\n`);
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return message;
}

export const sameBytes = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A host that remembers, and lets a case wait for what it is told. */
export class HostRecorder implements TransportHost {
  readonly messages: Inbound[] = [];
  readonly failures: FlowFailure[] = [];
  readonly drops: DropReason[] = [];
  readonly #watchers = new Set<() => void>();

  message(inbound: Inbound): void {
    this.messages.push(inbound);
    this.#changed();
  }

  flowFailed(failure: FlowFailure): void {
    this.failures.push(failure);
    this.#changed();
  }

  dropped(reason: DropReason): void {
    this.drops.push(reason);
    this.#changed();
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Resolves when `reached` says so, now or after any later report. */
  until(reached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (!reached()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }
}

/** A started transport with all it reported. */
export interface Station {
  readonly transport: Transport;
  readonly host: HostRecorder;
  readonly at: Endpoint;
}

/** What a case works with; everything it started is stopped when it ends. */
export interface Scene {
  station(at?: Endpoint): Promise<Station>;
  stranger(to: Endpoint): Promise<Stranger>;
  /** Opens a flow to a station. */
  open(from: Station, to: Endpoint, owner?: string): Promise<OpenFlow>;
  wait<T>(promise: Promise<T>, what: string): Promise<T>;
  /** Waits for the n-th message there. */
  message(at: Station, n?: number): Promise<Inbound>;
  /** Resolves when all that was under way has arrived: two round trips between stations of their own. */
  settle(): Promise<void>;
}

/** Runs one case and cleans up after it. */
export async function onStage(subject: TransportSubject, play: (scene: Scene) => Promise<void>): Promise<void> {
  const cleanup: (() => Promise<void>)[] = [];
  const { ambient, patienceMs = 5_000 } = subject;

  async function wait<T>(promise: Promise<T>, what: string): Promise<T> {
    let giveUp: () => void = () => {};
    const deadline = new Promise<never>((_, reject) => {
      giveUp = () => reject(new Error(`waited ${patienceMs} ms in vain for ${what}`));
    });
    const timer = ambient.setTimer(giveUp, patienceMs);
    try {
      return await subject.wait(Promise.race([promise, deadline]));
    } finally {
      ambient.clearTimer(timer);
    }
  }

  const scene: Scene = {
    async station(at) {
      const transport = subject.create(at);
      const host = new HostRecorder();
      // Twice: a mutant may sleep through the first.
      cleanup.push(() => transport.stop().catch(() => {}));
      cleanup.push(() => transport.stop());
      const [bound] = await wait(transport.start(host), 'start');
      claim(bound !== undefined, 'start resolves with the address it serves');
      return { transport, host, at: bound };
    },
    async stranger(to) {
      const stranger = await wait(subject.stranger(to), 'a stranger');
      cleanup.push(() => stranger.close());
      return stranger;
    },
    open: (from, to, owner = 'line/primary') => wait(from.transport.open({ remote: to, owner, timeoutMs: patienceMs }), 'open'),
    wait,
    async message({ host }, n = 1) {
      await wait(
        host.until(() => host.messages.length >= n),
        `message ${n}`,
      );
      return host.messages[n - 1] as Inbound;
    },
    async settle() {
      const [a, b] = [await scene.station(), await scene.station()];
      const { flow } = await scene.open(a, b.at);
      for (let round = 1; round <= 2; round++) {
        a.transport.send(flow, sampleMessage('there'));
        const { flow: back } = await scene.message(b, round);
        b.transport.send(back, sampleMessage('back'));
        await scene.message(a, round);
      }
    },
  };

  try {
    await play(scene);
  } finally {
    for (const clean of cleanup.reverse()) await clean().catch(() => {});
  }
}
