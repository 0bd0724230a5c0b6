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
  type OpenTarget,
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

/** The edge a line is at: another object for each edge, and for each life of one. No flow outlives it. */
export interface EdgeAt {
  readonly name: string;
}

/** What the hops need of their line. */
export interface LegHopsLine {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edgeAt: EdgeAt;
  /** Whoever takes the line over goes on with its flows: they are left as they are. */
  readonly keepsFlows: boolean;
  readonly key: LineKey;
  /** A caller of `use` threw when it got its answer later. */
  fail(error: unknown): void;
}

/** The bus waits a little longer than the edge, so that the edge's own answer arrives. */
const graceMs = 2_000;
const nobody: readonly ((result: HopResult) => void)[] = [];

const readHop = (reply: Extract<OpenReply, { ok: true }>): LegHop => ({
  flow: reply.flow,
  protocol: reply.protocol,
  reliable: reply.reliable,
  viaSentBy: reply.viaSentBy,
  contactHostPort: reply.contactHostPort,
  localHost: reply.local.host,
});

const latest = new WeakMap<OpenTarget, LegHop>();
const parts = ['flow', 'protocol', 'reliable', 'viaSentBy', 'contactHostPort', 'localHost'] as const satisfies (keyof LegHop)[];

/** Lines that reach a server over one flow hold one hop. */
function shared(target: OpenTarget, hop: LegHop): LegHop {
  const known = latest.get(target);
  if (known !== undefined && parts.every((part) => known[part] === hop[part])) return known;
  latest.set(target, hop);
  return hop;
}

/** A class, because a process holds one for each leg of its lines. */
class EdgeHops implements LegHops {
  private readonly line: LegHopsLine;
  private readonly leg: Leg;
  private readonly target: LegIdentity['target'];
  /** Where the hop was opened, or is being opened. */
  private openedAt: EdgeAt;
  private hop: LegHop | undefined = undefined;
  private waiting: readonly ((result: HopResult) => void)[] = nobody;
  private attempt = 0;
  private isClosed = false;

  constructor(line: LegHopsLine, leg: Leg, target: LegIdentity['target']) {
    this.line = line;
    this.leg = leg;
    this.target = target;
    this.openedAt = line.edgeAt;
  }

  use(timeoutMs: number, onResult: (result: HopResult) => void): void {
    const hop = this.current();
    if (hop !== undefined) return onResult({ hop });
    const isOpening = this.waiting.length > 0 && this.openedAt === this.line.edgeAt;
    this.waiting = [...this.waiting, onResult];
    if (!isOpening) this.open(timeoutMs);
  }

  current(): LegHop | undefined {
    return this.openedAt === this.line.edgeAt ? this.hop : undefined;
  }

  forget(): void {
    this.hop = undefined;
  }

  close(): void {
    this.isClosed = true;
    this.waiting = nobody;
    this.release();
  }

  private open(timeoutMs: number): void {
    // That of an edge the line has left.
    this.release();
    this.attempt += 1;
    const mine = this.attempt;
    const { bus, subjects, edgeAt, key } = this.line;
    this.openedAt = edgeAt;
    const edge = edgeAt.name;
    const envelope: OpenEnvelope = { target: this.target, line: key, leg: this.leg, timeoutMs };
    bus
      .request(subjects.edge(edge, 'open'), encodeJson(envelope), { timeoutMs: timeoutMs + graceMs })
      .then(({ payload }): HopResult => {
        const reply = decodeJson<OpenReply>(payload);
        if (reply.ok) return { hop: shared(this.target, readHop(reply)) };
        return { failure: { reason: reply.reason === 'unresolved' ? 'error' : reply.reason, detail: reply.detail } };
      })
      .catch((error: unknown): HopResult => {
        return { failure: { reason: 'error', detail: `edge ${edge} gave no answer: ${String(error)}` } };
      })
      .then((result) => this.settle(mine, result, timeoutMs))
      .catch((error: unknown) => this.line.fail(error));
  }

  private settle(forAttempt: number, result: HopResult, timeoutMs: number): void {
    if (forAttempt !== this.attempt) return;
    if ('hop' in result) this.hop = result.hop;
    // It was opened for somebody who has left meanwhile.
    if (this.isClosed) return this.release();
    if (this.openedAt !== this.line.edgeAt) return this.open(timeoutMs);
    const callers = this.waiting;
    this.waiting = nobody;
    for (const caller of callers) caller(result);
  }

  private release(): void {
    if (this.hop === undefined) return;
    const { bus, subjects, key, keepsFlows } = this.line;
    const { flow } = this.hop;
    this.hop = undefined;
    if (keepsFlows) return;
    try {
      bus.publish(subjects.edge(this.openedAt.name, 'close'), new Uint8Array(0), { headers: encodeClose(flow, key, this.leg) });
    } catch {
      // The bus is closed: the edge is out of reach, and so are its flows.
    }
  }
}

export const createLegHops = (line: LegHopsLine, leg: Leg, target: LegIdentity['target']): LegHops =>
  new EdgeHops(line, leg, target);
