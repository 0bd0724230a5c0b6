import type { Endpoint } from '@offhook/core';
import { lineKey } from '@offhook/core';
import { buildResponse, parseMessage, type ResponseDraft, type SipRequest, stampVia } from '@offhook/sip';

/** What the edge itself has to say to a message that no line gets. */
export type Verdict =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array; readonly unparsable: boolean }
  /** An ACK: never answered. */
  | { readonly kind: 'absorb' }
  | { readonly kind: 'unparsable' };

/** Why no line gets it. `addressed`: the request names no user at all. */
export type Cause = 'addressed' | 'unknown-user' | 'directory-silent' | 'unreadable';

const allow = 'INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE';
const served = new Set(allow.split(', '));
/** Methods of RFCs that no line of ours serves outside a dialog. */
const recognised = new Set(['REGISTER', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'PUBLISH', 'INFO', 'UPDATE', 'PRACK']);

/**
 * Answers without state, as every element may: 200 to an OPTIONS that names no user (a reachability check of a server), 404 to users
 * nobody serves, 480 while the directory does not answer, 481 to requests of dialogs and transactions nobody knows, 405, 416, 420 and 501
 * to what nobody here could serve, 400 and its kin to what cannot be read. The To tag depends on the request alone, so that retransmissions get the same one.
 * @param salt keeps the tags of two edges apart
 * @source RFC 3261 sections 8.2.1, 8.2.2.1, 8.2.2.3, 8.2.6, 8.2.7, 9.2, 11.2, 12.2.2, 18.2.1
 */
export function answerAsElement(bytes: Uint8Array, remote: Endpoint, cause: Cause, salt: string): Verdict {
  const message = parseMessage(bytes);
  if (message.kind === 'response') return { kind: 'unparsable' };
  if (message.kind === 'fault') {
    if (message.answer === undefined) return { kind: 'unparsable' };
    const { request, status } = message.answer;
    return { kind: 'answer', bytes: respond(request, { status }, remote, salt), unparsable: true };
  }
  if (message.method === 'ACK') return { kind: 'absorb' };
  return { kind: 'answer', bytes: respond(message, draftFor(message, cause), remote, salt), unparsable: false };
}

/** Method, then Request-URI, then extensions: the order of RFC 3261 section 8.2. Max-Forwards 0 concerns proxies (section 20.22). */
function draftFor(request: SipRequest, cause: Cause): ResponseDraft {
  const { method } = request;
  if (cause === 'directory-silent') return { status: 480 };
  if (method === 'CANCEL' || request.to.params.has('tag')) return { status: 481 };
  if (!served.has(method)) return { status: recognised.has(method) ? 405 : 501, headers: [['Allow', allow]] };
  // A scheme other than sip, sips and tel leads nowhere.
  if (!/^(?:sips?|tel):/i.test(request.uri)) return { status: 416 };
  if (method !== 'OPTIONS' || cause !== 'addressed') return { status: 404 };
  const required = request.headers('Require');
  if (required.length > 0) return { status: 420, headers: [['Unsupported', required.join(', ')]] };
  return {
    status: 200,
    headers: [
      ['Allow', allow],
      ['Accept', 'application/sdp'],
    ],
  };
}

function respond(request: SipRequest, draft: ResponseDraft, remote: Endpoint, salt: string): Uint8Array {
  const topVia = request.headers('Via')[0] ?? '';
  const toTag = lineKey(`${salt} ${request.callId} ${request.cseq.number} ${topVia}`);
  return buildResponse(request, { ...draft, toTag }, stampVia(topVia, remote.host, remote.port));
}
