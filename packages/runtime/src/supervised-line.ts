import {
  type Ambient,
  type Apply,
  type Bus,
  type BusMessage,
  type CallStore,
  type Change,
  type CommandReply,
  ConfigError,
  encodeJson,
  type LineConfig,
  type LineKey,
  type LineStore,
  type Locator,
  lineKey,
  lineMode,
  type Subjects,
  slotOf,
  type Timer,
} from '@offhook/core';
import {
  createLine,
  type Line,
  type LineCommand,
  type LineHost,
  type LineStatus,
  readLineCommand,
  type StateFact,
  type WaitingChange,
  waitingStatus,
} from '@offhook/line-actor';
import { changeNotes, refusalNote, removalWaitsNote, restartNote } from './change-notes.ts';
import { guardAmbient } from './guarded-ambient.ts';
import { LineSettings, type MechanismAnswer } from './line-settings.ts';
import { type JudgeLine, refusalsOf } from './policies.ts';
import { PutOff } from './put-off.ts';
import { refusalOf, reply } from './replies.ts';

/** What becomes of a changed parameter: `now`: it counts; `line`: the line begins anew with it; else what it waits for. */
export interface LineChange extends Change {
  readonly takesEffect: 'now' | 'line' | WaitingChange['until'];
}

/** One line and its second chances: whatever it throws ends this line alone, and it is started again after a growing pause. */
export interface SupervisedLine {
  readonly id: string;
  readonly key: LineKey;
  readonly user: string;
  start(): Promise<void>;
  /** Withdraws its bindings; resolves when it is off. It is not started again. */
  stop(): Promise<void>;
  /** Drops it at once, sending nothing. It is not started again. */
  kill(): void;
  /** Puts another configuration in force as far as it may be now; the rest waits. @source redundancy reference section 6.10 */
  apply(config: LineConfig): readonly LineChange[];
  /** The configuration no longer has it: it ends now or after its last call, at most Forced Resync Delay later; `onEnd` once it is to stop. */
  retire(onEnd: () => void): void;
  /** Goes on at another edge, or at a new life of the same one. */
  useEdge(edge: string): void;
  /** A message of `line.<slot>.<key>.<kind>`. While the line is down, commands are refused and all else is dropped. */
  deliver(message: BusMessage, kind: string): void;
  status(): LineStatus;
}

/** What all lines of a process have in common. */
export interface SupervisingHost {
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** Where its lines begin. */
  readonly edge: string;
  /** In a cluster: edges outlive the process, and other processes take its lines over. */
  readonly outlives?: boolean | undefined;
  /** Runs the charts of every line. */
  readonly host: LineHost;
  readonly store?: LineStore | undefined;
  readonly calls?: CallStore | undefined;
  /** Finds the servers of lines that name them. */
  readonly locator?: Locator | undefined;
  /** What became of a message that the line did not take. */
  onFault(name: string): void;
}

/** The first pause; each crash doubles it. */
const firstPauseMs = 1_000;
/** The longest pause, and the time a line must run for its earlier crashes to be forgotten. */
const longestPauseMs = 60_000;

function askedOf(message: BusMessage): LineCommand | { readonly refused: CommandReply } {
  try {
    return readLineCommand(message);
  } catch (error) {
    return { refused: refusalOf(error) };
  }
}

/** A class, because a process holds tens of thousands. */
class RestartingLine implements SupervisedLine {
  readonly key: LineKey;
  private readonly settings: LineSettings;
  private readonly host: SupervisingHost;
  private edge: string;
  /** Undefined while it is down. */
  private line: Line | undefined = undefined;
  private startedAtMs = 0;
  private crashes = 0;
  private pause: { readonly timer: Timer; readonly untilMs: number } | undefined = undefined;
  private isOver = false;
  /** What waits for the last call to end, and the end of its patience. */
  private putOff: PutOff | undefined = undefined;

  constructor(config: LineConfig, judge: JudgeLine, host: SupervisingHost) {
    this.key = lineKey(config.id);
    this.settings = new LineSettings(config, judge);
    this.host = host;
    this.edge = host.edge;
  }

  get id(): string {
    return this.settings.wanted.id;
  }

  get user(): string {
    return this.settings.config.ext.userId;
  }

  start(): Promise<void> {
    return this.begin();
  }

  async stop(): Promise<void> {
    this.end();
    await this.line?.stop().catch((error: unknown) => this.failed(error));
  }

  kill(): void {
    this.end();
    const running = this.line;
    this.line = undefined;
    if (running !== undefined) this.drop(running);
  }

