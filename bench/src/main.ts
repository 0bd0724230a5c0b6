import { measureBaresip } from './baresip.ts';
import { type Sink, startSink, startWorker, type Worker } from './child.ts';
import { leave, machineOf, readLines, readOptions, say } from './command.ts';
import { type Figures, figuresText, type Growth, growthOf, growthSvg, type Steady } from './figures.ts';
import type { Cost, LinesPlan, Memory } from './lines.ts';
import { measureParts } from './micro.ts';
import { sippCalls, sippRegistrations } from './peers.ts';

/** Sizes of one run; the short form only shows that everything works. */
interface Size {
  readonly growth: readonly number[];
  readonly steadyLines: number;
  readonly windowS: number;
  readonly calls: number;
  readonly options: number;
  readonly peerRegistrations: number;
  readonly peerAccounts: number;
  readonly partMs: number;
}

const full: Size = {
  growth: [1_000, 10_000, 50_000],
  steadyLines: 8_000,
  windowS: 20,
  calls: 2_000,
  options: 20_000,
  peerRegistrations: 20_000,
  peerAccounts: 500,
  partMs: 1_000,
};
const short: Size = {
  growth: [20],
  steadyLines: 20,
  windowS: 1,
  calls: 10,
  options: 50,
  peerRegistrations: 50,
  peerAccounts: 100,
  partMs: 20,
};
/** New registrations a second that are asked for at a cold start, both legs together: about as many as one core carries. */
const coldPerSecond = 2_700;
/** Sinks grant so much in the steady stretch: half of it is the refresh interval. @source redundancy reference D-37 */
const grantS = 20;

const pause = (s: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, s * 1000));

interface Phone {
  readonly sink: Sink;
  readonly worker: Worker;
  readonly growth: Growth;
  stop(): Promise<void>;
}

async function startPhone(lines: number, expiresS: number, execArgv: readonly string[] = []): Promise<Phone> {
  const sink = await startSink();
  sink.order({ order: 'set', expiresS });
  const plan: LinesPlan = { lines, ports: sink.ports, spreadS: Math.ceil((lines * 2) / coldPerSecond), host: 'pooled' };
  const worker = startWorker('lines', [JSON.stringify(plan)], ['--expose-gc', '--max-old-space-size=8192', ...execArgv]);
  const { cold, before, after } = await worker.next<{ cold: Cost; before: Memory; after: Memory }>('registered');
  return {
    sink,
    worker,
    growth: growthOf(lines, cold, before, after),
    async stop() {
      worker.send({ order: 'stop' });
      await worker.stop();
      await sink.stop();
    },
  };
}

async function measureWindow({ worker }: Phone, windowS: number): Promise<{ readonly cost: Cost; readonly done: number }> {
  worker.send({ order: 'measure' });
  await pause(windowS);
  const answer = worker.next<{ cost: Cost; done: number }>('cost');
  worker.send({ order: 'report' });
  return answer;
}

async function measureSteady(
  size: Size,
  execArgv: readonly string[],
): Promise<{ readonly steady: Steady; readonly phone: Phone }> {
  const phone = await startPhone(size.steadyLines, grantS, execArgv);
  const settle = size.windowS === 1 ? 0 : grantS / 2;
  const windowS = size.windowS === 1 ? grantS / 2 : size.windowS;
  phone.sink.order({ order: 'set', challenge: 'always' });
  await pause(settle);
  const fullOnes = await measureWindow(phone, windowS);
  phone.sink.order({ order: 'set', challenge: 'first' });
  await pause(settle);
  const cached = await measureWindow(phone, windowS);
  phone.sink.order({ order: 'set', expiresS: 3600 });
  await pause(settle);
  const steady: Steady = {
    fullUs: (fullOnes.cost.cpuS / fullOnes.done) * 1e6,
    cachedUs: (cached.cost.cpuS / cached.done) * 1e6,
    perSecond: fullOnes.done / windowS,
    delayMs: fullOnes.cost.delayMs,
  };
  return { steady, phone };
}

async function measureCalls({ worker }: Phone, count: number): Promise<NonNullable<Figures['calls']>> {
  const called = worker.next<{ cost: Cost; up: number }>('called');
  worker.send({ order: 'calls', count, perSecond: 100 });
  const { cost, up } = await called;
  return { cpuUs: (cost.cpuS / count) * 1e6, up, of: count };
}

async function measureOptions({ worker, sink }: Phone, count: number): Promise<NonNullable<Figures['options']>> {
  worker.send({ order: 'measure' });
  await sink.options(count, 2_000);
  await pause(1);
  const answer = worker.next<{ cost: Cost }>('cost');
  worker.send({ order: 'report' });
  const { cost } = await answer;
  const { alive } = await sink.counts();
  return { cpuUs: (cost.cpuS / count) * 1e6, answered: alive, of: count };
}

async function run(size: Size, profileFolder: string | undefined): Promise<Figures> {
  say('parts: codec, charts, bus …');
  const parts = await measureParts(size.partMs);
  say(`steady: ${size.steadyLines} dual lines, granted ${grantS} s …`);
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const { steady, phone } = await measureSteady(size, profiling);
  say('calls and OPTIONS …');
  const calls = await measureCalls(phone, size.calls);
  const options = await measureOptions(phone, size.options);
  await phone.stop();
  say('SIPp, the same work …');
  const sippRegistrationUs = await sippRegistrations(size.peerRegistrations, Math.max(50, Math.round(steady.perSecond)));
  const sippCallUs = await sippCalls(size.calls, 100);
  say('baresip, the same work …');
  const baresip = await measureBaresip({ windowS: size.windowS, options: size.options, accounts: size.peerAccounts });
  const growth: Growth[] = [];
  for (const lines of size.growth) {
    say(`cold start of ${lines} dual lines …`);
    const each = await startPhone(lines, 3600);
    growth.push(each.growth);
    await each.stop();
  }
  return { machine: machineOf(), ...parts, growth, steady, calls, options, peers: { sippRegistrationUs, sippCallUs, baresip } };
}

const options = readOptions();
const chosen = readLines(options.lines, full.growth);
const figures = await run(options.short ? short : { ...full, growth: chosen }, options.profile ? options.out : undefined);
await leave(options, {
  figures,
  text: figuresText(figures),
  svg: growthSvg(figures.growth),
  names: { figures: 'bench', svg: 'lines' },
  profiles: 'a .cpuprofile',
});
