import {
  type Ambient,
  type CandidateMark,
  type FlowFailure,
  type Leg,
  type LegFacts,
  type LineKey,
  randomToken,
  type Timer,
} from '@offhook/core';
import {
  type ClientEvent,
  type ClientTransaction,
  type Credentials,
  readDeltaSeconds,
  readRetryAfter,
  type SipResponse,
  type TransactionLayer,
} from '@offhook/sip';
import type { DecisionDraft } from './decision.ts';
import type { LineHost, Running } from './host.ts';
import type { Identity } from './identity.ts';
import type { HopResult, LegHop, LegHops } from './leg-hop.ts';
import { addressOfRecord, contactUri, grantedExpiryS, registerRequest } from './register-request.ts';
import { registrationMachine } from './registration.machine.ts';
import {
  isBound,
  isUsable,
  type RegistrationClock,
  type RegistrationEffects,
  type RegistrationEvent,
  type RegistrationRecord,
  type RegistrationSettings,
} from './registration.types.ts';

/** One registration at work: its machine, its clocks, its REGISTER transactions and its flow. */
export interface RunningLeg {
  readonly leg: Leg;
  readonly record: RegistrationRecord;
  readonly hops: LegHops;
  readonly credentials: Credentials;
  /** State of the registration chart. */
  state(): string;
  send(event: RegistrationEvent): void;
  flowFailed(failure: FlowFailure): void;
  /** The leg as decisions see it. */
  mark(): CandidateMark;
  /** Contact URI of this leg on a hop. */
  contact(hop: LegHop): string;
  /** Clears every clock and forgets what is outstanding. */
  dispose(): void;
}

export interface LegOptions {
  readonly leg: Leg;
  readonly key: LineKey;
  readonly identity: Identity;
  readonly settings: RegistrationSettings;
  /** Challenges answered per request. */
  readonly maxAuth: number;
  readonly ambient: Ambient;
  readonly layer: TransactionLayer;
  readonly hops: LegHops;
  readonly credentials: Credentials;
  readonly host: LineHost;
  /** Facts of an earlier life (D-46). */
  readonly facts?: LegFacts | undefined;
  onChanged(): void;
  onDecision(draft: DecisionDraft): void;
  onFacts(facts: LegFacts | undefined): void;
  onError(error: unknown): void;
}

/** A resumed leg jumps its CSeq so far, above anything an earlier owner may still have sent (D-46). */
const resumeJump = 100;

function newRecord(options: LegOptions): RegistrationRecord {
  const { leg, facts, ambient, settings } = options;
  return {
    leg,
    callId: facts?.callId ?? randomToken(ambient, 100),
    fromTag: facts?.fromTag ?? randomToken(ambient, 50),
    cseq: facts === undefined ? 0 : facts.cseq + resumeJump,
    requestedS: settings.registerExpiresS,
    wasTooBrief: false,
    failures: 0,
    lastOk: false,
    refreshAtMs: facts?.refreshAtMs ?? 0,
    expiresAtMs: facts?.expiresAtMs ?? 0,
    retryAtMs: 0,
    blockedUntilMs: 0,
    downSinceMs: 0,
    reconnectedAtMs: 0,
  };
}

