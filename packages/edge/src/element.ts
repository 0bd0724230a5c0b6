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

/**
 * Answers without state, as every element may: 200 to an OPTIONS that names no user (a reachability check of a server), 404 to users
 * nobody serves, 480 while the directory does not answer, 481 to requests of dialogs and transactions nobody knows, 400 and its kin to
 * what cannot be read. The To tag depends on the request alone, so that retransmissions get the same one.
 * @param salt keeps the tags of two edges apart
 * @source RFC 3261 sections 8.2.2.1, 8.2.6, 8.2.7, 9.2, 11.2, 12.2.2, 18.2.1
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

function draftFor(request: SipRequest, cause: Cause): ResponseDraft {
  const { method } = request;
  if (method === 'OPTIONS' && cause === 'addressed') {
    return {
      status: 200,
      headers: [
        ['Allow', allow],
        ['Accept', 'application/sdp'],
      ],
    };
  }
  if (cause === 'directory-silent') return { status: 480 };
  // A scheme other than sip, sips and tel leads nowhere.
  if (!/^(?:sips?|tel):/i.test(request.uri)) return { status: 416 };
  return { status: method === 'CANCEL' || request.to.params.has('tag') ? 481 : 404 };
}

function respond(request: SipRequest, draft: ResponseDraft, remote: Endpoint, salt: string): Uint8Array {
  const topVia = request.headers('Via')[0] ?? '';
  const toTag = lineKey(`${salt} ${request.callId} ${request.cseq.number} ${topVia}`);
  return buildResponse(request, { ...draft, toTag }, stampVia(topVia, remote.host, remote.port));
}
