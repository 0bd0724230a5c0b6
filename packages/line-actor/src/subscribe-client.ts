import { randomToken } from '@offhook/core';
import {
  type ClientEvent,
  type ClientTransaction,
  type Credentials,
  type HeaderFields,
  readDeltaSeconds,
  readRetryAfter,
  type SipResponse,
  SubscriptionDialog,
} from '@offhook/sip';
import { createDialogHops, type DialogHops } from './dialog-hops.ts';
import type { HopResult, LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import type { RequestEnd } from './outcome.ts';
import type { Place, SendVerdict } from './place.ts';
import { targetUri } from './requests.ts';
import type { RequestRoute } from './route.ts';
import type { SubscriptionEvent, SubscriptionPlace, SubscriptionRecord } from './subscription.types.ts';

/** What one subscription asks for, and who hears of the answers. */
export interface Subscriber {
  readonly line: LineScope;
  /** Event package. */
  readonly event: string;
  /** Content type of its bodies. */
  readonly accept: string;
  /** SIP URI of what is subscribed to. */
  readonly target: string;
  readonly record: SubscriptionRecord;
  send(event: SubscriptionEvent): void;
}

/** Words of a move: the route has decided it already. */
const moved = { rule: '6.8:moved', source: 'redundancy 6.8, X Resubscribe On Move' };

/** The SUBSCRIBE transactions of one subscription; each answer becomes an event of its chart. */
export class SubscribeClient {
  /** The dialog that was begun last. */
  dialog: SubscriptionDialog | undefined = undefined;
  /** Where it was asked for. */
  place: Place | undefined = undefined;
  private readonly subscriber: Subscriber;
  private outstanding: ClientTransaction | undefined = undefined;
  /** Counts requests: whatever belongs to an earlier one is stale. */
  private attempt = 0;
  private challenges = 0;
  /** Use OB Proxy In Dialog = No: ways that the dialog names by itself. */
  private ways: DialogHops | undefined = undefined;
  /** Of the request that begins a dialog; undefined once it has been answered. */
  private route: RequestRoute | undefined = undefined;

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber;
  }

  /** Begins a dialog where the route leads. `failed`: how the server it is at now has failed it, so that it is not asked again. */
  subscribe(failed: 'no-response' | 'transport' | undefined): void {
    const before = this.place;
    this.drop();
    const route = this.subscriber.line.route('SUBSCRIBE');
    const first = route.first();
    const isSame =
      first.next === 'send' &&
      first.leg === before?.leg.leg &&
      (first.server === undefined || first.server === before.identity.server);
    const verdict = failed !== undefined && isSame ? route.after({ type: failed }) : first;
    this.route = route;
    if (verdict?.next === 'send') return this.begin(verdict);
    this.subscriber.send({ type: 'sub.none', cause: verdict?.next === 'deliver' ? (failed ?? 'transport') : 'not-registered' });
  }

  /** Begins a dialog at a place, and nowhere else when that fails: the next one follows the route again. */
  subscribeAt({ leg, server = this.subscriber.line.leg(leg)?.mark().server }: SubscriptionPlace): void {
    this.drop();
    const { line } = this.subscriber;
    const outcome = { action: 'send', leg, ...(server === undefined ? {} : { server }) };
    line.note({ about: 'request', ...moved, request: { method: 'SUBSCRIBE', id: 'subscription' }, leg, outcome });
    this.begin({ next: 'send', leg, ...(server === undefined ? {} : { server }), ...moved });
  }

  /** The next SUBSCRIBE of the dialog. */
  refresh(expiresS: number = this.subscriber.record.requestedS): void {
    const { place, dialog } = this;
    if (dialog === undefined || place === undefined) return;
    this.abandon();
    dialog.advance();
    this.send(place, dialog, expiresS);
  }

  /** Says that the subscription is no longer wanted; its last NOTIFY is still answered. @source RFC 6665 section 4.1.2.3 */
  unsubscribe(): void {
    if (this.dialog?.isEstablished === true) this.refresh(0);
    else this.drop();
  }

  /** Forgets the dialog: what the far side says of it is unknown from now on. */
  drop(): void {
    this.abandon();
    this.dialog = undefined;
    this.route = undefined;
    this.ways?.close();
    this.ways = undefined;
  }

  private abandon(): void {
    this.attempt += 1;
    this.challenges = 0;
    this.outstanding?.abandon();
    this.outstanding = undefined;
  }

  private begin(verdict: SendVerdict): void {
    const { line } = this.subscriber;
    this.abandon();
    const mine = this.attempt;
    line.place(verdict, (placed) => {
      if (mine !== this.attempt) return;
      if ('place' in placed) return this.beginAt(placed.place);
      if (placed.failure === 'register') return this.failed({ type: 'register' });
      this.subscriber.send({ type: 'sub.none', cause: 'not-registered' });
    });
  }

  /** Each server gets a dialog of its own: a late NOTIFY of the one that failed must not be taken for the other's. */
  private beginAt(place: Place): void {
    const { line, event, accept, target } = this.subscriber;
    const { ambient, identity } = line;
    this.place = place;
    const aor = `<sip:${identity.user}@${identity.domain}>`;
    const dialog = new SubscriptionDialog({
      callId: randomToken(ambient, 100),
      fromTag: randomToken(ambient, 50),
      from: identity.displayName === '' ? aor : `${identity.displayName} ${aor}`,
      uri: targetUri(identity, place.identity, target),
      routes: place.identity.routes,
      event,
      accept,
      userAgent: identity.userAgent,
      maxForwards: identity.maxForwards,
    });
    this.abandon();
    this.dialog = dialog;
    this.send(place, dialog, this.subscriber.record.requestedS);
  }

  private send(place: Place, dialog: SubscriptionDialog, expiresS: number): void {
    const { line } = this.subscriber;
    const { leg, identity } = place;
    const mine = this.attempt;
    const onHop = (result: HopResult): void => {
      if (mine !== this.attempt) return;
      if ('failure' in result) return this.failed({ type: 'transport', connected: false, detail: result.failure.detail });
      this.transmit(place, dialog, result.hop, expiresS, leg.credentials.preemptive('SUBSCRIBE', dialog.requestUri));
    };
    const { target, routes } = identity;
    const staysWithProxy = line.config.ext.useObProxyInDialog || routes.length === 0 || !dialog.isEstablished;
    const timeoutMs = line.timers.timerFMs;
    if (staysWithProxy) return place.hops.use(timeoutMs, onHop);
    const hopsTo: Parameters<typeof createDialogHops>[0]['hopsTo'] = (to) => line.hopsTo(leg.leg, to);
    this.ways ??= createDialogHops({ place, protocol: target.protocol, timeoutMs, hopsTo });
    this.ways
      .openTo(dialog.nextUri)
      .then((hop): HopResult => ({ hop: hop as LegHop }))
      .catch((error: unknown): HopResult => ({ failure: { reason: 'error', detail: String(error) } }))
      .then(onHop)
      .catch((error: unknown) => line.fail(error));
  }

  private transmit(place: Place, dialog: SubscriptionDialog, hop: LegHop, expiresS: number, authorization: HeaderFields): void {
    const { line, record } = this.subscriber;
    const mine = this.attempt;
    record.askedAtMs = line.ambient.now();
    const draft = dialog.request(place.leg.contact(hop), expiresS, authorization);
    const again = (fields: HeaderFields): void => {
      dialog.advance();
      this.transmit(place, dialog, hop, expiresS, fields);
    };
    const uri = dialog.requestUri;
    this.outstanding = line.layer.request(draft, hop, (event) => {
      if (mine === this.attempt) this.onAnswer(event, place, uri, expiresS, again);
    });
  }

  private onAnswer(
    event: ClientEvent,
    { leg }: Place,
    uri: string,
    expiresS: number,
    again: (authorization: HeaderFields) => void,
  ): void {
    if (event.type === 'provisional') return;
    this.outstanding = undefined;
    if (event.type !== 'final') return this.failed({ type: event.type });
    const { response } = event;
    const { status } = response;
    const authorization = this.credentialsFor(leg.credentials, uri, response);
    if (authorization !== undefined) {
      this.route?.again(status);
      return again(authorization);
    }
    // Of an unsubscription nothing more is to be learnt.
    if (expiresS === 0) return;
    const minS = status === 423 ? readDeltaSeconds(response.header('Min-Expires')) : undefined;
    if (minS !== undefined) return this.subscriber.send({ type: 'sub.tooBrief', minS });
    if (status >= 300) return this.failed({ type: 'final', status }, readRetryAfter(response.header('Retry-After'))?.delayS);
    leg.credentials.learn(response);
    this.route = undefined;
    // A notifier may shorten what was asked for, never lengthen it (RFC 6665 section 4.2.1.1).
    const grantedS = Math.min(readDeltaSeconds(response.header('Expires')) ?? expiresS, expiresS);
    this.subscriber.send({ type: 'sub.ok', grantedS });
  }

  /** For a challenge, to be sent on the very same hop (D-44). */
  private credentialsFor(credentials: Credentials, uri: string, response: SipResponse): HeaderFields | undefined {
    const { status } = response;
    if ((status !== 401 && status !== 407) || this.challenges >= this.subscriber.line.maxAuth) return undefined;
    const challenges = response.headers(status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate');
    const answer = credentials.answer({ status, challenges, method: 'SUBSCRIBE', uri });
    if ('unanswerable' in answer) return undefined;
    this.challenges += 1;
    return answer.map(({ header, value }) => [header, value] as const);
  }

  /** A request that begins a dialog may go to another server (6.2, 6.4); one inside a dialog never does (6.5). */
  private failed(end: RequestEnd, retryAfterS?: number): void {
    const mine = this.attempt;
    this.subscriber.line.whenSettled(() => {
      if (mine === this.attempt) this.giveUp(end, retryAfterS);
    });
  }

  private giveUp(end: RequestEnd, retryAfterS: number | undefined): void {
    const verdict = this.route?.after(end);
    if (verdict?.next === 'send') return this.begin(verdict);
    this.route = undefined;
    if (end.type === 'register') return this.subscriber.send({ type: 'sub.none', cause: 'not-registered' });
    if (end.type !== 'final') return this.subscriber.send({ type: 'sub.none', cause: end.type });
    const code = end.status;
    this.subscriber.send({ type: 'sub.reject', code, ...(retryAfterS === undefined ? {} : { retryAfterS }) });
  }
}
