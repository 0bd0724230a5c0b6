import {
  type Ambient,
  type Bus,
  type BusMessage,
  encodeJson,
  type LineConfig,
  type LineKey,
  type LineStore,
  type Locator,
  lineKey,
  lineMode,
  readLineSubject,
  type Subjects,
  type Timer,
} from '@offhook/core';
import { createLine, type Line, type LineHost, type LineStatus } from '@offhook/line-actor';
import { guardAmbient } from './guarded-ambient.ts';
import type { LinePolicy } from './policies.ts';
import { readCommand, reply } from './replies.ts';

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
  /** A message of `line.<slot>.<key>.*`. While the line is down, commands are refused and all else is dropped. */
  deliver(message: BusMessage): void;
  ownsFlow(flow: string): boolean;
  status(): LineStatus;
}

/** What all lines of a process have in common. */
export interface SupervisingHost {
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edge: string;
  /** Runs the charts of every line. */
  readonly host: LineHost;
  readonly store?: LineStore | undefined;
  /** Finds the servers of lines that name them. */
  readonly locator?: Locator | undefined;
  /** What became of a message that the line did not take. */
  onFault(name: string): void;
}

/** The first pause; each crash doubles it. */
const firstPauseMs = 1_000;
/** The longest pause, and the time a line must run for its earlier crashes to be forgotten. */
const longestPauseMs = 60_000;

/** A class, because a process holds tens of thousands. */
class RestartingLine implements SupervisedLine {
  readonly key: LineKey;
  private readonly config: LineConfig;
  private readonly policy: LinePolicy;
  private readonly host: SupervisingHost;
  /** Undefined while it is down. */
  private line: Line | undefined = undefined;
  private startedAtMs = 0;
  private crashes = 0;
  private pause: { readonly timer: Timer; readonly untilMs: number } | undefined = undefined;
  private isOver = false;

  constructor(config: LineConfig, policy: LinePolicy, host: SupervisingHost) {
    this.key = lineKey(config.id);
    this.config = policy.findings.length === 0 ? config : withFindings(config, policy);
    this.policy = policy;
    this.host = host;
  }

  get id(): string {
    return this.config.id;
  }

  get user(): string {
    return this.config.ext.userId;
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

  deliver(message: BusMessage): void {
    if (this.line === undefined) {
      if (readLineSubject(message.subject)?.kind === 'sip') this.host.onFault('line-down');
      return this.answerWhileDown(message);
    }
    try {
      this.line.deliver(message);
    } catch (error) {
      this.failed(error);
    }
  }

  ownsFlow(flow: string): boolean {
    return this.line?.ownsFlow(flow) ?? false;
  }

  status(): LineStatus {
    return this.line?.status() ?? this.down();
  }

  private async begin(): Promise<void> {
    const { config, policy, host } = this;
    this.pause = undefined;
    this.startedAtMs = host.ambient.now();
    let mine: Line | undefined;
    /** What an earlier life throws is nobody's business any more. */
    const onFailed = (error: unknown): void => {
      if (mine === this.line) this.failed(error);
    };
    try {
      mine = this.line = createLine({
        config,
        ambient: guardAmbient(host.ambient, onFailed),
        bus: host.bus,
        subjects: host.subjects,
        edge: host.edge,
        mechanism: policy.mechanism,
        refusals: policy.refusals,
        host: host.host,
        store: host.store,
        locator: host.locator,
        onFailed,
        onFault: host.onFault,
      });
      await this.line.start();
    } catch (error) {
      onFailed(error);
    }
  }

  private end(): void {
    this.isOver = true;
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

  private tell(fact: unknown): void {
    const { bus, subjects, ambient } = this.host;
    try {
      bus.publish(subjects.fact(this.key, 'state'), encodeJson(fact));
    } catch (error) {
      ambient.log.warn('a failed line could not be reported', { line: this.id, error });
    }
  }

  private answerWhileDown(message: BusMessage): void {
    if (readLineSubject(message.subject)?.kind !== 'cmd') return;
    if (readCommand(message)?.command === 'status') return reply(message, { ok: true, value: this.status() });
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
    const { config, policy } = this;
    return {
      id: config.id,
      key: this.key,
      user: config.ext.userId,
      mode: lineMode(config),
      route: this.isOver ? 'stopped' : 'failed',
      legs: [],
      calls: [],
      queued: 0,
      subscriptions: [],
      degraded: true,
      refusals: policy.refusals,
      findings: config.findings ?? [],
    };
  }
}

export const superviseLine = (config: LineConfig, policy: LinePolicy, host: SupervisingHost): SupervisedLine =>
  new RestartingLine(config, policy, host);

const withFindings = (config: LineConfig, { findings }: LinePolicy): LineConfig => ({
  ...config,
  findings: [...(config.findings ?? []), ...findings],
});
