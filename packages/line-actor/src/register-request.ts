import type { Leg, LineKey } from '@offhook/core';
import { type RequestDraft, readDeltaSeconds, type SipResponse } from '@offhook/sip';
import type { Identity, LegIdentity } from './identity.ts';
import type { RegistrationRecord } from './registration.types.ts';

/** Where inbound requests reach a leg, and how its Contact says so. */
export interface ContactPoint {
  readonly hostPort: string;
  readonly protocol: string;
}

const legLetter: Record<Leg, string> = { primary: 'p', alternate: 'a' };

/** Contact URI of a leg: the line key routes inbound requests, the leg keeps the two bindings apart (D-47). */
export function contactUri(identity: Identity, key: LineKey, leg: Leg, point: ContactPoint): string {
  // DEVIATION RFC 3261 section 26.2.2: transport=tls is deprecated there, but sips would demand TLS of every hop (RFC 5630 section 3.1).
  const transport = point.protocol === 'udp' ? '' : `;transport=${point.protocol}`;
  return `sip:${identity.user}@${point.hostPort}${transport};line=${key};leg=${legLetter[leg]}`;
}

/** Whom a leg registers. */
export const addressOfRecord = (identity: Identity, leg: Leg): string =>
  `sip:${identity.user}@${identity.legs[leg]?.domain ?? identity.domain}`;

/**
 * The next REGISTER of a leg. `record.cseq` is already the new one.
 * @param replaced Contact that goes with the same request, or empty. A registrar commits all of a request or nothing, so that there is never
 * neither nor both; Kamailio 5.6 does, also with max_contacts = 1.
 * @source RFC 3261 sections 10.2, 10.2.2, 10.3 step 7; redundancy reference section 2 (registrar domain), D-43
 */
export function registerRequest(
  identity: Identity,
  { domain, routes }: Pick<LegIdentity, 'domain' | 'routes'>,
  record: RegistrationRecord,
  contact: string,
  replaced: string,
  expiresS: number,
  authorization: readonly (readonly [string, string])[],
): RequestDraft {
  const aor = `<${addressOfRecord(identity, record.leg)}>`;
  const from = identity.displayName === '' ? aor : `${identity.displayName} ${aor}`;
  return {
    method: 'REGISTER',
    uri: `sip:${domain}`,
    headers: [
      ...routes.map((route) => ['Route', route] as const),
      ['Max-Forwards', String(identity.maxForwards)],
      ['From', `${from};tag=${record.fromTag}`],
      ['To', aor],
      ['Call-ID', record.callId],
      ['CSeq', `${record.cseq} REGISTER`],
      ['Contact', `<${contact}>`],
      ...(replaced === '' ? [] : [['Contact', `<${replaced}>;expires=0`] as const]),
      ['Expires', String(expiresS)],
      ['User-Agent', identity.registerUserAgent],
      ...authorization,
    ],
  };
}

/** One of the URI's parameters, whole: what follows is the next one, the headers or nothing. */
function hasParam(uri: string, param: string): boolean {
  const at = uri.indexOf(param);
  const next = uri.charAt(at + param.length);
  return at >= 0 && (next === '' || next === ';' || next === '?');
}

/** Granted lifetime of our binding: its Contact's `expires`, else the Expires field, else what we asked for. @source section 5.5 */
export function grantedExpiryS(response: SipResponse, key: LineKey, leg: Leg, requestedS: number): number {
  const ours = response.contacts.find(({ uri }) => {
    const lower = uri.toLowerCase();
    return hasParam(lower, `;line=${key}`) && hasParam(lower, `;leg=${legLetter[leg]}`);
  });
  return readDeltaSeconds(ours?.params.get('expires')) ?? readDeltaSeconds(response.header('Expires')) ?? requestedS;
}
