import {
  type Ambient,
  type Bus,
  type BusMessage,
  type CallStore,
  type CandidateMark,
  decideOnList,
  decodeInbound,
  encodeJson,
  type FactKind,
  type Flow,
  type Leg,
  type LineConfig,
  type LineFacts,
  type LineKey,
  type LineMode,
  type LineStore,
  legsOf,
  lineKey,
  lineMode,
  type OutcomeClass,
  type RouteEvent,
  type RouteVerdict,
  registersLine,
  type Subjects,
} from '@offhook/core';
import {
  createTransactionLayer,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type SipTimers,
  type TransactionLayer,
  type TransactionLayerOptions,
} from '@offhook/sip';
import { createDecisionLog, type DecisionDraft, type DecisionLog } from './decision.ts';
import { createActorHost, type LineHost } from './host.ts';
import { type Identity, identityOf, type LegIdentity } from './identity.ts';
import { createInbound } from './inbound.ts';
import type { FactValues } from './json-schemas.ts';
import type { RunningLeg } from './leg.ts';
import { createLegHops, type EdgeAt, type LegHops } from './leg-hop.ts';
import { createLineCalls, type LineCalls } from './line-calls.ts';
import type { LineOptions, LineUpdate } from './line-options.ts';
import type { LineScope } from './line-scope.ts';
import type { ListRoute } from './list-route.ts';
import type { Place, Placed, SendVerdict } from './place.ts';
import { createRequests, type Requests } from './requests.ts';
import { createRequestRoute, type RequestRoute } from './route.ts';
import { createRouteFollowers, type RouteFollowers } from './route-followers.ts';
import { routeSingle } from './routing.ts';
import { sipTimers } from './settings.ts';

const noMarks: readonly CandidateMark[] = [];
/** Messages that wait for the start of a line; what comes beyond is repeated by its sender. */
const mostHeld = 64;
/** The only server of a leg, or the one it registers at. */
const placeOf = (leg: RunningLeg): Place => ({ leg, identity: leg.identity, hops: leg.hops });
const nowhere = { host: '0.0.0.0', port: 0 };

/** Lines that begin at one edge share it. */
const edges = new Map<string, EdgeAt>();

function edgeNamed(name: string): EdgeAt {
  const known = edges.get(name) ?? { name };
  edges.set(name, known);
  return known;
}

/**
 * What the parts of a line share, and the parts that an idle line does without: they are made when first needed. A class, because a process
 * holds tens of thousands; it is itself what its parts ask for.
 */
export class LineCore implements LineScope, TransactionLayerOptions {
  readonly key: LineKey;
  modeName: LineMode;
  identity: Identity;
  timers: SipTimers;
  readonly host: LineHost;
  readonly layer: TransactionLayer;
  legs: readonly RunningLeg[] = [];
  /** Of a line whose servers are a ranked list. */
  list: ListRoute | undefined = undefined;
  edgeAt: EdgeAt;
  /** Killed, and its flows outlive it. */
  keepsFlows = false;
  protected options: LineOptions;
  protected readonly decisions: DecisionLog;
  protected followers: RouteFollowers | undefined;
  protected madeRequests: Requests | undefined = undefined;
  protected madeCalls: LineCalls | undefined = undefined;
  private inbound: ((server: ServerTransaction) => void) | undefined = undefined;
  /** Until the calls of an earlier owner are known nobody can say which dialogs are ours. */
  private held: BusMessage[] | undefined;
  /** As the latest decision saw them. */
  private marks = noMarks;
  private requestNumber = 0;

  constructor(options: LineOptions) {
    const { config } = options;
    this.options = options;
    this.held = options.calls === undefined ? undefined : [];
    this.key = lineKey(config.id);
    this.edgeAt = edgeNamed(options.edge);
    this.modeName = lineMode(config);
    this.identity = identityOf(config, legsOf(config));
    this.timers = sipTimers(config);
    this.host = options.host ?? createActorHost(options.ambient);
    this.layer = createTransactionLayer(this);
    this.decisions = createDecisionLog(this);
    this.followers = createRouteFollowers(this);
  }

  get config(): LineConfig {
    return this.options.config;
  }

