import {
  type ClientEvent,
  type ClientTransaction,
  type Credentials,
  readDeltaSeconds,
  readRetryAfter,
  type SipResponse,
} from '@offhook/sip';
import type { LegIdentity } from './identity.ts';
import type { HopResult, LegHop, LegHops } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import { grantedExpiryS, registerRequest } from './register-request.ts';
import { isBound, type RegistrationEvent, type RegistrationRecord, type RegistrationSettings } from './registration.types.ts';

type Fields = readonly (readonly [name: string, value: string])[];

/** The leg whose REGISTERs are sent, and who hears of their answers. */
export interface RegisteringLeg {
  readonly line: Pick<LineScope, 'key' | 'identity' | 'layer' | 'maxAuth' | 'ambient' | 'outlives' | 'contactMoved'>;
  readonly identity: LegIdentity;
  readonly record: RegistrationRecord;
  readonly settings: RegistrationSettings;
  readonly hops: LegHops;
  readonly credentials: Credentials;
  contact(hop: LegHop): string;
  send(event: RegistrationEvent): void;
}

const noFields: Fields = [];

/** The REGISTER transactions of one leg; each answer becomes an event of its chart. */
export class RegisterClient {
  /** The latest REGISTER waits for its flow: it has not left. */
  isConnecting = false;
  private readonly leg: RegisteringLeg;
  private outstanding: ClientTransaction | undefined = undefined;
  /** Counts REGISTER attempts: whatever belongs to an earlier one is stale. */
  private attempt = 0;
  private challenges = 0;
  private hop: LegHop | undefined = undefined;
  /** Where the Contact that was registered last leads; before the first one `inherited` stands. */
  private registered: LegHop | undefined = undefined;
  private readonly inherited: string;
  /** The server that has it. */
  private holder: string;
  /** A Contact of this binding that its server still has and that leads nowhere any more; empty: none. */
  private replaced = '';
  private expiresS = 0;
  /** Credentials for the challenge that came last, until they are sent. */
  private authorization: Fields = noFields;

  /** @param inherited Contact that an earlier life has registered, or empty */
  constructor(leg: RegisteringLeg, inherited: string) {
    this.leg = leg;
    this.inherited = inherited;
    this.holder = leg.identity.server;
  }

  /** The Contact that was registered last. */
  get contact(): string {
    return this.registered === undefined ? this.inherited : this.leg.contact(this.registered);
  }

  /** The Contact that the server is known to have. */
  get heldContact(): string {
    return this.replaced === '' ? this.contact : this.replaced;
  }

  begin(expiresS: number): void {
    this.abandon();
    const mine = this.attempt;
    this.challenges = 0;
    this.isConnecting = true;
    this.hop = undefined;
    this.expiresS = expiresS;
    this.leg.hops.use(this.leg.settings.timerFMs, (result) => {
      if (mine === this.attempt) this.connected(result);
    });
  }

  /** The same again with credentials, on the very same hop (D-44). */
  repeat(): void {
    const { hop, authorization } = this;
    this.authorization = noFields;
    if (hop !== undefined) this.transmit(hop, authorization);
  }

  /** What the other one has registered is ours. */
  adopt(other: RegisterClient): void {
    this.abandon();
    this.registered = other.registered;
    this.holder = other.holder;
    this.replaced = '';
  }

  /** Forgets the outstanding REGISTER. */
  abandon(): void {
    this.attempt += 1;
    this.isConnecting = false;
    this.outstanding?.abandon();
    this.outstanding = undefined;
  }

  private get domainUri(): string {
    return `sip:${this.leg.identity.domain}`;
  }

  private connected(result: HopResult): void {
    this.isConnecting = false;
    if ('failure' in result) {
      const { detail } = result.failure;
      return this.leg.send({ type: 'reg.none', cause: 'transport', connected: false, detail });
    }
    this.hop = result.hop;
    this.transmit(result.hop, this.leg.credentials.preemptive('REGISTER', this.domainUri));
  }

  private transmit(hop: LegHop, authorization: Fields): void {
    const { line, record } = this.leg;
    const mine = this.attempt;
    record.cseq += 1;
    // What is withdrawn is what was registered, even where the flow has changed since.
    const before = this.contact;
    const contact = this.expiresS > 0 || before === '' ? this.registerAt(hop, before) : before;
    const { identity } = this.leg;
    const draft = registerRequest(line.identity, identity, record, contact, this.replaced, this.expiresS, authorization);
    this.outstanding = line.layer.request(draft, hop, (event) => {
      if (mine === this.attempt) this.onAnswer(event);
    });
  }

  /** Through another edge the binding gets another Contact: the old one goes with the same request. @returns the new one */
  private registerAt(hop: LegHop, before: string): string {
    const { line, record, identity } = this.leg;
    const isHeldHere = this.holder === identity.server && isBound(record, line.ambient.now());
    const contact = hop === this.registered ? before : this.leg.contact(hop);
    this.registered = hop;
    this.holder = identity.server;
    if (!isHeldHere) this.replaced = '';
    else if (line.outlives && before !== '' && before !== contact) {
      this.replaced ||= before;
      line.contactMoved(record.leg);
    }
    if (this.replaced === contact) this.replaced = '';
    return contact;
  }

  private onAnswer(event: ClientEvent): void {
    if (event.type === 'provisional') return;
    this.outstanding = undefined;
    if (event.type === 'final') return this.onFinal(event.response);
    this.leg.hops.forget();
    if (event.type !== 'transport') return this.leg.send({ type: 'reg.none', cause: 'no-response' });
    this.leg.send({ type: 'reg.none', cause: 'transport', detail: event.failure.detail });
  }

  private onFinal(response: SipResponse): void {
    const { status } = response;
    const { leg } = this;
    const { line, record } = leg;
    if (status < 300) {
      this.replaced = '';
      leg.credentials.learn(response);
      return leg.send({ type: 'reg.ok', grantedS: grantedExpiryS(response, line.key, record.leg, record.requestedS) });
    }
    if ((status === 401 || status === 407) && this.canAnswer(response)) return leg.send({ type: 'reg.challenge', code: status });
    const minS = status === 423 ? readDeltaSeconds(response.header('Min-Expires')) : undefined;
    if (minS !== undefined) return leg.send({ type: 'reg.tooBrief', minS });
    const retryAfter = readRetryAfter(response.header('Retry-After'));
    leg.send({ type: 'reg.reject', code: status, ...(retryAfter === undefined ? {} : { retryAfterS: retryAfter.delayS }) });
  }

  /** Prepares the credentials; false when Max Auth is reached or the challenge cannot be answered. */
  private canAnswer(response: SipResponse): boolean {
    if (this.challenges >= this.leg.line.maxAuth) return false;
    const field = response.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const answer = this.leg.credentials.answer({
      status: response.status,
      challenges: response.headers(field),
      method: 'REGISTER',
      uri: this.domainUri,
    });
    if ('unanswerable' in answer) return false;
    this.challenges += 1;
    this.authorization = answer.map(({ header, value }) => [header, value] as const);
    return true;
  }
}
