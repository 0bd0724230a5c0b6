import { type Ambient, type CandidateMark, type FlowFailure, type Leg, type LegFacts, randomToken } from '@offhook/core';
import type { Credentials } from '@offhook/sip';
import { type ClockOwner, Clocks } from './clocks.ts';
import type { HostOptions, Running } from './host.ts';
import type { LegIdentity } from './identity.ts';
import { LegFlow } from './leg-flow.ts';
import type { LegHop, LegHops } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import type { Place } from './place.ts';
import { RegisterClient } from './register-client.ts';
import { addressOfRecord, contactUri } from './register-request.ts';
import { registrationMachine } from './registration.machine.ts';
import {
  isBound,
  isUsable,
  type RegistrationClock,
  type RegistrationContext,
  type RegistrationEffects,
  type RegistrationEvent,
  type RegistrationRecord,
  type RegistrationRule,
  type RegistrationSettings,
} from './registration.types.ts';
import { registrationSettings } from './settings.ts';
import { markUp, outcomeAt } from './shared-words.ts';

/** One registration at work: its machine, its clocks, its REGISTER transactions and its flow. */
export interface RunningLeg {
  readonly leg: Leg;
  readonly record: RegistrationRecord;
  /** The server it registers at; that of a ranked list changes. */
  readonly identity: LegIdentity;
  readonly hops: LegHops;
  readonly settings: RegistrationSettings;
  readonly credentials: Credentials;
  /** Contact URI that was registered last, or empty. */
  readonly registeredContact: string;
  /** The parameters of its line are other ones. */
  configure(): void;
  /** Its latest REGISTER waits for a flow: it has not left. */
  isConnecting(): boolean;
  /** Its next REGISTER goes to another server of the list. */
  moveTo(place: Pick<Place, 'identity' | 'hops'>): void;
  /** New INVITEs skip its server until then; a REGISTER asks at once whether it lives. */
  suspect(untilMs: number): void;
  /** Goes on with what another client of it has registered. */
  adopt(client: RegisterClient): void;
  /** Its line is at another edge, or in another life of one. @param was the edge that it has left */
  edgeMoved(was: string): void;
  /** State of the registration chart. */
  state(): string;
  send(event: RegistrationEvent): void;
  flowFailed(failure: FlowFailure): void;
  /** The leg as decisions see it. */
  mark(): CandidateMark;
  /** Contact URI of this leg on a hop. */
  contact(hop: LegHop): string;
  /** In a cluster: asks the edge whether the binding still leads to it. */
  askFlow(): void;
  /** Clears every clock and forgets what is outstanding. */
  dispose(): void;
}

/** The line of a leg. */
export interface LegLine extends LineScope {
  /** Its state, or whether it is bound or usable, is another one. */
  legChanged(leg: RunningLeg): void;
}

export interface LegOptions {
  readonly line: LegLine;
  readonly identity: LegIdentity;
  readonly hops: LegHops;
  readonly credentials: Credentials;
  /** Facts of an earlier life (D-46). */
  readonly facts: LegFacts | undefined;
}

/** A resumed leg jumps its CSeq so far, above anything an earlier owner may still have sent (D-46). */
const resumeJump = 100;

function newRecord(leg: Leg, requestedS: number, ambient: Ambient, facts: LegFacts | undefined): RegistrationRecord {
  return {
    leg,
    callId: facts?.callId ?? randomToken(ambient, 100),
    fromTag: facts?.fromTag ?? randomToken(ambient, 50),
    cseq: facts === undefined ? 0 : facts.cseq + resumeJump,
    requestedS,
    wasTooBrief: false,
    failures: 0,
    lastOk: false,
    refreshAtMs: facts?.refreshAtMs ?? 0,
    expiresAtMs: facts?.expiresAtMs ?? 0,
    retryAtMs: 0,
    blockedUntilMs: 0,
    downSinceMs: 0,
    reconnectedAtMs: 0,
    graceUntilMs: 0,
    suspectUntilMs: 0,
  };
}