  /** Parts that were made with the old parameters read the new ones when they next need them. */
  protected configure(update: LineUpdate): void {
    this.options = { ...this.options, ...update };
    const { config } = update;
    this.identity = identityOf(config, legsOf(config));
    this.timers = sipTimers(config);
    this.inbound = undefined;
    for (const leg of this.legs) leg.configure();
    this.followers ??= createRouteFollowers(this);
    this.followers?.configure();
  }

  protected takeSip(message: BusMessage): void {
    if (this.held === undefined) this.layer.receive(decodeInbound(message));
    else if (this.held.length < mostHeld) this.held.push(message);
  }

  protected takeHeld(): void {
    const { held } = this;
    this.held = undefined;
    for (const message of held ?? []) this.takeSip(message);
  }

  get ambient(): Ambient {
    return this.options.ambient;
  }

  get bus(): Bus {
    return this.options.bus;
  }

  get subjects(): Subjects {
    return this.options.subjects;
  }

  get outlives(): boolean {
    return this.options.outlives === true;
  }

  get store(): LineStore | undefined {
    return this.options.store;
  }

  get callStore(): CallStore | undefined {
    return this.options.calls;
  }

  get maxAuth(): number {
    return this.config.phone.maxAuth;
  }

  get requests(): Requests {
    this.madeRequests ??= createRequests(this);
    return this.madeRequests;
  }

  get calls(): LineCalls {
    this.madeCalls ??= createLineCalls(this);
    return this.madeCalls;
  }

  leg(name: Leg): RunningLeg | undefined {
    return this.legs.find(({ leg }) => leg === name);
  }

  /** The same list as long as no mark has changed: kept decisions share it. */
  candidates(): readonly CandidateMark[] {
    const { legs, marks, list } = this;
    if (list !== undefined) return list.servers.candidates(this.ambient.now());
    if (legs.length !== marks.length || legs.some((leg, index) => leg.mark() !== marks[index]))
      this.marks = legs.map((leg) => leg.mark());
    return this.marks;
  }

  facts(): LineFacts {
    const { config, ambient, list } = this;
    const nowMs = ambient.now();
    const known = list?.servers.facts(nowMs);
    return {
      nowMs,
      // A mechanism may do with its facts what it likes; decisions share theirs.
      candidates: [...this.candidates()],
      makeCallWithoutReg: config.ext.makeCallWithoutReg,
      registers: registersLine(config),
      ...(known === undefined ? {} : { list: known }),
    };
  }

  places(): readonly Place[] {
    const { legs, list } = this;
    if (list !== undefined) return list.servers.entries.flatMap((entry) => list.place(entry) ?? []);
    return legs.map(placeOf);
  }

  placeNow(leg: RunningLeg): Place {
    const { list } = this;
    const current = list?.servers.current;
    const place = current && list?.place(current);
    return place ?? placeOf(leg);
  }

  callsEnded(): void {
    this.options.onIdle?.();
  }

  registeredAt(server: string): void {
    this.followers?.registeredAt(server);
  }

  routeMoved(): void {
    this.followers?.routeMoved();
  }

  place(verdict: SendVerdict, use: (placed: Placed) => void): void {
    if (this.list !== undefined) return this.list.go(verdict, use);
    const leg = this.leg(verdict.leg);
    use(leg === undefined ? { failure: 'no-leg' } : { place: placeOf(leg) });
  }

  failedAt(leg: Leg, server: string, method: string, outcome: OutcomeClass): void {
    this.list?.requestFailed(server, outcome);
    const holdMs = this.config.ext.xPrimarySuspectHold * 1000;
    const isSuspect = this.modeName === 'dual' && leg === 'primary' && method === 'INVITE' && outcome === 'no-response';
    if (holdMs > 0 && isSuspect) this.leg(leg)?.suspect(this.ambient.now() + holdMs);
  }

  follow(verdict: RouteVerdict, failed: string): void {
    if (verdict.next === 'send') this.list?.follow(verdict, failed);
    if (verdict.next === 'deliver' && verdict.exhausted === true) this.list?.requestExhausted();
  }

  whenSettled(run: () => void): void {
    if (this.list === undefined) return run();
    this.list.fallback.whenSettled(run);
  }

  decide(facts: LineFacts, event: RouteEvent): RouteVerdict {
    const { mechanism } = this.options;
    if (mechanism !== undefined) return mechanism.decide(facts, event);
    return facts.list === undefined ? routeSingle(facts, event) : decideOnList(facts, event);
  }

