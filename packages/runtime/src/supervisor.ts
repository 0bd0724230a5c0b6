import {
  type Ambient,
  type Bus,
  type BusMessage,
  type CommandEnvelope,
  type CommandReply,
  type DirectoryAnswer,
  type DirectoryQuery,
  decodeJson,
  encodeJson,
  judgePolicies,
  type LineConfig,
  type LineKey,
  type LineStore,
  type Mechanism,
  type MechanismManifest,
  readLineSubject,
  type Subjects,
  type Subscription,
  slotOf,
  type Timer,
} from '@offhook/core';
import { createLine, type Line, type LineStatus } from '@offhook/line-actor';

/** Runs the lines of one process: gives them their messages, finds them by user, starts a failed one again. */
export interface Supervisor {
  start(): Promise<void>;
  /** Withdraws every binding; resolves when all lines are off. */
  stop(): Promise<void>;
  /** Drops every line at once, sending nothing. */
  kill(): void;
  status(): readonly LineStatus[];
  find(id: string): Line | undefined;
}

export interface SupervisorOptions {
  readonly lines: readonly LineConfig[];
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edge: string;
  readonly mechanisms: readonly Mechanism[];
  /** Every manifest the policy registry judges, announced mechanisms included. */
  readonly manifests: readonly MechanismManifest[];
  readonly store?: LineStore | undefined;
}

interface Supervised {
  readonly config: LineConfig;
  line: Line;
  crashes: number;
  restart?: Timer | undefined;
}

const firstRestartMs = 1_000;
const longestRestartMs = 60_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { ambient, bus, subjects } = options;
  const byKey = new Map<LineKey, Supervised>();
  const byUser = new Map<string, Supervised[]>();
  const subscriptions: Subscription[] = [];

  function build(config: LineConfig, onFailed: (error: unknown) => void): Line {
    const verdict = judgePolicies(config, options.manifests);
    const refusals = verdict.findings
      .filter(({ severity }) => severity === 'error')
      .map(({ code, seen, message, remedy }) => ({ code, asked: seen, message, remedy }));
    const mechanism = options.mechanisms.find(({ manifest }) => manifest.name === verdict.mechanism?.name);
    return createLine({
      config,
      ambient,
      bus,
      subjects,
      edge: options.edge,
      mechanism,
      refusals,
      store: options.store,
      onFailed,
    });
  }

  function supervise(config: LineConfig): Supervised {
    const entry: Supervised = { config, crashes: 0, line: build(config, (error) => failed(entry, error)) };
    return entry;
  }

  /** A chart threw: only its line goes down, and it comes back after a growing pause. */
  function failed(entry: Supervised, error: unknown): void {
    ambient.log.error('line failed and will be restarted', { line: entry.config.id, error });
    const delayMs = Math.min(firstRestartMs * 2 ** entry.crashes, longestRestartMs);
    entry.crashes += 1;
    const broken = entry.line;
    ambient.defer(() => broken.kill());
    entry.restart = ambient.setTimer(() => {
      entry.restart = undefined;
      entry.line = build(entry.config, (again) => failed(entry, again));
      void startLine(entry);
    }, delayMs);
  }

  function startLine(entry: Supervised): Promise<void> {
    return entry.line.start().catch((error: unknown) => failed(entry, error));
  }

  function deliver(message: BusMessage): void {
    const entry = byKey.get(readLineSubject(message.subject)?.key as LineKey);
    if (entry === undefined || entry.restart !== undefined) return;
    try {
      entry.line.deliver(message);
    } catch (error) {
      failed(entry, error);
    }
  }

  /** A request without a line key: the user's line; of several the one that owns the flow. */
  function lookUp(message: BusMessage): void {
    const { user, flow } = decodeJson<DirectoryQuery>(message.payload);
    const found = byUser.get(user) ?? [];
    const entry = found.find(({ line }) => line.ownsFlow(flow)) ?? found[0];
    const answer: DirectoryAnswer = entry === undefined ? {} : { key: entry.line.key };
    message.respond(encodeJson(answer));
  }

  function control(message: BusMessage): void {
    const { command } = decodeJson<CommandEnvelope>(message.payload);
    const reply: CommandReply =
      command === 'lines'
        ? { ok: true, value: status() }
        : { ok: false, code: 'E_COMMAND_INVALID', message: `A runtime has no command "${command}". Known: lines.` };
    message.respond(encodeJson(reply));
  }

  function subscribe(): void {
    const slots = new Set([...byKey.keys()].map(slotOf));
    for (const slot of slots) subscriptions.push(bus.subscribe(subjects.slot(slot), deliver));
    subscriptions.push(bus.subscribe(subjects.directory, lookUp, { queue: subjects.directoryQueue }));
    subscriptions.push(bus.subscribe(subjects.control, control));
  }

  function release(): void {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
    for (const entry of byKey.values()) ambient.clearTimer(entry.restart);
  }

  const status = (): readonly LineStatus[] => [...byKey.values()].map(({ line }) => line.status());

  for (const config of options.lines) {
    const entry = supervise(config);
    byKey.set(entry.line.key, entry);
    byUser.set(entry.line.user, [...(byUser.get(entry.line.user) ?? []), entry]);
  }

  return {
    async start() {
      subscribe();
      await Promise.all([...byKey.values()].map(startLine));
    },
    async stop() {
      await Promise.all([...byKey.values()].map(({ line }) => line.stop()));
      release();
    },
    kill() {
      release();
      for (const { line } of byKey.values()) line.kill();
    },
    status,
    find: (id) => [...byKey.values()].find(({ config }) => config.id === id)?.line,
  };
}
