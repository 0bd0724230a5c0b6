import type { RouteVerdict } from '@offhook/core';
import type { LegIdentity } from './identity.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHops } from './leg-hop.ts';

/** A server that requests of a leg leave to: the only one of the leg, or one of a ranked list. */
export interface Place {
  readonly leg: RunningLeg;
  readonly identity: LegIdentity;
  readonly hops: LegHops;
}

export type SendVerdict = Extract<RouteVerdict, { next: 'send' }>;

/** What became of a verdict: a way to the server, or why there is none. `register`: the REGISTER that had to come first failed (D-15). */
export type Placed = { readonly place: Place } | { readonly failure: 'no-leg' | 'register' };