  note(draft: DecisionDraft): void {
    this.decisions.add(draft);
  }

  publish<Kind extends FactKind>(kind: Kind, fact: () => FactValues[Kind]): void {
    const { bus, subjects, key } = this;
    const subject = subjects.fact(key, kind);
    if (bus.reaches(subject)) bus.publish(subject, encodeJson(fact()));
  }

  route(method: string, id?: string): RequestRoute {
    return createRequestRoute(this, { method, id: id ?? this.nextRequest() });
  }

  hopsTo(leg: Leg, target: LegIdentity['target']): LegHops {
    return createLegHops(this, leg, target);
  }

  fail(error: unknown): void {
    this.options.onFailed?.(error);
  }

  send(flow: Flow, bytes: Uint8Array): void {
    const { bus, subjects, edgeAt, key } = this;
    bus.publish(subjects.edge(edgeAt.name, 'send'), bytes, { headers: { flow, line: key } });
  }

  inviteAccepted(leg: Leg): void {
    this.followers?.inviteAccepted(leg);
  }

  onRequest(server: ServerTransaction): void {
    this.inbound ??= this.createInbound();
    this.inbound(server);
  }

  onAck(request: SipRequest): void {
    this.madeCalls?.ack(request);
  }

  onLateAccept(response: SipResponse): boolean {
    return this.madeCalls?.lateAccept(response) ?? false;
  }

  onFault(name: string): void {
    this.options.onFault?.(name);
    if (name === 'merged-request') this.refused(undefined, 482, '6.6:merged', 'redundancy 6.6, D-21', 'merged');
  }

  useEdge(edge: string): void {
    const was = this.edgeAt.name;
    const contacts = this.legs.map((leg) => leg.hops.current()?.contactHostPort);
    const left = this.places().flatMap(({ hops }) => hops.current() ?? []);
    this.edgeAt = { name: edge };
    this.note({
      about: 'line',
      rule: 'D-46:edge',
      source: 'redundancy 5.1, D-46; design: takeover',
      inputs: { was, is: edge },
      outcome: { action: 'edge' },
    });
    for (const [n, leg] of this.legs.entries()) {
      leg.edgeMoved(was);
      if (!leg.mark().bound && this.madeCalls !== undefined) this.watchCalls(leg, contacts[n]);
    }
    // Over a datagram flow the repetition of a request finds out; over a stream there is none.
    const failure = { remote: nowhere, reason: 'closed', detail: `edge ${was} is gone`, atMs: this.ambient.now() } as const;
    for (const { flow, reliable } of left) if (reliable) this.layer.flowFailed({ ...failure, flow });
  }

  contactMoved(leg: Leg): void {
    this.madeCalls?.edgeLost(leg);
    this.followers?.contactMoved();
  }

  /** Calls of a leg that holds no binding: no REGISTER will see that their Contact is another one. */
  private watchCalls(leg: RunningLeg, contact: string | undefined): void {
    leg.hops.use(this.timers.timerFMs, (result) => {
      if (!('hop' in result) || result.hop.contactHostPort !== contact) this.contactMoved(leg.leg);
    });
  }

  private nextRequest(): string {
    this.requestNumber += 1;
    return `r${this.requestNumber}`;
  }

  private refused(method: string | undefined, status: number, rule: string, source: string, reason: string): void {
    const request = method === undefined ? undefined : { method, id: 'inbound' };
    this.note({ about: 'inbound', rule, source, request, outcome: { action: 'refuse', status, reason } });
  }

  private createInbound(): (server: ServerTransaction) => void {
    return createInbound({
      config: this.config,
      isBound: () => !registersLine(this.config) || this.candidates().some((mark) => mark.bound),
      calls: {
        inDialog: (server) => this.madeCalls?.inDialog(server) === true || this.followers?.notify(server) === true,
        incoming: (server) => this.calls.incoming(server),
      },
      onMessage: (request) =>
        this.publish('state', () => ({ type: 'message', from: request.from.uri, bytes: request.body.byteLength })),
      onRefused: ({ method }, status, rule, source) => this.refused(method, status, rule, source, 'not-registered'),
    });
  }
}