export function createLeg(options: LegOptions): RunningLeg {
  const { leg, key, identity, settings, ambient, layer, hops, credentials } = options;
  const record = newRecord(options);
  const server = identity.legs[leg]?.server ?? '';
  const clocks = new Map<RegistrationClock, Timer>();
  let outstanding: ClientTransaction | undefined;
  /** Counts REGISTER attempts: whatever belongs to an earlier one is stale. */
  let attempt = 0;
  let challenges = 0;
  let isConnecting = false;
  let sent = { hop: undefined as LegHop | undefined, expiresS: 0 };
  let authorization: readonly (readonly [string, string])[] = [];
  let contactSent = options.facts?.contact ?? '';

  const timerMs = settings.timerFMs;
  const domainUri = `sip:${identity.legs[leg]?.domain ?? identity.domain}`;

  function transmit(hop: LegHop): void {
    const mine = attempt;
    record.cseq += 1;
    // What is withdrawn is what was registered, even where the flow has changed since.
    if (sent.expiresS > 0 || contactSent === '')
      contactSent = contactUri(identity, key, leg, { hostPort: hop.contactHostPort, protocol: hop.protocol });
    const draft = registerRequest(identity, record, contactSent, sent.expiresS, authorization);
    outstanding = layer.request(draft, hop, (event) => {
      if (mine === attempt) onAnswer(event);
    });
  }

  function begin(expiresS: number): void {
    effects.abandon();
    const mine = attempt;
    challenges = 0;
    isConnecting = true;
    sent = { hop: undefined, expiresS };
    hops.use(timerMs, (result: HopResult) => {
      if (mine !== attempt) return;
      isConnecting = false;
      if ('failure' in result) {
        const { detail } = result.failure;
        return machine.send({ type: 'reg.none', cause: 'transport', connected: false, detail });
      }
      sent.hop = result.hop;
      authorization = credentials.preemptive('REGISTER', domainUri);
      transmit(result.hop);
    });
  }

  function onAnswer(event: ClientEvent): void {
    if (event.type === 'provisional') return;
    outstanding = undefined;
    if (event.type === 'final') return onFinal(event.response);
    hops.forget();
    if (event.type !== 'transport') return machine.send({ type: 'reg.none', cause: 'no-response' });
    machine.send({ type: 'reg.none', cause: 'transport', detail: event.failure.detail });
  }

  function onFinal(response: SipResponse): void {
    const { status } = response;
    if (status < 300) {
      credentials.learn(response);
      return machine.send({ type: 'reg.ok', grantedS: grantedExpiryS(response, key, leg, record.requestedS) });
    }
    if ((status === 401 || status === 407) && canAnswer(response)) return machine.send({ type: 'reg.challenge', code: status });
    const minS = status === 423 ? readDeltaSeconds(response.header('Min-Expires')) : undefined;
    if (minS !== undefined) return machine.send({ type: 'reg.tooBrief', minS });
    const retryAfter = readRetryAfter(response.header('Retry-After'));
    machine.send({ type: 'reg.reject', code: status, ...(retryAfter === undefined ? {} : { retryAfterS: retryAfter.delayS }) });
  }

  /** Prepares the credentials; false when Max Auth is reached or the challenge cannot be answered. */
  function canAnswer(response: SipResponse): boolean {
    if (challenges >= options.maxAuth) return false;
    const field = response.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const answer = credentials.answer({
      status: response.status,
      challenges: response.headers(field),
      method: 'REGISTER',
      uri: domainUri,
    });
    if ('unanswerable' in answer) return false;
    challenges += 1;
    authorization = answer.map(({ header, value }) => [header, value] as const);
    return true;
  }

  const effects: RegistrationEffects = {
    now: () => ambient.now(),
    random: () => ambient.random(),
    register: () => begin(record.requestedS),
    unregister: () => begin(0),
    answerChallenge: () => sent.hop && transmit(sent.hop),
    isConnecting: () => isConnecting,
    abandon() {
      attempt += 1;
      isConnecting = false;
      outstanding?.abandon();
      outstanding = undefined;
    },
    arm(clock, atMs) {
      ambient.clearTimer(clocks.get(clock));
      const fire = () => {
        clocks.delete(clock);
        machine.send({ type: `clock.${clock}` });
      };
      clocks.set(clock, ambient.setTimer(fire, Math.max(0, atMs - ambient.now())));
    },
    disarm(clock) {
      ambient.clearTimer(clocks.get(clock));
      clocks.delete(clock);
    },
    renew() {
      Object.assign(record, { callId: randomToken(ambient, 100), fromTag: randomToken(ambient, 50), cseq: 0 });
    },
    persist(bound) {
      const { callId, fromTag, cseq, expiresAtMs, refreshAtMs } = record;
      const aor = addressOfRecord(identity, leg);
      options.onFacts(bound ? { callId, fromTag, cseq, expiresAtMs, refreshAtMs, aor, server, contact: contactSent } : undefined);
    },
    decided({ rule, source, action, inputs, next }) {
      options.onDecision({
        about: 'registration',
        rule,
        source,
        leg,
        inputs,
        outcome: { action, leg, server },
        ...(next === undefined ? {} : { next: { what: next.what, atMs: next.atMs, leg } }),
      });
    },
  };

  /** The registration as the line last heard of it. */
  let known = { state: '', bound: false, usable: false };
  function tell(): void {
    const nowMs = ambient.now();
    const state = running.state();
    const bound = isBound(record, nowMs);
    const usable = isUsable(record, nowMs);
    if (state === known.state && bound === known.bound && usable === known.usable) return;
    known = { state, bound, usable };
    options.onChanged();
  }

  /** One mark serves every decision until something in it changes: kept decisions share it. */
  let latest: CandidateMark = { leg, server, state: 'up', bound: false, usable: false };
  function mark(): CandidateMark {
    const nowMs = ambient.now();
    const { downSinceMs, blockedUntilMs } = record;
    const bound = isBound(record, nowMs);
    const usable = isUsable(record, nowMs);
    const isSame =
      latest.bound === bound &&
      latest.usable === usable &&
      (latest.downSinceMs ?? 0) === downSinceMs &&
      (latest.blockedUntilMs ?? 0) === (blockedUntilMs > nowMs ? blockedUntilMs : 0);
    if (isSame) return latest;
    latest = {
      leg,
      server,
      state: downSinceMs === 0 ? 'up' : 'down',
      ...(downSinceMs === 0 ? {} : { downSinceMs }),
      ...(blockedUntilMs > nowMs ? { blockedUntilMs } : {}),
      bound,
      usable,
    };
    return latest;
  }

  const running: Running<RegistrationEvent> = options.host.run(registrationMachine, {
    id: leg,
    input: { record, settings, effects },
    onError: options.onError,
  });
  /** The line hears of a change after the transition that made it. */
  const machine = {
    state: () => running.state(),
    send(event: RegistrationEvent) {
      running.send(event);
      tell();
    },
  };

  return {
    leg,
    record,
    hops,
    credentials,
    state: () => running.state(),
    send: machine.send,
    flowFailed(failure) {
      if (hops.current()?.flow !== failure.flow || !settings.isStream) return;
      hops.forget();
      machine.send({ type: 'transport.down' });
    },
    mark,
    contact: (hop) => contactUri(identity, key, leg, { hostPort: hop.contactHostPort, protocol: hop.protocol }),
    dispose() {
      effects.abandon();
      for (const timer of clocks.values()) ambient.clearTimer(timer);
      clocks.clear();
      running.stop();
      hops.close();
    },
  };
}
