import { buildRequest } from '../codec/build-message.ts';
import type { HeaderFields, RequestDraft, SipRequest, SipResponse } from '../codec/message.ts';
import { readNameAddr } from '../codec/name-addr.ts';
import { isLooseRoute, readSipUri } from '../codec/sip-uri.ts';

/** An INVITE that was sent; out of it the layer makes ACK, CANCEL and BYE by itself. */
export interface SentInvite {
  /** Everything but its Via. */
  readonly draft: RequestDraft;
  /** Its one Via value. */
  readonly via: string;
}

/** Takes apart an INVITE that came to us as bytes. */
export function readSentInvite(invite: SipRequest): SentInvite {
  const { method, uri, fields } = invite;
  return { draft: { method, uri, headers: fields.filter(([name]) => name !== 'Via') }, via: invite.headers('Via')[0] ?? '' };
}

/** The ACK of a 3xx-6xx: the INVITE's own Via and each of its Route fields (T8), To from the response. @source RFC 3261 section 17.1.1.3 */
export function ackForFailure({ draft, via }: SentInvite, response: SipResponse): Uint8Array {
  return buildRequest(request('ACK', draft.uri, draft, take(draft, 'Route'), toOf(response), credentials(draft)), via);
}

/** The CANCEL: Via, Route fields, From, To and CSeq number of the INVITE. @source RFC 3261 section 9.1 */
export function cancelFor({ draft, via }: SentInvite): Uint8Array {
  return buildRequest(request('CANCEL', draft.uri, draft, take(draft, 'Route'), take(draft, 'To'), []), via);
}

/** The ACK of a 2xx nobody wants. @source RFC 3261 sections 13.2.2.4 and 22.1, D-21 */
export function ackForSuccess({ draft }: SentInvite, response: SipResponse, via: string): Uint8Array {
  const { uri, routes } = pathOf(draft, response);
  return buildRequest(request('ACK', uri, draft, routes, toOf(response), credentials(draft)), via);
}

/** The BYE that ends the dialog such a 2xx made. @source RFC 3261 section 15.1.1, D-21 */
export function byeForSuccess({ draft }: SentInvite, response: SipResponse, via: string): Uint8Array {
  const { uri, routes } = pathOf(draft, response);
  return buildRequest(request('BYE', uri, draft, routes, toOf(response), []), via);
}

function request(
  method: string,
  uri: string,
  invite: RequestDraft,
  routes: HeaderFields,
  to: HeaderFields,
  more: HeaderFields,
): RequestDraft {
  // Only the BYE is a request of its own; ACK and CANCEL keep the number of what they belong to.
  const number = cseqNumber(invite) + (method === 'BYE' ? 1 : 0);
  const identity: HeaderFields = [...take(invite, 'From'), ...to, ...take(invite, 'Call-ID'), ['CSeq', `${number} ${method}`]];
  return { method, uri, headers: [['Max-Forwards', '70'], ...routes, ...identity, ...more] };
}

/** Route set from Record-Route, remote target from Contact; a strict router in front is served its way. @source RFC 3261 section 12.2.1.1 */
function pathOf(invite: RequestDraft, response: SipResponse): { readonly uri: string; readonly routes: HeaderFields } {
  const contact = response.contacts[0]?.uri;
  const target = contact !== undefined && readSipUri(contact) !== undefined ? contact : invite.uri;
  const [first, ...rest] = response.headers('Record-Route').toReversed();
  const next = first === undefined ? undefined : readNameAddr(first)?.uri;
  const router = next === undefined ? undefined : readSipUri(next);
  const strict = next !== undefined && router !== undefined && !isLooseRoute(router);
  const path = first === undefined ? [] : strict ? [...rest, `<${target}>`] : [first, ...rest];
  return { uri: strict ? next : target, routes: path.map((value) => ['Route', value]) };
}

const toOf = (response: SipResponse): HeaderFields => [['To', response.header('To') ?? '']];

function take(draft: RequestDraft, name: string): HeaderFields {
  return draft.headers.filter(([field]) => field.toLowerCase() === name.toLowerCase());
}

/** An ACK repeats the credentials of its INVITE: nobody may challenge it. @source RFC 3261 section 22.1 */
function credentials(invite: RequestDraft): HeaderFields {
  return [...take(invite, 'Authorization'), ...take(invite, 'Proxy-Authorization')];
}

function cseqNumber(draft: RequestDraft): number {
  return Number.parseInt(take(draft, 'CSeq')[0]?.[1] ?? '', 10) || 0;
}
