import {
  type Ambient,
  type Bus,
  type BusMessage,
  type CandidateMark,
  type Decision,
  decodeInbound,
  decodeJson,
  encodeJson,
  type FactKind,
  type FlowFailure,
  type Leg,
  type LegFacts,
  type LineConfig,
  type LineKey,
  type LineStore,
  legsOf,
  lineKey,
  lineMode,
  type Mechanism,
  readLineSubject,
  registersLine,
  type Subjects,
} from '@offhook/core';
import { createCredentials, createTransactionLayer } from '@offhook/sip';
import { createDecisionLog } from './decision.ts';
import { createActorHost, type LineHost } from './host.ts';
import { identityOf, type LegIdentity } from './identity.ts';
import { createInbound } from './inbound.ts';
import { createLeg, type RunningLeg } from './leg.ts';
import { createLegHops, type LegHops } from './leg-hop.ts';
import { lineMachine } from './line.machine.ts';
import type { LineEffects } from './line.types.ts';
import { createLineCalls } from './line-calls.ts';
import { answerCommand } from './line-commands.ts';
import { createRequests } from './requests.ts';
import { type Staged, stagedChange, watchContact } from './resume.ts';
import { createRequestRoute, factsOf, type RouteOptions } from './route.ts';
import { routeSingle } from './routing.ts';
import { registrationSettings, sipTimers } from './settings.ts';
import { type Explanation, explainLine, type LineStatus, statusOf } from './status.ts';

/** A mechanism the registry refused on this line, as `explain` shows it. */
export interface Refusal {
  /** `policy.conflict`, `policy.unavailable`, `policy.unknown`. */
  readonly code: string;
  /** What the configuration asked for. */
  readonly asked: string;
  readonly message: string;
  readonly remedy: string;
}

export interface LineOptions {
  readonly config: LineConfig;
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** The edge that owns this line's sockets. */
  readonly edge: string;
  /** Rules the fallback; without it new requests go to the primary. */
  readonly mechanism: Mechanism | undefined;
  readonly refusals?: readonly Refusal[];
  readonly store?: LineStore | undefined;
  readonly host?: LineHost;
  /** The chart threw; the supervisor restarts the line. */
  onFailed?(error: unknown): void;
  /** A message was dropped or refused below the charts: a fault of the parser or of the transaction layer. For counters. */
  onFault?(name: string): void;
}

export interface Line {
  readonly id: string;
  readonly key: LineKey;
  readonly user: string;
  /** Begins, or resumes from stored facts (D-46). */
  start(): Promise<void>;
  /** Ends calls, withdraws bindings; resolves when every leg is off. */
  stop(): Promise<void>;
  /** A message of `line.<slot>.<key>.*`. */
  deliver(message: BusMessage): void;
  ownsFlow(flow: string): boolean;
  status(): LineStatus;
  explain(): Explanation;
  /** Drops everything at once, sending nothing: power cut, or a failed line. */
  kill(): void;
}

/** Undefined when the payload, which may come from another process, is none. */
function readFlowFailure({ payload }: BusMessage): FlowFailure | undefined {
  try {
    const failure = decodeJson<Partial<FlowFailure> | null>(payload);
    return typeof failure?.flow === 'string' ? (failure as FlowFailure) : undefined;
  } catch {
    return undefined;
  }
}

