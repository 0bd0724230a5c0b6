import type { Leg } from './decision.ts';
import type { Endpoint, Flow, Protocol } from './transport.ts';

/** A confirmed INVITE dialog as its owner holds it. @source RFC 3261 section 12 */
export interface DialogFacts {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly remoteTarget: string;
  /** In the order of our requests. */
  readonly routeSet: readonly string[];
  /** Of our latest request; 0: we have sent none. */
  readonly localSeq: number;
  /** Of the far side's latest request; absent: it has sent none. */
  readonly remoteSeq?: number;
}

/** The way of a call: the edge that holds the flow, and what our messages say of it. */
export interface CallHop {
  readonly flow: Flow;
  readonly protocol: Protocol;
  readonly reliable: boolean;
  readonly viaSentBy: string;
  readonly contactHostPort: string;
  readonly localHost: string;
}

/** An INVITE that has no final answer: nobody but its owner can go on with it, but whoever has this can end it. */
export interface OpenInvite {
  /** The fields that ACK, CANCEL, BYE or a response repeat: no body, no credentials. */
  readonly head: string;
  /** Outgoing: a provisional response has come, so that it may be cancelled. */
  readonly isProceeding: boolean;
  /** Incoming: where it came from. */
  readonly remote?: Endpoint;
}

/** What of a call survives its owner: enough to answer, to offer anew and to end it. Plain JSON. */
export interface CallFacts {
  /** Of the line's own numbering: `c1`. */
  readonly call: string;
  readonly direction: 'outgoing' | 'incoming';
  /** `trying`, `ringing`, `up`, `held`. */
  readonly state: string;
  /** The leg that carries it, and its server. */
  readonly leg: Leg;
  readonly server: string;
  readonly edge: string;
  readonly hop: CallHop;
  /** Session description of ours: id and version of its origin line. */
  readonly sessionId: number;
  readonly sdpVersion: number;
  readonly codec?: string;
  /** Absent while an outgoing call has not been accepted; of an incoming one that rings it is the dialog that accepting it makes. */
  readonly dialog?: DialogFacts;
  /** Of a call that is not up. */
  readonly invite?: OpenInvite;
}

/** Keeps the calls of lines for whoever takes them over. Facts are copied. */
export interface CallStore {
  /** The latest facts of each call, durable or not. @throws StoreError (rejects) `E_STORE_CLOSED` */
  loadCalls(line: string): Promise<readonly CallFacts[]>;
  /** `undefined` forgets the call. Never throws. */
  saveCall(line: string, call: string, facts: CallFacts | undefined): void;
}
