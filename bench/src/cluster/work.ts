import { startSink, startWorker } from '../child.ts';
import type { LinesPlan } from '../lines.ts';
import { cpuS, rssMb } from '../process-costs.ts';
import type { Stand } from './stand.ts';

/** µs of CPU for one registration, by who used it. */
export interface Split {
  readonly hostUs: number;
  readonly edgeUs: number;
  readonly natsServerUs: number;
  readonly sinkUs: number;
  readonly perSecond: number;
}

/** The same work in one process. */
export interface Alone {
  readonly phoneUs: number;
  readonly sinkUs: number;
  readonly perSecond: number;
}

/** `full`: challenged each time, four packets; `cached`: two. */
export interface Work<T> {
  readonly full: T;
  readonly cached: T;
}

/** What so many dual lines cost. */
export interface LinesFigures {
  readonly lines: number;
  readonly overNats: Work<Split>;
  readonly inProcess: Work<Alone>;
  /** Of all hosts together, since they had no lines; as the system sees it, without a forced collection. */
  readonly hostRssKbPerLine: number;
  readonly edgeRssKbPerLine: number;
}

export interface WorkPlan {
  /** What the sinks grant; half of it is the refresh interval. @source redundancy reference D-37 */
  readonly grantS: number;
  readonly settleS: number;
}

export const pause = (s: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, s * 1_000));

type Pids = Readonly<Record<string, readonly number[]>>;

const sumOf = (pids: readonly number[], of: (pid: number) => number): number => pids.reduce((sum, pid) => sum + of(pid), 0);

/** Runs one whole refresh interval; µs for each registration and group of processes. */
async function measure<K extends string>(
  pids: Readonly<Record<K, readonly number[]>>,
  registered: () => Promise<number>,
  windowS: number,
): Promise<{ readonly us: Readonly<Record<K, number>>; readonly perSecond: number }> {
  const look = async () => ({ registered: await registered(), cpu: cpuOf(pids) });
  const before = await look();
  await pause(windowS);
  const after = await look();
  const done = after.registered - before.registered;
  const us = Object.fromEntries(
    Object.keys(pids).map((name) => [name, (((after.cpu[name] ?? 0) - (before.cpu[name] ?? 0)) / done) * 1e6]),
  );
  return { us: us as Record<K, number>, perSecond: done / windowS };
}

const cpuOf = (pids: Pids): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(pids).map(([name, group]) => [name, sumOf(group, cpuS)]));

async function both<T>(
  sink: { order: Stand['sink']['order'] },
  { grantS, settleS }: WorkPlan,
  once: (windowS: number) => Promise<T>,
): Promise<Work<T>> {
  sink.order({ order: 'set', challenge: 'always' });
  await pause(settleS);
  const full = await once(grantS / 2);
  sink.order({ order: 'set', challenge: 'first' });
  await pause(settleS);
  return { full, cached: await once(grantS / 2) };
}

const pidsOf = ({ hosts, edges, natsServer, sink }: Stand) => ({
  host: [...hosts.values()].map(({ pid }) => pid),
  edge: [...edges.values()].map(({ pid }) => pid),
  natsServer: [natsServer.pid],
  sink: [sink.pid],
});

async function workOverNats(stand: Stand, plan: WorkPlan): Promise<Work<Split>> {
  const registered = async (): Promise<number> => (await stand.sink.counts()).registered;
  return both(stand.sink, plan, async (windowS) => {
    const { us, perSecond } = await measure(pidsOf(stand), registered, windowS);
    return { hostUs: us.host, edgeUs: us.edge, natsServerUs: us.natsServer, sinkUs: us.sink, perSecond };
  });
}

export async function workInProcess(lines: number, plan: WorkPlan): Promise<Work<Alone>> {
  const sink = await startSink();
  sink.order({ order: 'set', expiresS: plan.grantS });
  const given: LinesPlan = { lines, ports: sink.ports, spreadS: plan.grantS / 2, host: 'pooled' };
  const worker = startWorker('lines', [JSON.stringify(given)]);
  try {
    await worker.next('registered');
    const registered = async (): Promise<number> => (await sink.counts()).registered;
    return await both(sink, plan, async (windowS) => {
      const { us, perSecond } = await measure({ phone: [worker.pid], sink: [sink.pid] }, registered, windowS);
      return { phoneUs: us.phone, sinkUs: us.sink, perSecond };
    });
  } finally {
    await worker.stop();
    await sink.stop();
  }
}

/** Resident memory of a group before it had lines, and how many it has now. */
export interface Grown {
  readonly host: number;
  readonly edge: number;
}

export function rssOf(stand: Stand): Grown {
  const { host, edge } = pidsOf(stand);
  return { host: sumOf(host, rssMb), edge: sumOf(edge, rssMb) };
}

/** Puts so many lines in force and lets them refresh. */
export async function measureLines(
  stand: Stand,
  { lines, inProcess }: Pick<LinesFigures, 'lines' | 'inProcess'>,
  empty: Grown,
  plan: WorkPlan,
): Promise<LinesFigures> {
  stand.sink.order({ order: 'set', expiresS: plan.grantS });
  await stand.apply(lines);
  const overNats = await workOverNats(stand, plan);
  const now = rssOf(stand);
  const perLine = (role: keyof Grown): number => ((now[role] - empty[role]) * 1_024) / lines;
  return { lines, overNats, inProcess, hostRssKbPerLine: perLine('host'), edgeRssKbPerLine: perLine('edge') };
}

/** What a member uses while nothing is registered, as a part of one core. @param s how long is looked */
export async function measureIdle(
  stand: Stand,
  s: number,
): Promise<{ readonly host: number; readonly edge: number; readonly natsServer: number }> {
  const pids = pidsOf(stand);
  const before = cpuOf(pids);
  await pause(s);
  const after = cpuOf(pids);
  const part = (name: string, of: readonly number[]): number => ((after[name] ?? 0) - (before[name] ?? 0)) / s / of.length;
  return { host: part('host', pids.host), edge: part('edge', pids.edge), natsServer: part('natsServer', pids.natsServer) };
}
