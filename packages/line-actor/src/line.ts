import {
  type BusMessage,
  decodeJson,
  type FlowFailure,
  type Leg,
  type LegFacts,
  type LineKey,
  type LineMode,
  type ListRule,
  type Locator,
  readLineSubject,
  registersLine,
} from '@offhook/core';
import { createCredentials } from '@offhook/sip';
import type { DecisionDraft } from './decision.ts';
import { type Explanation, explainLine } from './explain.ts';
import type { HostOptions, Running } from './host.ts';
import { createLeg, type LegLine, type RunningLeg } from './leg.ts';
import { lineMachine } from './line.machine.ts';
import type { LineContext, LineEffects, LineEvent } from './line.types.ts';
import { answerCommand, type CommandSubject } from './line-commands.ts';
import { LineCore } from './line-core.ts';
import type { LineOptions, LineUpdate, Refusal, WaitingChange } from './line-options.ts';
import type { ListLine } from './list-route.ts';
import { type Locating, locateServers } from './locating.ts';
import { type Staged, stagedChange, watchContact } from './resume.ts';
import { type LineParts, type LineStatus, statusOf } from './status.ts';

export interface Line {
  readonly id: string;
  readonly key: LineKey;
  readonly user: string;
  /** Begins, or resumes from stored facts (D-46). */
  start(): Promise<void>;
  /** Ends calls, withdraws bindings; resolves when every leg is off. */
  stop(): Promise<void>;
  /** A message of `line.<slot>.<key>.<kind>`; whoever has read the kind passes it on. */
  deliver(message: BusMessage, kind?: string): void;
  /**
   * In a cluster (`outlives`): goes on at another edge, or at a new life of the same one. Flows are opened there. A binding whose Contact leads elsewhere then, or
   * whose connection is lost, registers once more with its Call-ID; all others send nothing.
   */
  useEdge(edge: string): void;
  status(): LineStatus;
  explain(): Explanation;
  /** Other parameters count from now on. What has no such thing is left as it is. */
  update(update: LineUpdate): void;
  /** Writes down what was decided about the line from outside. */
  note(draft: DecisionDraft): void;
  /** Drops everything at once, sending nothing: power cut, or a failed line. In a cluster its flows stay open for the next owner. */
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

type StoredFacts = Readonly<Partial<Record<Leg, LegFacts>>>;

const noFacts: StoredFacts = {};
const noRefusals: readonly Refusal[] = [];
const nothingWaits: readonly WaitingChange[] = [];
const noFindings: LineStatus['findings'] = [];
const noSubscriptions: LineStatus['subscriptions'] = [];

const nobody: readonly (() => void)[] = [];

const isOff = (leg: RunningLeg): boolean => leg.state() === 'off';

/** The line at work: its chart, its legs, and what the chart asks of the world. */
class RunningLine
  extends LineCore
  implements Line, LegLine, ListLine, CommandSubject, LineEffects, HostOptions<typeof lineMachine>
{
  readonly input: LineContext = { effects: this };
  private readonly machine: Running<LineEvent>;
  /** Who waits for the end of the line. */
  private stopped: readonly (() => void)[] = nobody;
  /** Facts of an earlier life, until the legs have begun. */
  private resuming = noFacts;
  private locating: Locating | undefined = undefined;
  /** Stopped or killed: nothing begins any more. */
  private isOver = false;
  private routeSinceMs: number;

  constructor(options: LineOptions) {
    super(options);
    this.routeSinceMs = this.ambient.now();
    this.machine = this.host.run(lineMachine, this);
  }

  get id(): string {
    return this.config.id;
  }

  get user(): string {
    return this.identity.user;
  }

  get line(): Line {
    return this;
  }

  async start(): Promise<void> {
    const stored = (await this.store?.load(this.id)) ?? noFacts;
    const calls = (await this.callStore?.loadCalls(this.id)) ?? [];
    this.locating = await locateServers(this);
    if (this.isOver) return this.locating?.dispose();
    this.list = this.locating?.route;
    if (this.list !== undefined) this.modeName = 'list';
    this.resuming = this.inherit(stored);
    this.addLegs(this.resuming);
    for (const { code, asked, message, remedy } of this.options.refusals ?? noRefusals) {
      this.note({
        about: 'policy',
        rule: `D-11:${code}`,
        source: 'redundancy 3.11, D-11',
        inputs: { asked, remedy },
        outcome: { action: 'refused-policy', reason: message },
      });
    }
    if (calls.length > 0) this.calls.takeOver(calls, this.resuming === stored);
    this.machine.send({ type: 'line.start' });
    this.takeHeld();
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.isOver ||= this.legs.length === 0;
      if (this.isOver) return resolve();
      this.stopped = [...this.stopped, resolve];
      this.machine.send({ type: 'line.stop' });
      // Between the halves of a restart it is stopped already, and no change of state will say so.
      if (this.machine.state() === 'stopped') this.dispose();
    });
  }

  restart(): void {
    this.machine.send({ type: 'line.restart' });
  }

  deliver(message: BusMessage, kind = readLineSubject(message.subject)?.kind): void {
    if (kind === 'sip') return this.takeSip(message);
    if (kind === 'cmd') return answerCommand(message, this);
    if (kind !== 'flow') return;
    const failure = readFlowFailure(message);
    if (failure === undefined) return this.ambient.log.warn('a flow failure could not be read', { line: this.id });
    this.list?.flowFailed(failure.flow);
    for (const leg of this.legs) leg.flowFailed(failure);
    this.madeCalls?.flowFailed(failure);
    this.layer.flowFailed(failure);
  }

  status(): LineStatus {
    return statusOf(this.parts());
  }

  explain(): Explanation {
    const { decisions, timers, routeSinceMs } = this;
    return explainLine({
      ...{ parts: this.parts(), facts: this.facts(), decide: this.decide.bind(this) },
      ...{ decisions, timers, routeSinceMs },
    });
  }

  update(update: LineUpdate): void {
    this.configure(update);
    this.list?.configure(update.config, this.machine.state().startsWith('list.'));
  }

  kill(): void {
    this.keepsFlows = this.outlives;
    this.machine.stop();
    this.dispose();
  }

  legChanged(leg: RunningLeg): void {
    this.publish('registration', () => ({ leg: leg.leg, state: leg.state(), mark: leg.mark() }));
    this.machine.send({ type: 'legs.changed' });
    this.followers?.legChanged(leg);
  }

  onState(state: string): void {
    this.routeSinceMs = this.ambient.now();
    this.publish('state', () => ({ type: 'line', state }));
    this.followers?.lineState(state);
    if (state === 'stopped' && this.stopped.length > 0) this.dispose();
  }

  onError(error: unknown): void {
    this.fail(error);
  }

  mode(): LineMode {
    return this.modeName;
  }

  listState(): ReturnType<LineEffects['listState']> {
    return this.list?.state() ?? 'outOfService';
  }

  hasCalls(): boolean {
    return (this.madeCalls?.list().length ?? 0) > 0;
  }

  override callsEnded(): void {
    if (this.list !== undefined) {
      this.machine.send({ type: 'call.last' });
      this.list.callsEnded();
    }
    super.callsEnded();
  }

  isLatched(): boolean {
    return this.list?.fallback.isLatched ?? false;
  }

  fallbackAction(): 'flip' | 'recover' {
    return this.list?.fallback.action() ?? 'flip';
  }

  latchFallback(): void {
    this.list?.fallback.latch();
  }

  flip(): void {
    this.list?.fallback.flip();
  }

  startRecovery(): void {
    this.list?.fallback.recover();
  }

  tell(event: LineEvent): void {
    this.machine.send(event);
  }

  get listRule(): ListRule | undefined {
    return this.options.mechanism?.list;
  }

  get locator(): Locator | undefined {
    return this.options.locator;
  }

  registers(): boolean {
    return registersLine(this.config);
  }

  primaryUsable(): boolean {
    return this.leg('primary')?.mark().usable ?? false;
  }

  alternateUsable(): boolean {
    return this.leg('alternate')?.mark().usable ?? false;
  }

  legsOff(): boolean {
    return this.legs.every(isOff);
  }

  startLegs(): void {
    const { legs, resuming, list } = this;
    this.resuming = noFacts;
    list?.begin();
    if (resuming.primary !== undefined) list?.resume(resuming.primary);
    for (const leg of legs) leg.send({ type: resuming[leg.leg] === undefined ? 'line.start' : 'line.resume' });
    for (const leg of legs) {
      const facts = resuming[leg.leg];
      if (facts === undefined) continue;
      if (!this.outlives) watchContact(leg, facts.contact, this.timers.timerFMs, (moved) => this.beginAnew(moved));
      else if (leg.state() === 'registered') leg.askFlow();
    }
  }

  stopLegs(): void {
    this.followers?.stop();
    for (const leg of this.legs) leg.send({ type: 'line.stop' });
    this.list?.end();
  }

  startAgain(): void {
    this.ambient.defer(() => this.isOver || this.machine.send({ type: 'line.start' }));
  }

  endCalls(): void {
    this.madeCalls?.endAll();
  }

  releaseQueue(): void {
    this.madeRequests?.release();
  }

  refuseQueue(): void {
    this.madeRequests?.refuseAll();
  }

  decided(rule: string, source: string, action: string): void {
    this.note({ about: 'line', rule, source, outcome: { action } });
  }

  private noteStaged({ leg, what, was, is }: Staged): void {
    this.note({
      about: 'line',
      rule: 'D-46:restart',
      source: 'redundancy 5.1, D-46',
      leg,
      inputs: { what, was, is },
      outcome: { action: 'restart' },
    });
  }

  /** A resumed leg is not where its registrar looks for it: the line withdraws what it holds and registers anew. */
  private beginAnew(moved: Staged): void {
    if (this.isOver || this.machine.state() === 'restarting') return;
    this.noteStaged(moved);
    this.restart();
  }

  /** What an earlier life may hand on; after a change of configuration nothing. */
  private inherit(stored: StoredFacts): StoredFacts {
    const change = stagedChange(
      this.identity,
      this.key,
      stored,
      this.registers(),
      (server) => this.list?.servers.find(server) !== undefined,
    );
    if (change === undefined) return stored;
    for (const leg of Object.keys(stored) as Leg[]) this.store?.save(this.id, leg, undefined);
    this.noteStaged(change);
    return noFacts;
  }

  private addLegs(facts: StoredFacts): void {
    const { ambient, identity, list } = this;
    const { authUser: username, password } = identity;
    this.legs = Object.values(identity.legs).map((configured) => {
      const first = list?.servers.entries[0];
      const own = first?.identity ?? configured;
      return createLeg({
        line: this,
        identity: own,
        hops: list === undefined || first === undefined ? this.hopsTo(own.leg, own.target) : list.hopsTo(first),
        credentials: createCredentials({ username, password, ambient }),
        facts: facts[own.leg],
      });
    });
  }

  private dispose(): void {
    this.isOver = true;
    this.madeRequests?.dispose();
    this.madeCalls?.dispose();
    this.locating?.dispose();
    this.followers?.dispose();
    for (const leg of this.legs) leg.dispose();
    this.legs = [];
    this.layer.stop();
    const waiting = this.stopped;
    this.stopped = nobody;
    for (const resolve of waiting) resolve();
  }

  private parts(): LineParts {
    const { config, key, modeName, legs, machine, list } = this;
    return {
      list,
      config,
      key,
      mode: modeName,
      legs,
      machine,
      calls: this.madeCalls?.list() ?? [],
      queued: this.madeRequests?.queued ?? 0,
      subscriptions: this.followers?.subscriptions() ?? noSubscriptions,
      refusals: this.options.refusals ?? noRefusals,
      waiting: this.options.waiting ?? nothingWaits,
      findings: config.findings ?? noFindings,
    };
  }
}

export const createLine = (options: LineOptions): Line => new RunningLine(options);
