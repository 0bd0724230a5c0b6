import type { Leg } from './decision.ts';

/** What survives a power cut, per leg: facts, not snapshots. @source redundancy reference D-46 */
export interface LegFacts {
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
  /** Absolute end of the binding, ms since 1970. */
  readonly expiresAtMs: number;
  /** When the binding is due for its refresh, ms since 1970; 0: at once, the last REGISTER failed. */
  readonly refreshAtMs: number;
  /** Address-of-record that was registered. */
  readonly aor: string;
  /** `host:port;transport` that holds the binding. */
  readonly server: string;
  /** Contact URI that was registered. */
  readonly contact: string;
  /** Of a ranked list: since when that server holds the registration, ms since 1970. */
  readonly heldSinceMs?: number;
  /** Where lines outlive their process: the edge that holds the flow, and the flow. */
  readonly edge?: string;
  readonly flow?: string;
  /** Which life of that edge: a connection does not outlive it. */
  readonly edgeLife?: string;
}

/** The facts alone, by name: whatever else an object carries is not kept. */
export function copyLegFacts({
  callId,
  fromTag,
  cseq,
  expiresAtMs,
  refreshAtMs,
  aor,
  server,
  contact,
  heldSinceMs,
  edge,
  flow,
  edgeLife,
}: LegFacts): LegFacts {
  const facts = { callId, fromTag, cseq, expiresAtMs, refreshAtMs, aor, server, contact };
  return {
    ...facts,
    ...(heldSinceMs === undefined ? {} : { heldSinceMs }),
    ...(edge === undefined ? {} : { edge }),
    ...(flow === undefined ? {} : { flow }),
    ...(edgeLife === undefined ? {} : { edgeLife }),
  };
}

/**
 * Keeps the facts of lines. Writes are grouped (<= 100 ms); none is synchronous per line. The kit is `lineStoreKit`.
 * A store that cannot write goes on in memory: no line hears of it.
 */
export interface LineStore {
  /** The latest facts, durable or not; a line that nobody saved has none. @throws StoreError (rejects) `E_STORE_CLOSED` */
  load(line: string): Promise<Readonly<Partial<Record<Leg, LegFacts>>>>;
  /** `undefined` forgets the leg. Never throws; facts are copied. After `close` it does nothing. */
  save(line: string, leg: Leg, facts: LegFacts | undefined): void;
  /** Resolves when everything saved so far is durable. @throws StoreError (rejects) `E_STORE_WRITE` */
  flush(): Promise<void>;
  /** Makes everything durable where it can, then lets go; idempotent. */
  close(): Promise<void>;
}