/** A class, because a process holds hundreds of thousands; its own effects and the options of its machine for the same reason. */
class RegistrationLeg
  implements RunningLeg, RegistrationEffects, ClockOwner<RegistrationClock>, HostOptions<typeof registrationMachine>
{
  readonly line: LegLine;
  readonly record: RegistrationRecord;
  readonly credentials: Credentials;
  identity: LegIdentity;
  hops: LegHops;
  readonly input: RegistrationContext;
  private readonly machine: Running<RegistrationEvent>;
  private readonly client: RegisterClient;
  private readonly clocks = new Clocks<RegistrationClock>(this);
  /** In a cluster. */
  private readonly flow: LegFlow | undefined;
  private readonly isResumed: boolean;
  /** One mark serves every decision until something in it changes: kept decisions share it. */
  private latest: CandidateMark;
  /** The registration as the line last heard of it. */
  private knownState = '';
  private knownMark: CandidateMark | undefined = undefined;

  constructor({ line, identity, hops, credentials, facts }: LegOptions) {
    this.line = line;
    this.identity = identity;
    this.hops = hops;
    this.credentials = credentials;
    const settings = registrationSettings(line.config, identity.target.protocol);
    this.record = newRecord(identity.leg, settings.registerExpiresS, line.ambient, facts);
    this.client = new RegisterClient(this, facts?.contact ?? '');
    this.isResumed = facts !== undefined;
    this.flow = line.outlives ? new LegFlow(facts ?? {}) : undefined;
    this.latest = markUp(identity, false, false);
    this.input = { record: this.record, settings, effects: this };
    this.machine = line.host.run(registrationMachine, this);
  }

  get leg(): Leg {
    return this.identity.leg;
  }

  get id(): string {
    return this.identity.leg;
  }

  get settings(): RegistrationSettings {
    return this.input.settings;
  }

  get registeredContact(): string {
    return this.client.contact;
  }

  moveTo({ identity, hops }: Pick<Place, 'identity' | 'hops'>): void {
    if (identity === this.identity) return;
    this.client.abandon();
    this.identity = identity;
    this.hops = hops;
    this.configure();
  }

  configure(): void {
    this.input.settings = registrationSettings(this.line.config, this.identity.target.protocol);
  }

  suspect(untilMs: number): void {
    this.record.suspectUntilMs = untilMs;
    this.send({ type: 'leg.suspect' });
  }

  adopt(client: RegisterClient): void {
    this.client.adopt(client);
  }

  edgeMoved(was: string): void {
    this.flow?.moved(this, this.state(), was);
  }

  askFlow(): void {
    this.flow?.ask(this);
  }

  isTakenOver(): boolean {
    return this.isResumed && this.flow !== undefined;
  }

  mayHaveFlow(): boolean {
    return this.flow?.mayBeThere ?? false;
  }

  onError(error: unknown): void {
    this.line.fail(error);
  }

  state(): string {
    return this.machine.state();
  }

  /** The line hears of a change after the transition that made it. */
  send(event: RegistrationEvent): void {
    if (this.line.list?.fallback.holds(event)) return;
    this.machine.send(event);
    this.tell();
  }

  flowFailed(failure: FlowFailure): void {
    if (this.hops.current()?.flow !== failure.flow || !this.settings.isStream) return;
    this.hops.forget();
    this.send({ type: 'transport.down' });
  }

  mark(): CandidateMark {
    const { record, latest, identity } = this;
    const nowMs = this.now();
    const { downSinceMs } = record;
    const blockedUntilMs = record.blockedUntilMs > nowMs ? record.blockedUntilMs : 0;
    const suspectUntilMs = record.suspectUntilMs > nowMs ? record.suspectUntilMs : 0;
    const bound = isBound(record, nowMs);
    const usable = isUsable(record, nowMs);
    const isSame =
      latest.server === identity.server &&
      latest.bound === bound &&
      latest.usable === usable &&
      (latest.downSinceMs ?? 0) === downSinceMs &&
      (latest.suspectUntilMs ?? 0) === suspectUntilMs &&
      (latest.blockedUntilMs ?? 0) === blockedUntilMs;
    if (isSame) return latest;
    if (downSinceMs === 0 && blockedUntilMs === 0 && suspectUntilMs === 0) this.latest = markUp(identity, bound, usable);
    else
      this.latest = {
        leg: identity.leg,
        server: identity.server,
        state: downSinceMs === 0 ? 'up' : 'down',
        ...(downSinceMs === 0 ? {} : { downSinceMs }),
        ...(blockedUntilMs === 0 ? {} : { blockedUntilMs }),
        ...(suspectUntilMs === 0 ? {} : { suspectUntilMs }),
        bound,
        usable,
      };
    return this.latest;
  }

  contact(hop: LegHop): string {
    const { identity, key } = this.line;
    return contactUri(identity, key, this.leg, { hostPort: hop.contactHostPort, protocol: hop.protocol });
  }

  dispose(): void {
    this.abandon();
    this.clocks.stop();
    this.machine.stop();
    this.hops.close();
  }

  isRanked(): boolean {
    return this.line.list !== undefined;
  }

  movesOn(event: RegistrationEvent): boolean {
    return this.line.list?.registration.movesOn(event) ?? false;
  }

  moveOn(event: RegistrationEvent): void {
    this.line.list?.registration.moveOn(event);
  }

  holdsRefresh(): boolean {
    return this.line.list?.registration.holdsRefresh() ?? false;
  }

  aim(at: 'current' | 'holder'): void {
    this.line.list?.registration.aim(at);
  }

  startRound(): void {
    this.line.list?.registration.startRound();
  }

  confirmed(): void {
    this.line.list?.registration.confirmed();
  }

  waits(event: RegistrationEvent): void {
    this.line.list?.registration.waits(event);
  }

  lost(): void {
    this.line.list?.registration.lost();
  }

  now(): number {
    return this.line.ambient.now();
  }

  random(): number {
    return this.line.ambient.random();
  }

  register(): void {
    const { list } = this.line;
    if (list?.isEmpty !== true) return this.client.begin(this.record.requestedS);
    list.locate(() => {
      if (this.state() !== 'registering') return;
      list.registration.startRound();
      if (!list.isEmpty) return this.client.begin(this.record.requestedS);
      this.send({ type: 'reg.none', cause: 'transport', connected: false, detail: 'no server could be located' });
    });
  }

  unregister(): void {
    this.client.begin(0);
  }

  answerChallenge(): void {
    this.client.repeat();
  }

  isConnecting(): boolean {
    return this.client.isConnecting;
  }

  abandon(): void {
    this.client.abandon();
  }

  arm(clock: RegistrationClock, atMs: number): void {
    this.clocks.arm(clock, atMs);
  }

  disarm(clock: RegistrationClock): void {
    this.clocks.disarm(clock);
  }

  ring(clock: RegistrationClock): void {
    this.send({ type: `clock.${clock}` });
  }

  renew(): void {
    const { ambient } = this.line;
    Object.assign(this.record, { callId: randomToken(ambient, 100), fromTag: randomToken(ambient, 50), cseq: 0 });
  }

  persist(bound: boolean): void {
    const { store, config } = this.line;
    store?.save(config.id, this.leg, bound ? this.facts() : undefined);
  }

  decided({ rule, source, action, inputs, next }: RegistrationRule): void {
    const { identity } = this;
    const outcome = outcomeAt(identity, action);
    this.line.note({ about: 'registration', rule, source, leg: identity.leg, inputs, outcome, next });
  }

  private facts(): LegFacts {
    const { callId, fromTag, cseq, expiresAtMs, refreshAtMs } = this.record;
    const { leg, server } = this.identity;
    const aor = addressOfRecord(this.line.identity, leg);
    const facts = { callId, fromTag, cseq, expiresAtMs, refreshAtMs, aor, server, contact: this.client.heldContact };
    const heldSinceMs = this.line.list?.servers.heldSinceMs;
    return { ...facts, ...this.flow?.facts(this), ...(heldSinceMs === undefined ? {} : { heldSinceMs }) };
  }

  private tell(): void {
    const state = this.state();
    const mark = this.mark();
    if (state === this.knownState && mark.bound === this.knownMark?.bound && mark.usable === this.knownMark?.usable) return;
    this.knownState = state;
    this.knownMark = mark;
    this.line.legChanged(this);
  }
}

export const createLeg = (options: LegOptions): RunningLeg => new RegistrationLeg(options);
