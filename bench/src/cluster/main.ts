import { resolve } from 'node:path';
import { leave, machineOf, readLines, readOptions, say } from '../command.ts';
import { type ClusterFigures, clusterText, type TimedMovements } from './figures.ts';
import { clusterSvg } from './picture.ts';
import { findNatsServer } from './processes.ts';
import { type Stand, type StandPlan, startStand } from './stand.ts';
import { measureMovements } from './takeover.ts';
import { talkInProcess, talkOverNats } from './talk.ts';
import { type LinesFigures, measureIdle, measureLines, pause, rssOf, type WorkPlan, workInProcess } from './work.ts';

interface Size {
  readonly lines: readonly number[];
  readonly edges: number;
  readonly hosts: number;
  readonly messages: number;
  readonly work: WorkPlan;
  readonly idleS: number;
  readonly limitS: number;
}

const full: Size = {
  lines: [1_000, 3_000],
  edges: 2,
  hosts: 3,
  messages: 200_000,
  work: { grantS: 20, settleS: 3 },
  idleS: 10,
  limitS: 900,
};
/** It only shows that everything works; nobody is killed. */
const short: Size = { lines: [20], edges: 1, hosts: 1, messages: 2_000, work: { grantS: 4, settleS: 0 }, idleS: 1, limitS: 90 };

const timings = [
  { timing: 'default', heartbeatMs: 1_000, leaseMs: 3_000, fenceMs: 5_000 },
  { timing: 'fast', heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 },
] as const;
type Timing = (typeof timings)[number];

const couldNotStart = 3;
const takeoverOf = ({ heartbeatMs, leaseMs, fenceMs }: Timing) => ({ heartbeatMs, leaseMs, fenceMs });

async function using<T>(plan: StandPlan, work: (stand: Stand) => Promise<T>): Promise<T> {
  const stand = await startStand(plan);
  try {
    return await work(stand);
  } finally {
    await stand.stop();
  }
}

/** No REGISTER from now on: whatever comes was caused. */
async function quiet({ sink }: Stand, { grantS }: WorkPlan): Promise<void> {
  sink.order({ order: 'set', expiresS: 3_600 });
  await pause(grantS / 2 + 2);
}

async function move(stand: Stand, timing: Timing): Promise<TimedMovements> {
  say(`timing ${timing.timing}: a host is killed, comes back, and is drained …`);
  return { ...timing, ...(await measureMovements(stand)) };
}

async function run(size: Size, natsServer: string, execArgv: readonly string[]): Promise<ClusterFigures> {
  const { edges, hosts, work } = size;
  const planOf = (timing: Timing): StandPlan => ({ natsServer, edges, hosts, execArgv, takeover: takeoverOf(timing) });
  const alone: Pick<LinesFigures, 'lines' | 'inProcess'>[] = [];
  for (const lines of size.lines) {
    say(`${lines} dual lines in one process …`);
    alone.push({ lines, inProcess: await workInProcess(lines, work) });
  }
  say('messages over the bus in process …');
  const inProcess = await talkInProcess(size.messages);
  const moves = hosts > 1;
  const [usual, ...others] = timings;
  const found = await using(planOf(usual), async (stand) => {
    say('messages over NATS …');
    const overNats = await talkOverNats({ url: stand.url, pid: stand.natsServer.pid }, size.messages);
    const empty = rssOf(stand);
    const lines: LinesFigures[] = [];
    for (const each of alone) {
      say(`${each.lines} dual lines on ${hosts} hosts and ${edges} edges …`);
      lines.push(await measureLines(stand, each, empty, work));
    }
    await quiet(stand, work);
    const idle = await measureIdle(stand, size.idleS);
    return { lines, idle, talk: { overNats, inProcess }, movements: moves ? [await move(stand, usual)] : [] };
  });
  const most = Math.max(...size.lines);
  const movements = [...found.movements];
  for (const timing of moves ? others : [])
    movements.push(
      await using(planOf(timing), async (stand) => {
        await stand.apply(most);
        return move(stand, timing);
      }),
    );
  return { machine: machineOf(), edges, hosts, ...found, movements };
}

const options = readOptions();
const size = options.short ? short : { ...full, lines: readLines(options.lines, full.lines) };
const natsServer = findNatsServer();
if (process.platform !== 'linux' || natsServer === undefined) {
  say(
    process.platform === 'linux'
      ? 'bench cluster: no nats-server at NATS_SERVER_BIN, in PATH or /usr/sbin. Install the package nats-server, or set NATS_SERVER_BIN.'
      : `bench cluster: this is ${process.platform}; CPU and memory of other processes are read from /proc, which Linux alone has.`,
  );
  process.exit(couldNotStart);
}
// What this process started ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
setTimeout(() => {
  say(`bench cluster: not done within ${size.limitS} s; given up.`);
  process.exit(1);
}, size.limitS * 1_000).unref();
const profiling = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${resolve(options.out)}`] : [];
const figures = await run(size, natsServer, profiling).catch((error: unknown) => {
  say(`bench cluster: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
await leave(options, {
  figures,
  text: clusterText(figures),
  svg: clusterSvg(figures),
  names: { figures: 'cluster', svg: 'cluster' },
  profiles: '.cpuprofiles',
});
