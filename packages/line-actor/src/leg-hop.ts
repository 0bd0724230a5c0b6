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

  function settle(forAttempt: number, result: HopResult): void {
    if (forAttempt !== attempt) return;
    if ('hop' in result) hop = result.hop;
    const callers = waiting;
    waiting = [];
    for (const caller of callers) caller(result);
  }

  function open(timeoutMs: number): void {
    attempt += 1;
    const mine = attempt;
    const { bus, subjects, edge, key, leg, target } = options;
    const envelope: OpenEnvelope = { target, line: key, leg, timeoutMs };
    bus.request(subjects.edge(edge, 'open'), encodeJson(envelope), { timeoutMs: timeoutMs + graceMs }).then(
      (message) => {
        const reply = decodeJson<OpenReply>(message.payload);
        if (reply.ok) return settle(mine, { hop: readHop(reply) });
        settle(mine, { failure: { reason: reply.reason === 'unresolved' ? 'error' : reply.reason, detail: reply.detail } });
      },
      (error: unknown) => settle(mine, { failure: { reason: 'error', detail: `edge ${edge} did not answer: ${String(error)}` } }),
    );
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
      if (hop === undefined) return;
      const { bus, subjects, edge, key, leg } = options;
      bus.publish(subjects.edge(edge, 'close'), new Uint8Array(0), { headers: encodeClose(hop.flow, key, leg) });
      hop = undefined;
    },
  };
}
