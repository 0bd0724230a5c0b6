import type { Leg } from '@offhook/core';

/** The clocks of a registration; each fires as the event `clock.<name>`. @source redundancy reference table 6.1 */
export type RegistrationClock = 'refresh' | 'retry' | 'expiry';

/** Facts that reach a registration. Names are those of table 6.1; status codes and seconds are fields. */
export type RegistrationEvent =
  | { readonly type: 'line.start' }
  | { readonly type: 'line.resume' }
  | { readonly type: 'line.stop' }
  | { readonly type: 'reg.ok'; readonly grantedS: number }
  | { readonly type: 'reg.challenge'; readonly code: number }
  | { readonly type: 'reg.tooBrief'; readonly minS: number }
  | { readonly type: 'reg.reject'; readonly code: number; readonly retryAfterS?: number }
  /** `connected` false: no flow could be opened, so that nothing left. */
  | {
      readonly type: 'reg.none';
      readonly cause: 'no-response' | 'transport';
      readonly connected?: false;
      /** Why, in the transport's words. */
      readonly detail?: string;
    }
  | { readonly type: 'transport.down' }
  /** The edge still has the flow of a stored binding. */
  | { readonly type: 'flow.same' }
  /** It has another one, or none. */
  | { readonly type: 'flow.gone' }
  /** The line is at another edge, or in another life of one: the registered Contact leads elsewhere. */
  | { readonly type: 'edge.moved'; readonly was: string; readonly is: string }
  /** An INVITE timed out there: a REGISTER shall tell at once whether the server lives. */
  | { readonly type: 'leg.suspect' }
  /** Ranked lists: the next REGISTER belongs to another server. */
  | { readonly type: 'server.moved' }
  /** Ranked lists: a request has been to every server. */
  | { readonly type: 'list.exhausted' }
  | { readonly type: 'clock.refresh' }
  | { readonly type: 'clock.retry' }
  | { readonly type: 'clock.expiry' };

/** Everything a registration remembers, in one record that actions change. Instants are absolute, ms; 0 means none. */
export interface RegistrationRecord {
  readonly leg: Leg;
  callId: string;
  fromTag: string;
  /** CSeq of the last REGISTER sent. */
  cseq: number;
  /** Lifetime asked for; a 423 raises it. */
  requestedS: number;
  /** A 423 was already honoured since the last success (5.5). */
  wasTooBrief: boolean;
  /** Consecutive failures before this one: `n` of 5.4. */
  failures: number;
  /** The last REGISTER ended well: one half of "usable" (D-38). */
  lastOk: boolean;
  refreshAtMs: number;
  expiresAtMs: number;
  retryAtMs: number;
  /** No REGISTER to this server before (D-22). */
  blockedUntilMs: number;
  /** Since when the server counts as down. */
  downSinceMs: number;
  /** When a lost connection was last opened again at once (D-48). */
  reconnectedAtMs: number;
  /** Until then a lost connection is opened again before another server is asked (D-23). */
  graceUntilMs: number;
  /** New INVITEs skip the server until then. */
  suspectUntilMs: number;
}

/** Parameters of the leg, in milliseconds where the manual has seconds. */
export interface RegistrationSettings {
  /** Register = Yes. */
  readonly registers: boolean;
  /** Streams lose the binding's flow with the connection (D-48). */
  readonly isStream: boolean;
  readonly registerExpiresS: number;
  readonly minExpiresS: number;
  readonly maxExpiresS: number;
  readonly timerFMs: number;
  /** Random delay before the first REGISTER, at most this. */
  readonly initialSpreadMs: number;
  /** X Tcp Reconnect Grace. */
  readonly graceMs: number;
  readonly retry: RetrySettings;
}

/** @source redundancy reference section 5.4 */
export interface RetrySettings {
  readonly intervalMs: number;
  readonly capMs: number;
  readonly randomMs: number;
  readonly longMs: number;
  readonly longRandomMs: number;
  readonly retryRegRsc: string;
}

/** What the chart asks of the world, in the order of its actions. */
export interface RegistrationEffects {
  now(): number;
  random(): number;
  /** Sends the next REGISTER. */
  register(): void;
  /** Repeats it with credentials, to the same entry (D-44). */
  answerChallenge(): void;
  /** REGISTER with Expires 0. */
  unregister(): void;
  /** Forgets the outstanding REGISTER. */
  abandon(): void;
  /** The latest REGISTER waits for its flow: it has not left. */
  isConnecting(): boolean;
  arm(clock: RegistrationClock, atMs: number): void;
  disarm(clock: RegistrationClock): void;
  /** New identity for a fresh start: Call-ID, From tag (D-45). */
  renew(): void;
  /** An earlier owner of the line has left the binding: others resume at the same time. */
  isTakenOver(): boolean;
  /** The stored flow may still be there: the edge outlives its lines. */
  mayHaveFlow(): boolean;
  /** Asks the edge: `flow.same`, `flow.gone` or `edge.moved` follows. */
  askFlow(): void;
  /** Facts to keep for a resume (D-46); `false` forgets them. */
  persist(bound: boolean): void;
  decided(rule: RegistrationRule): void;
  /** The line's servers are a ranked list. */
  isRanked(): boolean;
  /** Ranked lists: whether this failure takes the REGISTER to another server. Pure. */
  movesOn(event: RegistrationEvent): boolean;
  moveOn(event: RegistrationEvent): void;
  /** Ranked lists: the refresh stays away from the server that holds the registration (5.7). */
  holdsRefresh(): boolean;
  /** Ranked lists: a refresh follows the route where nothing brings that back (5.7), a withdrawal goes where the binding is. */
  aim(at: 'current' | 'holder'): void;
  /** Ranked lists: REGISTERs begin at the top. */
  startRound(): void;
  /** The registration is in force. */
  confirmed(): void;
  /** The leg waits after this failure. */
  waits(event: RegistrationEvent): void;
  /** The binding has run out. */
  lost(): void;
}

/** One decision of the chart: which cell of table 6.1 and what follows. */
export interface RegistrationRule {
  readonly rule: string;
  readonly source: string;
  readonly action: string;
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
  readonly next?: { readonly what: RegistrationClock; readonly atMs: number };
}

export interface RegistrationContext {
  readonly record: RegistrationRecord;
  /** A ranked list may lead over several transports. */
  settings: RegistrationSettings;
  readonly effects: RegistrationEffects;
}

/** A 2xx lies whose expiry is in the future. @source D-38 */
export const isBound = (record: RegistrationRecord, nowMs: number): boolean => record.expiresAtMs > nowMs;
/** Bound, and the last REGISTER was a success. @source D-38 */
export const isUsable = (record: RegistrationRecord, nowMs: number): boolean => record.lastOk && isBound(record, nowMs);
