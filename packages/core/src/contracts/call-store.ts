import type { Leg } from './decision.ts';

/** What of a call survives its owner: enough to answer, to offer anew and to end it. @source RFC 3261 section 12 (state of a dialog) */
export interface CallFacts {
  /** Of the line's own numbering: `c1`. */
  readonly call: string;
  readonly direction: 'outgoing' | 'incoming';
  /** The leg that carries it, and its server. */
  readonly leg: Leg;
  readonly server: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly remoteTarget: string;
  /** In the order of our requests. */
  readonly routeSet: readonly string[];
  /** Of the latest request either way; undefined: the far side has sent none. */
  readonly localSeq: number;
  readonly remoteSeq?: number;
  /** `up`, `held`; a call that was not up yet cannot go on. */
  readonly state: string;
  /** Session description of ours: id and version of its origin line. */
  readonly sessionId: number;
  readonly sdpVersion: number;
  readonly codec?: string;
}

/** Keeps the calls of lines for whoever takes them over. Never throws; facts are copied. */
export interface CallStore {
  /** @throws StoreError (rejects) `E_STORE_CLOSED` */
  loadCalls(line: string): Promise<readonly CallFacts[]>;
  /** `undefined` forgets the call. */
  saveCall(line: string, call: string, facts: CallFacts | undefined): void;
}