  apply(config: LineConfig): readonly LineChange[] {
    const { settings } = this;
    settings.wanted = config;
    const waiting = settings.changes();
    const restarts = waiting.some(({ apply }) => apply === 'line');
    const waits = restarts && this.hasCalls();
    if (waits) this.afterLastCall(() => this.beginAnew(['restart'], '6.10:line/call.last'));
    else this.waitNoLonger();
    if (restarts && !waits) this.beginAnew(['restart'], '6.10:line');
    else this.refresh(waits ? ['restart', 'line'] : ['restart']);
    const takesEffect = ({ apply }: Change): LineChange['takesEffect'] =>
      apply === 'restart' ? 'restart' : apply === 'line' && waits ? 'last-call' : restarts && !waits ? 'line' : 'now';
    return waiting.map((change) => ({ ...change, takesEffect: takesEffect(change) }));
  }

  retire(onEnd: () => void): void {
    if (!this.hasCalls()) return onEnd();
    this.line?.note(removalWaitsNote);
    this.afterLastCall(onEnd);
  }

  useEdge(edge: string): void {
    this.edge = edge;
    try {
      this.line?.useEdge(edge);
    } catch (error) {
      this.failed(error);
    }
  }

  deliver(message: BusMessage, kind: string): void {
    if (kind === 'cmd' && this.takesCommand(message)) return;
    if (this.line === undefined) {
      if (kind === 'sip') this.host.onFault('line-down');
      return;
    }
    try {
      this.line.deliver(message, kind);
    } catch (error) {
      this.failed(error);
    }
  }

  status(): LineStatus {
    return this.line?.status() ?? this.down();
  }

  private async begin(): Promise<void> {
    const { settings, host } = this;
    const { mechanism } = settings.policy;
    this.pause = undefined;
    this.startedAtMs = host.ambient.now();
    let mine: Line | undefined;
    /** What an earlier life throws is nobody's business any more. */
    const onFailed = (error: unknown): void => {
      if (mine === this.line) this.failed(error);
    };
    try {
      mine = this.line = createLine({
        config: settings.config,
        ambient: guardAmbient(host.ambient.yielding ?? host.ambient, onFailed),
        bus: host.bus,
        subjects: host.subjects,
        edge: this.edge,
        outlives: host.outlives === true,
        mechanism,
        refusals: settings.refusals,
        waiting: settings.waiting(),
        host: host.host,
        store: host.store,
        calls: host.calls,
        locator: host.locator,
        onFailed,
        onFault: host.onFault,
        onIdle: () => this.idle(),
      });
      await this.line.start();
    } catch (error) {
      onFailed(error);
    }
  }

  private hasCalls(): boolean {
    return (this.line?.status().calls.length ?? 0) > 0;
  }

  private afterLastCall(act: () => void): void {
    const { ambient } = this.host;
    // A further change does not begin the wait anew.
    const untilMs = this.putOff?.untilMs ?? ambient.now() + this.settings.wanted.phone.forcedResyncDelay * 1_000;
    this.waitNoLonger();
    this.putOff = new PutOff(ambient, untilMs, () => {
      this.putOff = undefined;
      act();
    });
  }

  private waitNoLonger(): void {
    this.putOff?.cancel();
    this.putOff = undefined;
  }

  /** The call that ended is still on the stack. */
  private idle(): void {
    if (this.putOff !== undefined) this.host.ambient.defer(() => this.hasCalls() || this.putOff?.end());
  }

  /** What needs no restart counts from now on. */
  private refresh(hold: readonly Apply[]): void {
    const { settings } = this;
    const known = settings.refusals.map(({ message }) => message);
    const taken = settings.take(hold);
    this.tellLine();
    for (const note of changeNotes(taken, settings.waiting())) this.line?.note(note);
    for (const refusal of settings.refusals) if (!known.includes(refusal.message)) this.line?.note(refusalNote(refusal));
  }

  private tellLine(): void {
    const { config, policy, refusals } = this.settings;
    this.line?.update({ config, mechanism: policy.mechanism, refusals, waiting: this.settings.waiting() });
  }

  /** The line withdraws what it holds and begins anew with what may be in force by then. */
  private beginAnew(hold: readonly Apply[], rule: string): void {
    const { settings, line } = this;
    this.waitNoLonger();
    const changed = settings.changes().filter(({ apply }) => !hold.includes(apply));
    line?.note(restartNote(rule, changed));
    settings.take(hold);
    settings.forgetAsked();
    const again = (): void => {
      if (this.line === line && line !== undefined && !this.isOver) void this.begin();
    };
    line?.stop().then(again, (error: unknown) => this.failed(error));
  }

