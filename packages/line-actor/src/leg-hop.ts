import {
  type Bus,
  decodeJson,
  encodeClose,
  encodeJson,
  type FlowFailure,
  type Leg,
  type LineKey,
  type OpenEnvelope,
  type OpenReply,
  type Subjects,
} from '@offhook/core';
import type { Hop } from '@offhook/sip';
import type { LegIdentity } from './identity.ts';

/** A hop with what Contact and SDP need of it. */
export interface LegHop extends Hop {
  readonly contactHostPort: string;
  /** Our own address on this flow, an IP literal. */
  readonly localHost: string;
}

export type HopResult = { readonly hop: LegHop } | { readonly failure: Pick<FlowFailure, 'reason' | 'detail'> };

/** The open flow of one leg, asked of the edge when it is first needed and again after it was lost. */
export interface LegHops {
  /** Answers at once when the flow is open. */
  use(timeoutMs: number, onResult: (result: HopResult) => void): void;
  current(): LegHop | undefined;
  /** The next use asks the edge again: name resolution and connection start anew. */
  forget(): void;
  /** The edge may close the flow: nothing is sent on it any more. */
  close(): void;
}

export interface LegHopsOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edge: string;
  readonly key: LineKey;
  readonly leg: Leg;
  readonly target: LegIdentity['target'];
  /** A caller of `use` threw when it got its answer later. */
  onError(error: unknown): void;
}

/** The bus waits a little longer than the edge, so that the edge's own answer arrives. */
const graceMs = 2_000;

const readHop = (reply: Extract<OpenReply, { ok: true }>): LegHop => ({
  flow: reply.flow,
  protocol: reply.protocol,
  reliable: reply.reliable,
  viaSentBy: reply.viaSentBy,
  contactHostPort: reply.contactHostPort,
  localHost: reply.local.host,
});

export function createLegHops(options: LegHopsOptions): LegHops {
  let hop: LegHop | undefined;
  let waiting: ((result: HopResult) => void)[] = [];
  let attempt = 0;
  let isClosed = false;

  function settle(forAttempt: number, result: HopResult): void {
    if (forAttempt !== attempt) return;
    if ('hop' in result) hop = result.hop;
    // It was opened for somebody who has left meanwhile.
    if (isClosed) return release();
    const callers = waiting;
    waiting = [];
    for (const caller of callers) caller(result);
  }

  function open(timeoutMs: number): void {
    attempt += 1;
    const mine = attempt;
    const { bus, subjects, edge, key, leg, target } = options;
    const envelope: OpenEnvelope = { target, line: key, leg, timeoutMs };
    bus
      .request(subjects.edge(edge, 'open'), encodeJson(envelope), { timeoutMs: timeoutMs + graceMs })
      .then(({ payload }): HopResult => {
        const reply = decodeJson<OpenReply>(payload);
        if (reply.ok) return { hop: readHop(reply) };
        return { failure: { reason: reply.reason === 'unresolved' ? 'error' : reply.reason, detail: reply.detail } };
      })
      .catch((error: unknown): HopResult => {
        return { failure: { reason: 'error', detail: `edge ${edge} gave no answer: ${String(error)}` } };
      })
      .then((result) => settle(mine, result))
      .catch(options.onError);
  }

  function release(): void {
    if (hop === undefined) return;
    const { bus, subjects, edge, key, leg } = options;
    const { flow } = hop;
    hop = undefined;
    try {
      bus.publish(subjects.edge(edge, 'close'), new Uint8Array(0), { headers: encodeClose(flow, key, leg) });
    } catch {
      // The bus is closed: the edge is out of reach, and so are its flows.
    }
  }

  return {
    use(timeoutMs, onResult) {
      if (hop !== undefined) return onResult({ hop });
      waiting.push(onResult);
      if (waiting.length === 1) open(timeoutMs);
    },
    current: () => hop,
    forget() {
      hop = undefined;
    },
    close() {
      isClosed = true;
      waiting = [];
      release();
    },
  };
}
