/**
 * A decision is a fact: what a line chose, by which rule, from which inputs, and what it will do next and when.
 * `explain`, the console, drills and tests read this one stream; a route can be rebuilt from it alone.
 */

/** The two registrations of a dual line; a single line has `primary` only. */
export type Leg = 'primary' | 'alternate';

/** A server as the decision saw it. @source redundancy reference section 2 (server entry), D-38 (bound, usable) */
export interface CandidateMark {
  readonly leg: Leg;
  /** `host:port;transport` of the next hop, no user part. */
  readonly server: string;
  readonly state: 'up' | 'down';
  /** Set while down: since when. */
  readonly downSinceMs?: number;
  /** Set while a Retry-After forbids requests (D-22). */
  readonly blockedUntilMs?: number;
  /** Of a dual line's primary: an INVITE timed out there, new ones skip it until then (X Primary Suspect Hold). */
  readonly suspectUntilMs?: number;
  readonly bound: boolean;
  readonly usable: boolean;
  /** Of a ranked list: its rank, lower is better. */
  readonly rank?: number;
  /** Of a ranked list: new requests go here. */
  readonly current?: true;
  /** Of a ranked list: a gateway of the site, below every normal server. */
  readonly survivability?: true;
}

export interface ScheduledMove {
  /** What will happen: `refresh`, `retry`, `expiry`, `fallback`, `queue-timeout`. */
  readonly what: string;
  readonly leg?: Leg;
  readonly atMs: number;
}

export interface Decision {
  /** Counts up per line from 1. */
  readonly seq: number;
  readonly atMs: number;
  readonly line: string;
  readonly about: 'registration' | 'request' | 'call' | 'inbound' | 'policy' | 'line';
  /** Table and row or D-nn: `6.4:both-usable`, `6.1:refreshing/reg.none`, `D-38`. */
  readonly rule: string;
  /** Where the rule comes from. */
  readonly source: string;
  /** The request or call it is about, when there is one: `INVITE <call id of the line's own numbering>`. */
  readonly request?: { readonly method: string; readonly id: string };
  readonly leg?: Leg;
  readonly candidates: readonly CandidateMark[];
  /** Further inputs: status code, outcome class, timer values. Never secrets, never dialled numbers. */
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
  readonly outcome: {
    /** `send`, `answer`, `cancel`, `pin`, `refuse`, `queue`, `deliver`, `register`, `wait`, `reject`, `registered`, `lost`, `unregister`, `off`, … */
    readonly action: string;
    /** Where the request goes. */
    readonly leg?: Leg;
    readonly server?: string;
    /** Status delivered upward or answered. */
    readonly status?: number;
    readonly reason?: string;
  };
  readonly next?: ScheduledMove;
}
