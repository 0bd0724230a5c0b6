import {
  type Ambient,
  type Bus,
  type BusMessage,
  encodeJson,
  type LineConfig,
  type LineKey,
  type LineStore,
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

export interface SupervisedLineOptions {
  readonly config: LineConfig;
  readonly policy: LinePolicy;
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edge: string;
  readonly host: LineHost;
  readonly store?: LineStore | undefined;
  /** What became of a message that the line did not take. */
  onFault(name: string): void;
}

/** The first pause; each crash doubles it. */
const firstPauseMs = 1_000;
/** The longest pause, and the time a line must run for its earlier crashes to be forgotten. */
const longestPauseMs = 60_000;

export function superviseLine(options: SupervisedLineOptions): SupervisedLine {
  const { ambient, bus, subjects, policy } = options;
  const config = policy.findings.length === 0 ? options.config : withFindings(options.config, policy);
  const { id } = config;
  const key = lineKey(id);
  /** Undefined while it is down. */
  let line: Line | undefined;
  let startedAtMs = 0;
  let crashes = 0;
  let pause: { readonly timer: Timer; readonly untilMs: number } | undefined;
  let isOver = false;

  function drop(broken: Line): void {
    try {
      broken.kill();
    } catch (error) {
      ambient.log.error('a failed line could not be cleared away', { line: id, error });
    }
  }

  function tell(fact: unknown): void {
    try {
      bus.publish(subjects.fact(key, 'state'), encodeJson(fact));
    } catch (error) {
      ambient.log.warn('a failed line could not be reported', { line: id, error });
    }
  }

  function failed(error: unknown): void {
    if (pause !== undefined) return;
    const broken = line;
    line = undefined;
    // Its own stack may still be running. Dropping it also ends a stop that waits for it.
    if (broken !== undefined) ambient.defer(() => drop(broken));
    if (isOver) return;
    if (ambient.now() - startedAtMs >= longestPauseMs) crashes = 0;
    const pauseMs = Math.min(firstPauseMs * 2 ** crashes, longestPauseMs);
    crashes += 1;
    const untilMs = ambient.now() + pauseMs;
    pause = { timer: ambient.setTimer(() => void begin(), pauseMs), untilMs };
    ambient.log.error('line failed and will be restarted', { line: id, pauseMs, error });
    tell({ type: 'line', state: 'failed', restartAtMs: untilMs });
  }

  async function begin(): Promise<void> {
    pause = undefined;
    startedAtMs = ambient.now();
    let mine: Line | undefined;
    /** What an earlier life throws is nobody's business any more. */
    const onFailed = (error: unknown): void => {
      if (mine === line) failed(error);
    };
    try {
      mine = line = createLine({
        config,
        ambient: guardAmbient(ambient, onFailed),
        bus,
        subjects,
        edge: options.edge,
        mechanism: policy.mechanism,
        refusals: policy.refusals,
        host: options.host,
        store: options.store,
        onFailed,
        onFault: options.onFault,
      });
      await line.start();
    } catch (error) {
      onFailed(error);
    }
  }

  function end(): void {
    isOver = true;
    ambient.clearTimer(pause?.timer);
    pause = undefined;
  }

  const down = (): LineStatus => ({
    id,
    key,
    user: config.ext.userId,
    mode: lineMode(config),
    route: isOver ? 'stopped' : 'failed',
    legs: [],
    calls: [],
    queued: 0,
    degraded: true,
    refusals: policy.refusals,
    findings: config.findings ?? [],
  });
  const status = (): LineStatus => line?.status() ?? down();

  function answerWhileDown(message: BusMessage): void {
    if (readLineSubject(message.subject)?.kind !== 'cmd') return;
    if (readCommand(message)?.command === 'status') return reply(message, { ok: true, value: status() });
    const waitS = Math.ceil(((pause?.untilMs ?? ambient.now()) - ambient.now()) / 1_000);
    const when = isOver ? 'it is stopped' : `it failed and starts again in ${waitS} s`;
    reply(message, { ok: false, code: 'E_COMMAND_INVALID', message: `Line "${id}" takes no command but status: ${when}.` });
  }

  return {
    id,
    key,
    user: config.ext.userId,
    start: begin,
    async stop() {
      end();
      await line?.stop().catch(failed);
    },
    kill() {
      end();
      const running = line;
      line = undefined;
      if (running !== undefined) drop(running);
    },
    deliver(message) {
      if (line === undefined) {
        if (readLineSubject(message.subject)?.kind === 'sip') options.onFault('line-down');
        return answerWhileDown(message);
      }
      try {
        line.deliver(message);
      } catch (error) {
        failed(error);
      }
    },
    ownsFlow: (flow) => line?.ownsFlow(flow) ?? false,
    status,
  };
}

const withFindings = (config: LineConfig, { findings }: LinePolicy): LineConfig => ({
  ...config,
  findings: [...(config.findings ?? []), ...findings],
});
