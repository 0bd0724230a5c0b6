import type { Leg } from '@offhook/core';

/** The clocks of a subscription; each fires as the event `clock.<name>`. `notify` is Timer N. @source RFC 6665 section 4.1.2.4 */
export type SubscriptionClock = 'refresh' | 'expiry' | 'retry' | 'notify';

/** Where new requests go: a leg, and of a ranked list the server. */
export interface SubscriptionPlace {
  readonly leg: Leg;
  readonly server?: string;
}

/** What reaches a subscription. Status codes and seconds are fields. */
export type SubscriptionEvent =
  /** The line is registered, for the first time or again. */
  | { readonly type: 'sub.start' }
  | { readonly type: 'sub.stop' }
  | { readonly type: 'route.moved'; readonly place: SubscriptionPlace }
  | { readonly type: 'reg.lost' }
  /** A 2xx to SUBSCRIBE. */
  | { readonly type: 'sub.ok'; readonly grantedS: number }
  /** A NOTIFY of a subscription that goes on. */
  | { readonly type: 'sub.notified'; readonly substate: 'active' | 'pending'; readonly expiresS?: number }
  | { readonly type: 'sub.terminated'; readonly reason?: string; readonly retryAfterS?: number }
  | { readonly type: 'sub.tooBrief'; readonly minS: number }
  /** Refused, and no other server is to be tried. */
  | { readonly type: 'sub.reject'; readonly code: number; readonly retryAfterS?: number }
  /** Nobody answered, nothing could be sent, or there is nowhere to send it. */
  | { readonly type: 'sub.none'; readonly cause: 'no-response' | 'transport' | 'not-registered' }
  | { readonly type: `clock.${SubscriptionClock}` };

/** Everything a subscription remembers. Instants are absolute, ms; 0 means none. */
export interface SubscriptionRecord {
  /** Lifetime asked for; a 423 raises it. */
  requestedS: number;
  /** A 423 was already honoured since the last success. */
  wasTooBrief: boolean;
  /** When the latest dialog was begun. */
  begunAtMs: number;
  /** When the latest SUBSCRIBE left: Timer N counts from here. */
  askedAtMs: number;
  /** A NOTIFY has come since. */
  isNotified: boolean;
  refreshAtMs: number;
  expiresAtMs: number;
  retryAtMs: number;
}

export interface SubscriptionSettings {
  readonly minExpiresS: number;
  readonly maxExpiresS: number;
  readonly retryMs: number;
  readonly timerFMs: number;
  /** 64*T1. */
  readonly timerNMs: number;
}

/** What the chart asks of the world, in the order of its actions. */
export interface SubscriptionEffects {
  now(): number;
  /** The place is not where the subscription is, and X Resubscribe On Move lets it follow. */
  isElsewhere(place: SubscriptionPlace): boolean;
  /** The line may send: it is registered, or expects no registration. */
  mayAsk(): boolean;
  /** Begins a dialog where the route leads; `failed` leaves out the server that did not answer. */
  subscribe(failed?: 'no-response' | 'transport'): void;
  /** Begins a dialog there. */
  subscribeAt(place: SubscriptionPlace): void;
  /** SUBSCRIBE inside the dialog, or the first one again. */
  refresh(): void;
  /** SUBSCRIBE with Expires 0, if the far side holds anything. */
  unsubscribe(): void;
  /** Forgets the dialog and what is outstanding. */
  drop(): void;
  arm(clock: SubscriptionClock, atMs: number): void;
  disarm(clock: SubscriptionClock): void;
  decided(rule: SubscriptionRule): void;
}

/** One decision of the chart. */
export interface SubscriptionRule {
  readonly rule: string;
  readonly source: string;
  readonly action: string;
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
  readonly next?: { readonly what: 'subscribe'; readonly atMs: number };
}

export interface SubscriptionContext {
  readonly record: SubscriptionRecord;
  readonly settings: SubscriptionSettings;
  readonly effects: SubscriptionEffects;
}
