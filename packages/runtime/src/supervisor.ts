import {
  type Ambient,
  type BusMessage,
  type LineConfig,
  type LineKey,
  lineKey,
  readLineSubject,
  type Subscription,
  slotOf,
} from '@offhook/core';
import type { LineStatus } from '@offhook/line-actor';
import type { JudgeLine } from './policies.ts';
import { reply } from './replies.ts';
import { type LineChange, type SupervisedLine, type SupervisingHost, superviseLine } from './supervised-line.ts';

/** Runs the lines of one process: gives them their messages, finds them by user, answers for them. */
export interface Supervisor {
  /** Makes every line. @throws PluginError (rejects) `E_PLUGIN_INVALID` a mechanism cannot judge one */
  prepare(): Promise<void>;
  /** Resolves when every line has begun; one that fails is started again later and keeps no other waiting. */
  start(): Promise<void>;
  /** Withdraws every binding; resolves when all lines are off and what they stored is durable. */
  stop(): Promise<void>;
  /** Drops every line at once, sending nothing. */
  kill(): void;
  status(): readonly LineStatus[];
  has(id: string): boolean;
  /** Keys of the lines of a user. */
  ofUser(user: string): readonly LineKey[];
  counters(): LineCounters;
  /** In a cluster: all lines go on at another edge, or at a new life of the same one, or the one line that is named. Lines that are new begin there. */
  useEdge(edge: string, line?: string): void;
  /** Puts other lines in force: new ones begin, those that are gone end, others change as far as they may now. */
  apply(lines: readonly LineConfig[]): readonly AppliedLine[];
  /** The same for one line, which ends when it has no configuration. */
  applyLine(id: string, config: LineConfig | undefined): void;
}

/** What becomes of one line when a configuration is applied. A line that is as it was is not listed. */
export interface AppliedLine {
  readonly line: string;
  readonly what: 'added' | 'removed' | 'changed';
  readonly changes: readonly LineChange[];
}

/** What became of SIP messages that reached the lines of one process. Plain numbers; they only rise. */
export interface LineCounters {
  /** Taken from the bus. What is in no fault was a response in time, a request answered, or the ACK of one. */
  readonly received: number;
  /** By name: of the parser, of the transaction layer, `line-down`, `line-unknown`. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface SupervisorOptions extends Omit<SupervisingHost, 'onFault' | 'edge'> {
  /** Of all lines, or the one that each begins with. */
  readonly edge: string | ((line: string) => string);
  readonly lines: readonly LineConfig[];
  readonly judge: JudgeLine;
}

/** Lines made or begun in one turn of the event loop, some milliseconds: who starts tens of thousands keeps nobody else waiting. */
const linesPerTurn = 64;

