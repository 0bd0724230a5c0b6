import type { Leg, LegFacts, LineKey } from '@offhook/core';
import { hostPortOf, type Identity } from './identity.ts';
import type { RunningLeg } from './leg.ts';
import { addressOfRecord, contactUri } from './register-request.ts';

/** Where stored facts belong to another configuration than the one that is staged now. */
export interface Staged {
  readonly leg: Leg;
  readonly what: 'leg' | 'server' | 'aor' | 'contact';
  readonly was: string;
  /** Empty: the leg is not there any more. */
  readonly is: string;
}

/**
 * What of the configuration differs from that which the facts were kept under; undefined: the line resumes. A difference makes
 * the power cut a reboot: every leg begins anew. Where the flow leads is seen later, when it is open: `watchContact`.
 * @source redundancy reference 5.1, D-46
 */
export function stagedChange(
  identity: Identity,
  key: LineKey,
  stored: Readonly<Partial<Record<Leg, LegFacts>>>,
  registers: boolean,
  isListed: (server: string) => boolean,
): Staged | undefined {
  for (const [leg, facts] of Object.entries(stored) as readonly [Leg, LegFacts][]) {
    const now = registers ? identity.legs[leg] : undefined;
    if (now === undefined) return { leg, what: 'leg', was: facts.server, is: '' };
    if (now.server !== facts.server && !isListed(facts.server)) return { leg, what: 'server', was: facts.server, is: now.server };
    const aor = addressOfRecord(identity, leg);
    if (aor !== facts.aor) return { leg, what: 'aor', was: facts.aor, is: aor };
    const point = { hostPort: hostPortOf(facts.contact), protocol: now.target.protocol };
    const contact = contactUri(identity, key, leg, point);
    if (contact !== facts.contact) return { leg, what: 'contact', was: facts.contact, is: contact };
  }
  return undefined;
}

/**
 * Opens the flow of a leg that goes on without a REGISTER, which sends nothing, and tells when the registered Contact no longer
 * leads to it: the address or the port of the edge is another one.
 */
export function watchContact(leg: RunningLeg, contact: string, timeoutMs: number, onMoved: (moved: Staged) => void): void {
  if (leg.state() !== 'registered') return;
  leg.hops.use(timeoutMs, (result) => {
    // Without a flow nothing is known: the refresh will see. One that was due at once waits for the same flow, behind this.
    if (!('hop' in result) || !['registered', 'refreshing'].includes(leg.state())) return;
    const [was, is] = [hostPortOf(contact), result.hop.contactHostPort];
    if (was !== is) onMoved({ leg: leg.leg, what: 'contact', was, is });
  });
}
