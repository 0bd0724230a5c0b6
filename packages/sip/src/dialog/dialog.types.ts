import type { Ambient, DialogFacts, Endpoint, LineInbound, LineKey } from '@offhook/core';
import type { HeaderFields, SipRequest, SipResponse } from '../codec/message.ts';
import type { Credentials } from '../digest/credentials.ts';
import type { Hop } from '../transaction/client-transactions.ts';
import type { TransactionLayer } from '../transaction/layer.ts';
import type { ServerTransaction } from '../transaction/server-transactions.ts';
import type { SipTimers } from '../transaction/timing.ts';

export interface DialogsOptions {
  readonly ambient: Ambient;
  readonly key: LineKey;
  readonly layer: TransactionLayer;
  /** T1 and T2 pace the repetition of a 2xx; 64*T1 ends it. */
  readonly timers: Pick<SipTimers, 't1Ms' | 't2Ms'>;
  readonly identity: {
    /** Address-of-record, the URI of From. */
    readonly uri: string;
    /** Not escaped; '' for none. */
    readonly displayName: string;
  };
  readonly credentials: Credentials;
  /** Route of new requests: the outbound proxy, if there is one. */
  readonly routes: readonly string[];
  /** User-Agent; '' for none. */
  readonly userAgent: string;
  readonly maxForwards: number;
  /** Challenges answered per request. @source manual: Max Auth */
  readonly maxAuth: number;
  /** Redirections followed per INVITE; one more ends the call. @source manual: Max Redirection */
  readonly maxRedirections: number;
  /** Methods served inside a dialog: the value of Allow. */
  readonly allow: string;
  /** Contact URI of this leg on a hop. */
  contact(hop: Hop): string;
  /** The way back for a request that came from the network. */
  hopOf(inbound: LineInbound): Hop;
  /** Use OB Proxy In Dialog = No: opens the way to the host of a URI. Absent: in-dialog requests take the hop of their dialog. @source RED-123 */
  openHop?(uri: string): Promise<Hop>;
  /** The stream of a dialog's hop is gone: opens it again to the same server. @source redundancy reference section 6.5 */
  reopenHop(hop: Hop): Promise<Hop>;
  /** A new INVITE; it waits for `accept` or `reject`. */
  onInvite(incoming: IncomingInvite): void;
  /** sip.js threw: a peer's nonsense, or a fault of ours. The message concerned has been answered, if it could be. */
  onFault?(error: unknown): void;
}

/** The dialogs of one leg of a line. Its sip.js exists only while there is something in it. */
export interface Dialogs {
  /** Calls. @throws LocalProtocolError `E_SIP_LOCAL` when a part of the request cannot be written */
  invite(request: InviteRequest, listener: (event: InviteEvent) => void): OutgoingInvite;
  /** True when the request belongs to a dialog of this leg. */
  owns(request: SipRequest): boolean;
  /** A new INVITE, or a request that this leg owns. */
  receive(server: ServerTransaction): void;
  /** An ACK that the layer knows no transaction for. Ignored when it belongs to none of our dialogs. */
  receiveAck(request: SipRequest): void;
  /**
   * Goes on with a confirmed dialog of an earlier owner of the line, on that hop.
   * @throws LocalProtocolError `E_SIP_LOCAL` when it lives here already, or its facts can be written into no message
   */
  restore(facts: DialogFacts, hop: Hop): Session;
  /** Acknowledges a 2xx that no transaction knows, when it made a dialog that was restored. @returns false when there is none */
  acknowledge(response: SipResponse): boolean;
  /** Nothing is under way, on its way, or remembered. */
  readonly isIdle: boolean;
  /** Forgets everything without a word. */
  dispose(): void;
}

/** What two attempts on different legs have in common, so that whoever sees both knows them for one. @source D-21, D-47 */
export interface InviteRequest {
  readonly hop: Hop;
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
  /** Request-URI and To. */
  readonly uri: string;
  /** Offer (SDP). */
  readonly offer: string;
  /** Further fields: Expires. */
  readonly headers: HeaderFields;
  /** The same hop gets it once more: that challenge (401, 407) was answered, or that redirection (3xx) followed. Called before it leaves. */
  onAgain?(status: number): void;
  /** It has left, with these fields: what ends it when nobody else is left to do so. */
  onSent?(head: string): void;
}

