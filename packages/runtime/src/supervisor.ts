import {
  type Ambient,
  type Bus,
  type BusMessage,
  type DirectoryAnswer,
  type DirectoryQuery,
  encodeJson,
  type LineConfig,
  type LineKey,
  type LineStore,
  lineKey,
  readLineSubject,
  type Subjects,
  type Subscription,
  slotOf,
} from '@offhook/core';
import type { LineHost, LineStatus } from '@offhook/line-actor';
import type { JudgeLine } from './policies.ts';
import { readCommand, readObject, reply } from './replies.ts';
import { type SupervisedLine, superviseLine } from './supervised-line.ts';

/** Runs the lines of one process: gives them their messages, finds them by user, answers for them. */
export interface Supervisor {
  /** Resolves when every line has begun; one that fails is started again later and keeps no other waiting. */
  start(): Promise<void>;
  /** Withdraws every binding; resolves when all lines are off and what they stored is durable. */
  stop(): Promise<void>;
  /** Drops every line at once, sending nothing. */
  kill(): void;
  status(): readonly LineStatus[];
  has(id: string): boolean;
}

export interface SupervisorOptions {
  readonly lines: readonly LineConfig[];
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edge: string;
  readonly judge: JudgeLine;
  /** Runs the charts of every line. */
  readonly host: LineHost;
  readonly store?: LineStore | undefined;
}

/** @throws PluginError `E_PLUGIN_INVALID` a mechanism cannot judge a line */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { bus, subjects } = options;
  const byKey = new Map<LineKey, SupervisedLine>();
  const byUser = new Map<string, SupervisedLine[]>();
  const subscriptions: Subscription[] = [];

  const all = (): readonly SupervisedLine[] => [...byKey.values()];
  const status = (): readonly LineStatus[] => all().map((line) => line.status());

  function deliver(message: BusMessage): void {
    byKey.get(readLineSubject(message.subject)?.key as LineKey)?.deliver(message);
  }

  /** A request without a line key: the user's line; of several the one that owns the flow. */
  function lookUp(message: BusMessage): void {
    const { user = '', flow = '' } = readObject<DirectoryQuery>(message) ?? {};
    const found = (user !== '' && byUser.get(user)) || [];
    const line = found.find((each) => each.ownsFlow(flow)) ?? found[0];
    const answer: DirectoryAnswer = line === undefined ? {} : { key: line.key };
    message.respond(encodeJson(answer));
  }

  function control(message: BusMessage): void {
    const command = readCommand(message)?.command;
    if (command === 'lines') return reply(message, { ok: true, value: status() });
    const seen = command === undefined ? 'This is no command' : `A runtime has no command "${command}"`;
    reply(message, { ok: false, code: 'E_COMMAND_INVALID', message: `${seen}. Known: lines.` });
  }

  function subscribe(): void {
    const slots = new Set([...byKey.keys()].map(slotOf));
    for (const slot of slots) subscriptions.push(bus.subscribe(subjects.slot(slot), deliver));
    subscriptions.push(bus.subscribe(subjects.directory, lookUp, { queue: subjects.directoryQueue }));
    subscriptions.push(bus.subscribe(subjects.control, control));
  }

  function release(): void {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
  }

  for (const config of options.lines) {
    const line = superviseLine({ ...options, config, policy: options.judge(config) });
    byKey.set(line.key, line);
    byUser.set(line.user, [...(byUser.get(line.user) ?? []), line]);
  }

  return {
    async start() {
      subscribe();
      await Promise.all(all().map((line) => line.start()));
    },
    async stop() {
      await Promise.all(all().map((line) => line.stop()));
      release();
      await options.store?.flush();
    },
    kill() {
      release();
      for (const line of all()) line.kill();
    },
    status,
    has: (id) => byKey.has(lineKey(id)),
  };
}