  /** Commands about the configuration of the line are carried out here, others by the line. */
  private takesCommand(message: BusMessage): boolean {
    const asked = askedOf(message);
    if ('refused' in asked) reply(message, asked.refused);
    else if (asked.command === 'policy') this.answerPolicy(message, asked.args);
    else if (asked.command === 'restart' && this.line !== undefined && this.settings.changes().length > 0) {
      this.beginAnew([], '5.1:restart');
      reply(message, { ok: true, value: this.status() });
    } else if (this.line === undefined) this.answerWhileDown(message, asked.command);
    else return false;
    return true;
  }

  private answerPolicy(message: BusMessage, { mechanism, restart }: Extract<LineCommand, { command: 'policy' }>['args']): void {
    try {
      reply(message, { ok: true, value: this.ask(mechanism, restart === true) });
    } catch (error) {
      reply(message, refusalOf(error));
    }
  }

  /** @throws PolicyConflictError, ConfigError: refused; the line goes on as it is and says so */
  private ask(mechanism: string, restart: boolean): MechanismAnswer {
    const { settings } = this;
    let answer: MechanismAnswer;
    try {
      answer = settings.ask(mechanism);
    } catch (error) {
      this.tellLine();
      if (error instanceof ConfigError) for (const refusal of refusalsOf(error.findings)) this.line?.note(refusalNote(refusal));
      throw error;
    }
    if (restart && answer.restartRequired) {
      this.beginAnew([], '5.1:restart');
      return { ...answer, restartRequired: false };
    }
    this.refresh(['restart', ...(this.putOff === undefined ? [] : (['line'] as const))]);
    return answer;
  }

  private end(): void {
    this.isOver = true;
    this.waitNoLonger();
    this.host.ambient.clearTimer(this.pause?.timer);
    this.pause = undefined;
  }

  private failed(error: unknown): void {
    if (this.pause !== undefined) return;
    const { ambient } = this.host;
    const broken = this.line;
    this.line = undefined;
    // Its own stack may still be running. Dropping it also ends a stop that waits for it.
    if (broken !== undefined) ambient.defer(() => this.drop(broken));
    if (this.isOver) return;
    if (ambient.now() - this.startedAtMs >= longestPauseMs) this.crashes = 0;
    const pauseMs = Math.min(firstPauseMs * 2 ** this.crashes, longestPauseMs);
    this.crashes += 1;
    const untilMs = ambient.now() + pauseMs;
    this.pause = { timer: ambient.setTimer(() => void this.begin(), pauseMs), untilMs };
    ambient.log.error('line failed and will be restarted', { line: this.id, pauseMs, error });
    this.tell({ type: 'line', state: 'failed', restartAtMs: untilMs });
  }

  private drop(broken: Line): void {
    try {
      broken.kill();
    } catch (error) {
      this.host.ambient.log.error('a failed line could not be cleared away', { line: this.id, error });
    }
  }

  private tell(fact: StateFact): void {
    const { bus, subjects, ambient } = this.host;
    try {
      bus.publish(subjects.fact(this.key, 'state'), encodeJson(fact));
    } catch (error) {
      ambient.log.warn('a failed line could not be reported', { line: this.id, error });
    }
  }

  private answerWhileDown(message: BusMessage, command: string): void {
    if (command === 'status') return reply(message, { ok: true, value: this.status() });
    const nowMs = this.host.ambient.now();
    const waitS = Math.ceil(((this.pause?.untilMs ?? nowMs) - nowMs) / 1_000);
    const when = this.isOver ? 'it is stopped' : `it failed and starts again in ${waitS} s`;
    reply(message, {
      ok: false,
      code: 'E_COMMAND_INVALID',
      message: `Line "${this.id}" takes no command but status: ${when}.`,
    });
  }

  private down(): LineStatus {
    const { config, refusals } = this.settings;
    return {
      id: config.id,
      key: this.key,
      slot: slotOf(this.key),
      user: config.ext.userId,
      mode: lineMode(config),
      route: this.isOver ? 'stopped' : 'failed',
      legs: [],
      calls: [],
      queued: 0,
      subscriptions: [],
      degraded: true,
      refusals,
      findings: config.findings ?? [],
      ...waitingStatus(this.settings.waiting()),
    };
  }
}

/** @throws PluginError `E_PLUGIN_INVALID` a mechanism cannot judge the line */
export const superviseLine = (config: LineConfig, judge: JudgeLine, host: SupervisingHost): SupervisedLine =>
  new RestartingLine(config, judge, host);
