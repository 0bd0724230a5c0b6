import type { OutcomeClass } from './mechanism.ts';

/**
 * A line whose servers are a ranked list holds one registration that moves along it. The rules are pure; the line executes and explains.
 * @source redundancy reference sections 5.6, 5.7, 6.2, 6.3
 */

/** One server of the list. */
export interface RankedServer {
  /** `host:port;transport`, its name in decisions. */
  readonly server: string;
  /** Lower is better; there is no way back between equals. */
  readonly rank: number;
  /** It belongs to the site's gateways, below every normal server. @source manual: Survivability Proxy */
  readonly survivability: boolean;
  /** Marked DOWN since. */
  readonly downSinceMs?: number;
  /** Its Retry-After forbids requests until then (D-22). */
  readonly notBeforeMs?: number;
}

/** Parameters of the rules; milliseconds where the manual has seconds. */
export interface ListSettings {
  /** Proxy Fallback Intvl; 0: a working server is never left. */
  readonly fallbackMs: number;
  /** Auto Register When Failover. */
  readonly autoRegister: boolean;
  /** Ticks of the registration period, or the instants of refreshes (D-03). */
  readonly clock: 'nominal' | 'refresh';
  /** With the clock of refreshes, streams return by the interval alone (D-04). */
  readonly isStream: boolean;
  /** Survivability Proxy Fallback Intvl. */
  readonly survivabilityMs: number;
}

/** What the rules may know. Instants are absolute. */
export interface ListFacts {
  readonly nowMs: number;
  /** In the order they are tried; never empty. */
  readonly servers: readonly RankedServer[];
  /** Where new requests go. */
  readonly current: string;
  /** Where the registration is held; undefined while there is none. */
  readonly holder?: string;
  /** `tF`: when the line left a better server, or last failed to return to it; undefined on top. */
  readonly failedOverAtMs?: number;
  /** `tR0`: first 2xx of the server that holds the registration, since the move to it. */
  readonly heldSinceMs?: number;
  /** `E`: lifetime of the registration in force; Infinity for a line that does not register (D-25). */
  readonly expiryMs?: number;
  readonly expiresAtMs?: number;
  /** The refresh that keeps the registration, and the time from one to the next. */
  readonly refreshAtMs?: number;
  readonly refreshPeriodMs?: number;
  readonly settings: ListSettings;
}

/** A request that could not be served where it was sent. */
export interface ListFailure {
  readonly method: string;
  readonly outcome: OutcomeClass;
  readonly status?: number;
  /** Where it has been, in order; the server that failed last is the last one. */
  readonly tried: readonly string[];
}

export type ListVerdict =
  | { readonly next: 'move'; readonly server: string; readonly rule: string; readonly source: string }
  /** Every server has been tried: marks are cleared. */
  | { readonly next: 'exhausted'; readonly rule: string; readonly source: string };

export type FallbackPlan =
  | {
      /** `flip`: the route changes at once; `recover`: a REGISTER goes first and the route follows its success. */
      readonly action: 'flip' | 'recover';
      readonly atMs: number;
      /** Better servers in the order they are asked. */
      readonly servers: readonly [string, ...string[]];
      /** A flip that ends a registration period registers there as well. */
      readonly register: boolean;
      readonly rule: string;
      readonly source: string;
    }
  /** The line stays where it is. */
  | { readonly action: 'stay'; readonly rule: string; readonly source: string };

/** What rules a ranked list. Pure and total. */
export interface ListRule {
  /** The next server after a failure. @source redundancy reference section 5.6 */
  next(facts: ListFacts, failure: ListFailure): ListVerdict;
  /** When and how the line returns to a better server. @source redundancy reference section 5.7 */
  fallback(facts: ListFacts): FallbackPlan;
}