/** How a request ended without success: nobody answered, or somebody refused. */
export type RequestFailure =
  | { readonly type: 'no-response' }
  | { readonly type: 'transport' }
  | { readonly type: 'final'; readonly status: number; readonly response?: SipResponse };

export type InviteEvent =
  /** A 1xx. */
  | { readonly type: 'progress'; readonly status: number; readonly sdp?: string }
  /** The first 2xx; its ACK is on its way. Later forks are acknowledged and hung up. */
  | { readonly type: 'accepted'; readonly session: Session; readonly sdp?: string }
  /** The end, told once. `isFinal`: not to be tried elsewhere, whatever its status (a redirection too many, an answer nobody can use). */
  | { readonly type: 'failed'; readonly failure: RequestFailure; readonly isFinal: boolean };

/** An INVITE under way. */
export interface OutgoingInvite {
  /** Of the latest request sent: a challenge and a redirection count it up. */
  readonly cseq: number;
  /** Cancels as soon as that is allowed. The end is told as usual; a call that is accepted nevertheless is hung up, and told as 487. */
  cancel(): void;
}

/** An INVITE that waits for our answer. */
export interface IncomingInvite {
  readonly request: SipRequest;
  /** SDP; undefined: the caller wants an offer of ours. */
  readonly offer: string | undefined;
  /** Where it came from. */
  readonly remote: Endpoint;
  /** The fields that a response to it repeats. */
  readonly head: string;
  /** The dialog that accepting it makes. */
  dialog(): DialogFacts;
  /** 101 to 199. */
  progress(status: number): void;
  /** 200 with an answer, or with an offer where there was none. Undefined when the INVITE is over. */
  accept(sdp: string): Session | undefined;
  /** 400 to 699. */
  reject(status: number, headers?: HeaderFields): void;
  /** The caller gave up, or his stream is gone; told once, never after `accept` or `reject`. */
  onCancelled?: () => void;
}

export type SessionEvent =
  /** The first ACK of our 2xx; with the answer to our offer, if there was one. */
  | { readonly type: 'acked'; readonly sdp?: string }
  /** A re-INVITE. `sdp` undefined: the peer wants an offer. */
  | { readonly type: 'offer'; readonly sdp: string | undefined; respond(reply: OfferReply): void }
  /** The far side sent BYE. */
  | { readonly type: 'bye' }
  /** The dialog is over although nobody said so. Ours has been said. */
  | { readonly type: 'lost'; readonly reason: 'no-ack' | 'reinvite' };

export type OfferReply = { readonly sdp: string } | { readonly status: number };

/** How a re-INVITE of ours ended. `pending`: it was not sent, the dialog is not ready for one. */
export type ReinviteResult =
  | { readonly ok: true; readonly sdp?: string }
  | { readonly ok: false; readonly failure: RequestFailure | { readonly type: 'pending' } };

/** A confirmed INVITE dialog. It belongs to the hop it was made on. @source redundancy reference section 6.5 */
export interface Session {
  readonly callId: string;
  /** URI of the far side. */
  readonly remoteUri: string;
  onEvent?: (event: SessionEvent) => void;
  /** Its facts are other ones. */
  onChange?: () => void;
  /** What another owner goes on with. */
  facts(): DialogFacts;
  /** Ends it; tells nobody. A BYE that is not answered is repeated by the timers and then forgotten. Before the ACK of our 2xx it waits for that. */
  bye(): void;
  /**
   * Offers anew; one at a time. A 408, a 481 or silence means that the far side knows no such dialog: it is hung up, and told as `lost`.
   * @source RFC 3261 section 12.2.1.2, redundancy reference section 6.5
   */
  reinvite(sdp: string, headers: HeaderFields, done: (result: ReinviteResult) => void): void;
}
