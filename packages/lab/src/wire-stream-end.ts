import type { Endpoint, Flow, FlowFailureReason, Protocol, TransportHost } from '@offhook/core';
import { createFramer } from '@offhook/sip';
import { createLane, type Traffic } from './wire-traffic.ts';

/** Faults of size rather than form. */
const tooLarge = new Set<string>(['head-too-large', 'body-too-large']);
const keepalive = new TextEncoder().encode('\r\n');
const isPing = (bytes: Uint8Array): boolean => Buffer.from(bytes).equals(Buffer.from('\r\n\r\n'));

export interface StreamEndOptions {
  readonly traffic: Traffic;
  readonly protocol: Protocol;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly flow: Flow;
  /** Longest piece a message arrives in, bytes. */
  readonly segmentBytes: number | undefined;
  /** Whom to report to; undefined once the transport stopped. */
  readonly host: () => TransportHost | undefined;
  /** Called once, when this end is over. */
  readonly onGone: () => void;
}

/** One end of a stream connection. */
export interface StreamEnd {
  readonly flow: Flow;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly protocol: Protocol;
  readonly gone: boolean;
  /** The other end, known once the connection was accepted. */
  peer: StreamEnd | undefined;
  send(bytes: Uint8Array): void;
  receive(bytes: Uint8Array): void;
  /** We close in good order: the far end hears of it, our host does not. */
  close(): void;
  /** The connection breaks here, our host hears of it, and so does the far end. */
  cut(reason: 'closed' | 'reset' | 'rejected', detail: string): void;
  /** The far end is gone. */
  fail(reason: FlowFailureReason, detail: string): void;
}

export function createStreamEnd(options: StreamEndOptions): StreamEnd {
  const { traffic, protocol, local, remote, flow, segmentBytes, host } = options;
  const { ambient } = traffic;
  const framer = createFramer();
  const out = createLane();
  let gone = false;

  function leave(): boolean {
    if (gone) return false;
    gone = true;
    options.onGone();
    return true;
  }

  function report(reason: FlowFailureReason, detail: string): void {
    ambient.defer(() => host()?.flowFailed({ flow, remote, reason, detail, atMs: ambient.now() }));
  }

  function sign(kind: 'fin' | 'reset'): void {
    const reason = kind === 'fin' ? 'closed' : 'reset';
    traffic.segment(out, { from: local, to: remote, protocol, kind }, () => end.peer?.fail(reason, `the far end sent ${kind}`));
  }

  function send(bytes: Uint8Array): void {
    if (gone) return;
    const copy = bytes.slice();
    if (isPing(bytes)) framer.expectPong();
    traffic.segment(out, { from: local, to: remote, protocol, kind: 'data', bytes: copy }, () => end.peer?.receive(copy));
  }

  function take(chunk: Uint8Array): void {
    for (const event of framer.push(chunk)) {
      if (gone) return;
      if (event.type === 'message') host()?.message({ bytes: event.bytes, flow, local, remote, atMs: ambient.now() });
      else if (event.type === 'fault') {
        host()?.dropped(tooLarge.has(event.reason) ? 'oversize' : 'framing', remote);
        end.cut('rejected', `unreadable stream: ${event.reason}`);
      } else {
        host()?.dropped('keepalive', remote);
        if (event.type === 'ping') send(keepalive);
      }
    }
  }

  const end: StreamEnd = {
    flow,
    local,
    remote,
    protocol,
    peer: undefined,
    get gone() {
      return gone;
    },
    send,
    receive(bytes) {
      const step = segmentBytes ?? bytes.length;
      for (let at = 0; at < bytes.length && !gone; at += step) take(bytes.subarray(at, at + step));
    },
    close() {
      if (leave()) sign('fin');
    },
    cut(reason, detail) {
      if (!leave()) return;
      report(reason, detail);
      sign(reason === 'closed' ? 'fin' : 'reset');
    },
    fail(reason, detail) {
      if (leave()) report(reason, detail);
    },
  };
  return end;
}
