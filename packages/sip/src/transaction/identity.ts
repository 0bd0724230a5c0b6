import { type Ambient, type LineKey, type Protocol, randomToken } from '@offhook/core';
import type { SipRequest, Via } from '../codec/message.ts';

/** How transactions are told apart. */

const magicCookie = 'z9hG4bK';

/** A branch that names its line (so that an edge can route the response) and carries 65 random bits. @source RFC 3261 section 8.1.1.7, M1 */
export const newBranch = (ambient: Pick<Ambient, 'random'>, key: LineKey): string =>
  `${magicCookie}${key}-${randomToken(ambient, 64)}`;

/** A client transaction is found by branch and CSeq method (CANCEL shares the branch of its INVITE). @source RFC 3261 section 17.1.3 */
export const clientKey = (branch: string, method: string): string => `${branch} ${method}`;

/** host:port of a Via in one spelling; the port is written out. @source RFC 3261 sections 18.1.2, 18.2.1 */
export function sentByOf({ protocol, host, port }: Pick<Via, 'protocol' | 'host' | 'port'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${name.toLowerCase()}:${port ?? defaultPort(protocol)}`;
}

/** The same spelling of a configured `host[:port]`. */
export function canonicalSentBy(text: string, protocol: Protocol): string {
  return /:\d+$/.test(text) && !text.endsWith(']') ? text.toLowerCase() : `${text.toLowerCase()}:${defaultPort(protocol)}`;
}

const defaultPort = (protocol: string): number => (protocol.toUpperCase() === 'TLS' ? 5061 : 5060);

/** One text at once: one put together piece by piece would keep its pieces, and the messages they come from, for as long as it is a key. */
const whole = (...parts: readonly (string | number)[]): string => parts.join(' ');

/**
 * A server transaction is found by branch, sent-by and method; `method` is INVITE for an ACK or CANCEL that looks for its INVITE.
 * A branch without the magic cookie proves nothing, so RFC 2543 rules apply: Request-URI, From tag, Call-ID, CSeq number and top Via.
 * @source RFC 3261 section 17.2.3
 */
export function serverKey(request: SipRequest, method: string): string {
  const { via } = request;
  const sentBy = sentByOf(via);
  const { branch = '' } = via;
  if (branch.startsWith(magicCookie) && branch.length > magicCookie.length) return whole(branch, sentBy, method);
  return whole(request.uri, fromTag(request), request.callId, request.cseq.number, sentBy, branch, method);
}

/**
 * What two copies of one request that took different ways have in common; undefined inside a dialog, where copies cannot merge.
 * @source RFC 3261 section 8.2.2.2
 */
export function mergeKey(request: SipRequest): string | undefined {
  if (request.to.params.has('tag')) return undefined;
  return whole(request.callId, fromTag(request), request.cseq.number, request.cseq.method);
}

/** A To tag that needs no memory: the same request gets the same tag again. @source RFC 3261 section 8.2.7 */
export const statelessTag = (request: SipRequest): string =>
  `s${(request.via?.branch ?? '').replace(/[^A-Za-z0-9.-]/g, '').slice(-24)}`;

const fromTag = (request: SipRequest): string => request.from.params.get('tag') ?? '';
