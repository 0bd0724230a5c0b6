import type { Decision, Leg } from '@offhook/core';
import type { CallFact, LineChange } from '@offhook/runtime';

/* What a drill brings to light: plain data, in the order it happened. Instants are seconds since its beginning. */

/**
 * How one registration stands. `unrenewed`: it has not expired, but its renewal failed; `unregistered`: nothing is held, the next try is waited
 * for; `rejected`: it is not tried again.
 */
export type RegistrationState =
  | 'off'
  | 'registering'
  | 'registered'
  | 'refreshing'
  | 'unrenewed'
  | 'unregistered'
  | 'rejected'
  | 'withdrawing';

export type ServerState = 'up' | 'silent' | 'refusing' | 'unreachable' | 'failing';

interface Entry {
  readonly atS: number;
  readonly text: string;
}

/** Something the script did. */
export interface ScriptEntry extends Entry {
  readonly lane: 'script';
  readonly line?: string;
  /** Every line ends here at once. */
  readonly powerCut?: true;
  /** Parameters of the line that were changed, and what each waits for. */
  readonly changes?: readonly LineChange[];
}

export interface ServerEntry extends Entry {
  readonly lane: 'server';
  readonly server: string;
  readonly from: ServerState;
  readonly to: ServerState;
}

/** A decision about a registration; `server` holds it, or is asked while nobody does. */
export interface RegistrationEntry extends Entry {
  readonly lane: 'registration.primary' | 'registration.alternate';
  readonly line: string;
  readonly leg: Leg;
  readonly server?: string;
  readonly from: RegistrationState;
  readonly to: RegistrationState;
  readonly rule: string;
  readonly source: string;
  readonly decision: Decision;
}

/** Where new requests of a line go: a server's name, or `none`. */
export interface RouteEntry extends Entry {
  readonly lane: 'route';
  readonly line: string;
  readonly from: string;
  readonly to: string;
  readonly rule: string;
  readonly source: string;
  readonly decision: Decision;
}

/** What was decided about one call or request. */
export interface RequestEntry extends Entry {
  readonly lane: 'request';
  readonly line: string;
  readonly rule: string;
  readonly source: string;
  readonly decision: Decision;
}

export interface CallEntry extends Entry {
  readonly lane: 'call';
  readonly line: string;
  readonly call: string;
  readonly from: string;
  readonly to: string;
  readonly fact: CallFact;
}

/** A message between the phone and a server; `again` marks a repetition. */
export interface WireEntry extends Entry {
  readonly lane: 'wire';
  readonly line?: string;
  readonly direction: 'out' | 'in';
  readonly server: string;
  readonly method: string;
  /** Of a response. */
  readonly status?: number;
  readonly again?: true;
  /** Why it never arrived. */
  readonly dropped?: string;
}

export type TimelineEntry = ScriptEntry | ServerEntry | RegistrationEntry | RouteEntry | RequestEntry | CallEntry | WireEntry;

/** A server as pictures and tables name it. */
export interface TimelineServer {
  readonly name: string;
  readonly host: string;
  readonly address: string;
}

export interface TimelineLine {
  readonly id: string;
  readonly mode: string;
  readonly legs: readonly { readonly leg: Leg; readonly server: string }[];
}

export interface Timeline {
  readonly untilS: number;
  readonly seed: string | number;
  readonly servers: readonly TimelineServer[];
  readonly lines: readonly TimelineLine[];
  readonly entries: readonly TimelineEntry[];
}
