import {
  type BusMessage,
  type DirectoryAnswer,
  type DirectoryQuery,
  encodeJson,
  type LineConfig,
  type LineKey,
  lineKey,
  readLineSubject,
  type Subscription,
  slotOf,
} from '@offhook/core';
import type { LineStatus } from '@offhook/line-actor';
import type { JudgeLine } from './policies.ts';
import { readCommand, readObject, reply } from './replies.ts';
import { type SupervisedLine, type SupervisingHost, superviseLine } from './supervised-line.ts';

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
  counters(): LineCounters;
}

/** What became of SIP messages that reached the lines of one process. Plain numbers; they only rise. */
export interface LineCounters {
  /** Taken from the bus. What is in no fault was a response in time, a request answered, or the ACK of one. */
  readonly received: number;
  /** By name: of the parser, of the transaction layer, `line-down`, `line-unknown`. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface SupervisorOptions extends Omit<SupervisingHost, 'onFault'> {
  readonly lines: readonly LineConfig[];
  readonly judge: JudgeLine;
}

/** @throws PluginError `E_PLUGIN_INVALID` a mechanism cannot judge a line */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { bus, subjects } = options;
  const byKey = new Map<LineKey, SupervisedLine>();
  const byUser = new Map<string, SupervisedLine[]>();
  const subscriptions: Subscription[] = [];

  const all = (): readonly SupervisedLine[] => [...byKey.values()];
  const status = (): readonly LineStatus[] => all().map((line) => line.status());

  const faults = new Map<string, number>();
  let received = 0;
  const counters = (): LineCounters => ({ received, faults: Object.fromEntries([...faults].sort()) });
  const onFault = (name: string): void => void faults.set(name, (faults.get(name) ?? 0) + 1);

  function deliver(message: BusMessage): void {
    const place = readLineSubject(message.subject);
    const line = byKey.get(place?.key as LineKey);
    if (place?.kind === 'sip') {
      received += 1;
      if (line === undefined) onFault('line-unknown');
    }
    line?.deliver(message);
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
    if (command === 'counters') return reply(message, { ok: true, value: counters() });
    const seen = command === undefined ? 'This is no command' : `A runtime has no command "${command}"`;
    reply(message, { ok: false, code: 'E_COMMAND_INVALID', message: `${seen}. Known: lines, counters.` });
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

  const host: SupervisingHost = { ...options, onFault };
  for (const config of options.lines) {
    const line = superviseLine(config, options.judge(config), host);
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
    counters,
    has: (id) => byKey.has(lineKey(id)),
  };
}
