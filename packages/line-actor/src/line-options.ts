import type { Ambient, Bus, CallStore, Change, LineConfig, LineStore, Locator, Mechanism, Subjects } from '@offhook/core';
import type { LineHost } from './host.ts';

/** A mechanism the registry refused on this line, as `explain` shows it. */
export interface Refusal {
  /** `policy.conflict`, `policy.unavailable`, `policy.unknown`. */
  readonly code: string;
  /** What the configuration asked for. */
  readonly asked: string;
  readonly message: string;
  readonly remedy: string;
}

/** A changed parameter that is not in force yet, and what it waits for. */
export interface WaitingChange extends Change {
  readonly until: 'restart' | 'last-call';
}

/** What may change while a line runs. */
export interface LineUpdate {
  /** Differs in parameters only that count from now on or with the next transaction. */
  readonly config: LineConfig;
  readonly mechanism: Mechanism | undefined;
  readonly refusals: readonly Refusal[];
  readonly waiting: readonly WaitingChange[];
}

export interface LineOptions {
  readonly config: LineConfig;
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** The edge that owns this line's sockets. */
  readonly edge: string;
  /**
   * In a cluster: edges live on when the process of this line ends, and other processes take its lines over. The flow of a stream is kept
   * with the facts, and what many resumed lines have missed is spread.
   */
  readonly outlives?: boolean;
  /** Rules the fallback; without it new requests go to the primary. */
  readonly mechanism: Mechanism | undefined;
  readonly refusals?: readonly Refusal[];
  readonly waiting?: readonly WaitingChange[];
  /** Turns server names into ranked lists; without it a line has the one server of its configuration. */
  readonly locator?: Locator | undefined;
  readonly store?: LineStore | undefined;
  /** Keeps calls for whoever takes the line over; without it they end with their process. */
  readonly calls?: CallStore | undefined;
  readonly host?: LineHost;
  /** The last call has ended. */
  onIdle?(): void;
  /** The chart threw; the supervisor restarts the line. */
  onFailed?(error: unknown): void;
  /** A message was dropped or refused below the charts: a fault of the parser or of the transaction layer. For counters. */
  onFault?(name: string): void;
}