async function inTurns<In, Out>(given: readonly In[], ambient: Ambient, each: (one: In) => Out): Promise<readonly Out[]> {
  const made: Out[] = [];
  for (const one of given) {
    if (made.length > 0 && made.length % linesPerTurn === 0) await new Promise<void>((resolve) => ambient.defer(resolve));
    made.push(each(one));
  }
  return made;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { bus, subjects } = options;
  const byKey = new Map<LineKey, SupervisedLine>();
  const byUser = new Map<string, LineKey[]>();
  const slots = new Map<number, Subscription>();
  /** Lines that end: whoever brings one back waits until it is off. */
  const ending = new Map<LineKey, Promise<void>>();
  let isOver = false;

  const all = (): readonly SupervisedLine[] => [...byKey.values()];
  const status = (): readonly LineStatus[] => all().map((line) => line.status());

  const faults = new Map<string, number>();
  let received = 0;
  const counters = (): LineCounters => ({ received, faults: Object.fromEntries([...faults].sort()) });
  const onFault = (name: string): void => void faults.set(name, (faults.get(name) ?? 0) + 1);

  function deliver(message: BusMessage): void {
    const place = readLineSubject(message.subject);
    if (place === undefined) return;
    const line = byKey.get(place.key as LineKey);
    if (place.kind === 'sip') {
      received += 1;
      if (line === undefined) onFault('line-unknown');
    }
    if (line !== undefined) line.deliver(message, place.kind);
    else if (place.kind === 'cmd')
      reply(message, { ok: false, code: 'E_LINE_UNKNOWN', message: 'There is no such line in the configuration.' });
  }

  function listen(key: LineKey): void {
    const slot = slotOf(key);
    if (!slots.has(slot)) slots.set(slot, bus.subscribe(subjects.slot(slot), deliver));
  }

  function subscribe(): void {
    for (const key of byKey.keys()) listen(key);
  }

  function release(): void {
    isOver = true;
    for (const subscription of slots.values()) subscription.unsubscribe();
    slots.clear();
  }

  function index(): void {
    byUser.clear();
    for (const line of all()) byUser.set(line.user, [...(byUser.get(line.user) ?? []), line.key]);
  }

  /** The edge that a line begins with. */
  const { edge: given } = options;
  let edgeOf = typeof given === 'function' ? given : () => given;

  function useEdge(edge: string, id?: string): void {
    if (id === undefined) edgeOf = () => edge;
    for (const line of id === undefined ? all() : [byKey.get(lineKey(id))]) line?.useEdge(edge);
  }

  /** Lines of one edge share what they have in common. */
  const hosts = new Map<string, SupervisingHost>();
  function hostAt(edge: string): SupervisingHost {
    const host = hosts.get(edge) ?? { ...options, edge, onFault };
    hosts.set(edge, host);
    return host;
  }

  function add(config: LineConfig): SupervisedLine {
    const line = superviseLine(config, options.judge, hostAt(edgeOf(config.id)));
    byKey.set(line.key, line);
    return line;
  }

  /** A line that has just been taken away begins again once it is off. */
  function bring(config: LineConfig): void {
    const key = lineKey(config.id);
    const begin = (): void => {
      if (isOver) return;
      const line = add(config);
      index();
      listen(line.key);
      void line.start();
    };
    const isLeaving = ending.get(key);
    if (isLeaving === undefined) begin();
    else void isLeaving.then(begin);
  }

  function take(line: SupervisedLine): void {
    line.retire(() => {
      const off = line.stop().then(() => {
        ending.delete(line.key);
        byKey.delete(line.key);
        index();
      });
      ending.set(line.key, off);
    });
  }

  function change(id: string, config: LineConfig | undefined): AppliedLine | undefined {
    const key = lineKey(id);
    const line = ending.has(key) ? undefined : byKey.get(key);
    if (config === undefined) {
      if (line === undefined) return undefined;
      take(line);
      return { line: id, what: 'removed', changes: [] };
    }
    if (line === undefined) {
      bring(config);
      return { line: id, what: 'added', changes: [] };
    }
    const changes = line.apply(config);
    return changes.length === 0 ? undefined : { line: id, what: 'changed', changes };
  }

  function apply(lines: readonly LineConfig[]): readonly AppliedLine[] {
    const wanted = new Set(lines.map(({ id }) => lineKey(id)));
    const leaving = all().filter(({ key }) => !wanted.has(key));
    const removed = leaving.map(({ id }) => change(id, undefined));
    const others = lines.map((config) => change(config.id, config));
    index();
    return [...others, ...removed].filter((each) => each !== undefined);
  }

  return {
    async prepare() {
      await inTurns(options.lines, options.ambient, add);
      index();
    },
    async start() {
      subscribe();
      await Promise.all(await inTurns(all(), options.ambient, (line) => line.start()));
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
    useEdge,
    has: (id) => byKey.has(lineKey(id)),
    ofUser: (user) => byUser.get(user) ?? [],
    apply,
    applyLine(id, config) {
      change(id, config);
      index();
    },
  };
}