export function createLine(options: LineOptions): Line {
  const { config, ambient, bus, subjects, edge, mechanism } = options;
  const key = lineKey(config.id);
  const mode = lineMode(config);
  const legNames = legsOf(config);
  const identity = identityOf(config, legNames);
  const timers = sipTimers(config);
  const host = options.host ?? createActorHost(ambient);
  const legs = new Map<Leg, RunningLeg>();
  let stopped: (() => void)[] = [];

  const sendSubject = subjects.edge(edge, 'send');
  /** A fact that nobody listens to is not written down. */
  const publish = (kind: FactKind, fact: () => unknown): void => {
    const subject = subjects.fact(key, kind);
    if (bus.reaches(subject)) bus.publish(subject, encodeJson(fact()));
  };
  const candidates = (): CandidateMark[] => [...legs.values()].map((leg) => leg.mark());
  const decisions = createDecisionLog({
    line: config.id,
    ambient,
    candidates,
    publish: (decision: Decision) => publish('decision', () => decision),
  });
  const fail = (error: unknown): void => options.onFailed?.(error);
  const refused = (method: string | undefined, status: number, rule: string, source: string, reason: string): void =>
    decisions.add({
      about: 'inbound',
      rule,
      source,
      ...(method === undefined ? {} : { request: { method, id: 'inbound' } }),
      outcome: { action: 'refuse', status, reason },
    });

  const layer = createTransactionLayer({
    ambient,
    key,
    timers,
    send: (flow, bytes) => bus.publish(sendSubject, bytes, { headers: { flow, line: key } }),
    onRequest: (server) => inbound(server),
    onFault: (name) => {
      options.onFault?.(name);
      if (name === 'merged-request') refused(undefined, 482, '6.6:merged', 'redundancy 6.6, D-21', 'merged');
    },
    onAck: (request) => calls.ack(request),
  });

  const routeOptions: RouteOptions = {
    config,
    candidates,
    now: () => ambient.now(),
    decide: mechanism === undefined ? routeSingle : (facts, event) => mechanism.decide(facts, event),
    onDecision: decisions.add,
  };
  let requestNumber = 0;
  const route = (method: string, id = `r${++requestNumber}`) => createRequestRoute(routeOptions, { method, id });

  const requests = createRequests({
    ambient,
    layer,
    identity,
    timerMs: timers.timerFMs,
    maxAuth: config.phone.maxAuth,
    leg: (name) => legs.get(name as Leg),
    route,
  });

  const hopsTo = (leg: Leg, target: LegIdentity['target']): LegHops =>
    createLegHops({ bus, subjects, edge, key, leg, target, onError: fail });
  const calls = createLineCalls({
    ambient,
    layer,
    key,
    config,
    identity,
    legs,
    host,
    hopsTo,
    route,
    onDecision: decisions.add,
    onError: fail,
    onFact: (fact) => publish('call', () => fact),
  });

  const isBound = (): boolean => !registersLine(config) || candidates().some((mark) => mark.bound);
  const inbound = createInbound({
    config,
    isBound,
    calls,
    onMessage: (request) => publish('state', () => ({ type: 'message', from: request.from.uri, bytes: request.body.byteLength })),
    onRefused: ({ method }, status, rule, source) => refused(method, status, rule, source, 'not-registered'),
  });

  const off = (leg: RunningLeg): boolean => leg.state() === 'off';
  const usable = (leg: Leg): boolean => legs.get(leg)?.mark().usable ?? false;
  const effects: LineEffects = {
    mode: () => (mode === 'list' ? 'single' : mode),
    registers: () => registersLine(config),
    primaryUsable: () => usable('primary'),
    alternateUsable: () => usable('alternate'),
    legsOff: () => [...legs.values()].every(off),
    startLegs: () => {
      for (const leg of legs.values()) leg.send({ type: resuming.has(leg.leg) ? 'line.resume' : 'line.start' });
      for (const [leg, { contact }] of resuming) {
        const running = legs.get(leg);
        if (running !== undefined) watchContact(running, contact, timers.timerFMs, beginAnew);
      }
      resuming.clear();
    },
    stopLegs: () => {
      for (const leg of legs.values()) leg.send({ type: 'line.stop' });
    },
    startAgain: () => ambient.defer(() => isOver || machine.send({ type: 'line.start' })),
    endCalls: () => calls.endAll(),
    releaseQueue: () => requests.release(),
    refuseQueue: () => requests.refuseAll(),
    decided: (rule, source, action) => decisions.add({ about: 'line', rule, source, outcome: { action } }),
  };

  const resuming = new Map<Leg, LegFacts>();
  /** Stopped or killed: nothing begins any more. */
  let isOver = false;
  const machine = host.run(lineMachine, {
    id: 'line',
    input: { effects },
    onError: fail,
    onState(state) {
      publish('state', () => ({ type: 'line', state }));
      if (state !== 'stopped' || stopped.length === 0) return;
      dispose();
    },
  });

  function noteStaged({ leg, what, was, is }: Staged): void {
    const inputs = { what, was, is };
    decisions.add({
      about: 'line',
      rule: 'D-46:restart',
      source: 'redundancy 5.1, D-46',
      leg,
      inputs,
      outcome: { action: 'restart' },
    });
  }

  /** A resumed leg is not where its registrar looks for it: the line withdraws what it holds and registers anew. */
  function beginAnew(moved: Staged): void {
    if (isOver || machine.state() === 'restarting') return;
    noteStaged(moved);
    machine.send({ type: 'line.restart' });
  }

  /** What an earlier life may hand on; after a change of configuration nothing. */
  function inherit(stored: Readonly<Partial<Record<Leg, LegFacts>>>): Readonly<Partial<Record<Leg, LegFacts>>> {
    const change = stagedChange(identity, key, stored, registersLine(config));
    if (change === undefined) return stored;
    for (const leg of Object.keys(stored) as Leg[]) options.store?.save(config.id, leg, undefined);
    noteStaged(change);
    return {};
  }

  function addLeg(leg: Leg, facts: LegFacts | undefined): void {
    const target = identity.legs[leg]?.target;
    if (target === undefined) return;
    const hops = hopsTo(leg, target);
    const credentials = createCredentials({ username: identity.authUser, password: identity.password, ambient });
    if (facts !== undefined) resuming.set(leg, facts);
    const running = createLeg({
      leg,
      key,
      identity,
      settings: registrationSettings(config, target.protocol),
      maxAuth: config.phone.maxAuth,
      ambient,
      layer,
      hops,
      credentials,
      host,
      facts,
      onChanged() {
        publish('registration', () => ({ leg, state: running.state(), mark: running.mark() }));
        machine.send({ type: 'legs.changed' });
      },
      onDecision: decisions.add,
      onFacts: (kept) => options.store?.save(config.id, leg, kept),
      onError: fail,
    });
    legs.set(leg, running);
  }

  function dispose(): void {
    isOver = true;
    requests.dispose();
    calls.dispose();
    for (const leg of legs.values()) leg.dispose();
    legs.clear();
    layer.stop();
    const waiting = stopped;
    stopped = [];
    for (const resolve of waiting) resolve();
  }

  const parts = {
    config,
    key,
    mode,
    legs,
    machine,
    calls,
    requests,
    decisions,
    refusals: options.refusals ?? [],
    findings: config.findings ?? [],
  };
  const line: Line = {
    id: config.id,
    key,
    user: identity.user,
    async start() {
      const stored = (await options.store?.load(config.id)) ?? {};
      if (isOver) return;
      const facts = inherit(stored);
      for (const leg of legNames) addLeg(leg, facts[leg]);
      for (const { code, asked, message, remedy } of parts.refusals) {
        decisions.add({
          about: 'policy',
          rule: `D-11:${code}`,
          source: 'redundancy 3.11, D-11',
          inputs: { asked, remedy },
          outcome: { action: 'refused-policy', reason: message },
        });
      }
      machine.send({ type: 'line.start' });
    },
    stop() {
      return new Promise((resolve) => {
        isOver ||= legs.size === 0;
        if (isOver) return resolve();
        stopped.push(resolve);
        machine.send({ type: 'line.stop' });
        // Between the halves of a restart it is stopped already, and no change of state will say so.
        if (machine.state() === 'stopped') dispose();
      });
    },
    deliver(message) {
      const kind = readLineSubject(message.subject)?.kind;
      if (kind === 'sip') return layer.receive(decodeInbound(message));
      if (kind === 'cmd')
        return answerCommand(message, { line, calls, requests, restart: () => machine.send({ type: 'line.restart' }) });
      if (kind !== 'flow') return;
      const failure = readFlowFailure(message);
      if (failure === undefined) return ambient.log.warn('a flow failure could not be read', { line: config.id });
      for (const leg of legs.values()) leg.flowFailed(failure);
      calls.flowFailed(failure);
      layer.flowFailed(failure);
    },
    ownsFlow: (flow) => [...legs.values()].some((leg) => leg.hops.current()?.flow === flow),
    status: () => statusOf(parts),
    explain: () =>
      explainLine(parts, ambient.now(), (method) => routeOptions.decide(factsOf(routeOptions), { type: 'request.new', method })),
    kill() {
      machine.stop();
      dispose();
    },
  };
  return line;
}
