import type { Leg } from './decision.ts';

/** What survives a power cut, per leg: facts, not snapshots. @source redundancy reference D-46 */
export interface LegFacts {
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
  /** Absolute end of the binding, ms since 1970. */
  readonly expiresAtMs: number;
  readonly refreshAtMs: number;
  /** `host:port;transport` that holds the binding. */
  readonly server: string;
  /** Contact URI that was registered. */
  readonly contact: string;
}

/** Keeps the facts of lines. Writes are grouped (<= 100 ms); none is synchronous per line. */
export interface LineStore {
  load(line: string): Promise<Readonly<Partial<Record<Leg, LegFacts>>>>;
  /** `undefined` forgets the leg. */
  save(line: string, leg: Leg, facts: LegFacts | undefined): void;
  /** Resolves when everything saved so far is durable. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
