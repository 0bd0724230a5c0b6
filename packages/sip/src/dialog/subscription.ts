import { assertUri, isHeaderValue, isUriText } from '../codec/header-value.ts';
import type { HeaderFields, RequestDraft, ResponseDraft, SipRequest } from '../codec/message.ts';
import { readNameAddr } from '../codec/name-addr.ts';
import { readEventPackage, readSubscriptionState, type SubscriptionState } from '../codec/subscription-state.ts';
import { isToken } from '../codec/text.ts';

export interface SubscriptionOptions {
  readonly callId: string;
  readonly fromTag: string;
  /** Value of From without its tag. */
  readonly from: string;
  /** Request-URI and To of the first SUBSCRIBE. */
  readonly uri: string;
  /** Preloaded Route: the outbound proxy, if there is one. */
  readonly routes: readonly string[];
  /** Event package. */
  readonly event: string;
  /** Content type of its bodies. */
  readonly accept: string;
  readonly userAgent: string;
  readonly maxForwards: number;
}

/** A NOTIFY that was understood; `content` is absent where it had no body. */
export interface Notice<Content> extends SubscriptionState {
  readonly content?: Content;
}

export type Taken<Content> = { readonly notice: Notice<Content> } | { readonly refusal: ResponseDraft };

const refuse = (status: number, reason?: string, headers: HeaderFields = []) => ({
  refusal: { status, headers, ...(reason === undefined ? {} : { reason }) },
});

/**
 * One subscription as its subscriber holds it: the dialog and its only usage. Pure; timers and renewals are the caller's. The dialog is
 * made by the first NOTIFY, which may come before the 2xx and names the route set. ADR 0007 says why sip.js is not asked.
 * @source RFC 6665 sections 4.1.2, 4.1.3, 4.4.1; RFC 3842 section 3.10 (no forks)
 */
export class SubscriptionDialog {
  private readonly options: SubscriptionOptions;
  private cseq = 1;
  private remoteTarget: string;
  private remoteTag: string | undefined = undefined;
  private remoteCseq = 0;
  private routes: readonly string[];

  /** @throws LocalProtocolError `E_SIP_LOCAL` when the URI cannot be written */
  constructor(options: SubscriptionOptions) {
    assertUri(options.uri, 'the target of a subscription');
    this.options = options;
    this.remoteTarget = options.uri;
    this.routes = options.routes;
  }

  /** A NOTIFY has come: the far side holds the subscription. */
  get isEstablished(): boolean {
    return this.remoteTag !== undefined;
  }

  /** Of the next SUBSCRIBE, for the digest. */
  get requestUri(): string {
    return this.remoteTarget;
  }

  /** Where that goes by itself: the first Route entry, else the remote target. @source RFC 3261 section 12.2.1.1 */
  get nextUri(): string {
    return readNameAddr(this.routes[0] ?? '')?.uri ?? this.remoteTarget;
  }

  /** The next request is another one: a refresh, or the same with credentials. */
  advance(): void {
    this.cseq += 1;
  }

  /** A SUBSCRIBE; `expiresS` 0 ends the subscription. */
  request(contact: string, expiresS: number, authorization: HeaderFields): RequestDraft {
    const { options, remoteTag } = this;
    return {
      method: 'SUBSCRIBE',
      uri: this.remoteTarget,
      headers: [
        ...this.routes.map((route) => ['Route', route] as const),
        ['Max-Forwards', String(options.maxForwards)],
        ['From', `${options.from};tag=${options.fromTag}`],
        ['To', remoteTag === undefined ? `<${options.uri}>` : `<${options.uri}>;tag=${remoteTag}`],
        ['Call-ID', options.callId],
        ['CSeq', `${this.cseq} SUBSCRIBE`],
        ['Contact', `<${contact}>`],
        ['Event', options.event],
        ['Accept', options.accept],
        ['Expires', String(expiresS)],
        ['User-Agent', options.userAgent],
        ...authorization,
      ],
    };
  }

  /** A NOTIFY of this dialog, or the one that makes it. That of a second fork is not. */
  owns({ method, callId, to, from }: SipRequest): boolean {
    if (method !== 'NOTIFY' || callId !== this.options.callId || to.params.get('tag') !== this.options.fromTag) return false;
    return this.remoteTag === undefined || this.remoteTag === from.params.get('tag');
  }

  /** Takes a NOTIFY that it owns, whole or not at all. @param read undefined for a body that cannot be read */
  take<Content>(request: SipRequest, read: (body: Uint8Array) => Content | undefined): Taken<Content> {
    const { event, accept } = this.options;
    if (readEventPackage(request.header('Event')) !== event) return refuse(489, undefined, [['Allow-Events', event]]);
    // Repetitions were the transaction layer's; whatever else is not newer came too late.
    if (request.cseq.number <= this.remoteCseq) return refuse(500, 'CSeq Out Of Order');
    const tag = request.from.params.get('tag');
    if (tag === undefined || !isToken(tag)) return refuse(400, 'Missing From Tag');
    const state = readSubscriptionState(request.header('Subscription-State'));
    if (state === undefined) return refuse(400, 'Missing Subscription-State');
    if (request.body.length === 0) return this.accept(request, tag, state);
    const type = request.header('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== accept) return refuse(415, undefined, [['Accept', accept]]);
    const content = read(request.body);
    return content === undefined ? refuse(400, 'Unreadable Body') : this.accept(request, tag, { ...state, content });
  }

  private accept<Content>(request: SipRequest, tag: string, notice: Notice<Content>): Taken<Content> {
    if (this.remoteTag === undefined) this.routes = request.headers('Record-Route').filter(isHeaderValue);
    this.remoteTag = tag;
    this.remoteCseq = request.cseq.number;
    const target = request.contacts[0]?.uri;
    if (target !== undefined && isUriText(target)) this.remoteTarget = target;
    return { notice };
  }
}
