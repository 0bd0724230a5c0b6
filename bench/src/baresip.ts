import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, type Sink, startSink } from './child.ts';

/** What baresip, a phone in C, pays for the work of our lines: dual accounts over UDP, at sinks of the same kind, in the same run. */
export interface BaresipFigures {
  /** REGISTER, 401, REGISTER, 200; µs of its CPU. */
  readonly registrationUs: number;
  /** OPTIONS in, 200 out; µs of its CPU. */
  readonly optionsUs: number;
  readonly rssKbPerLine: number;
}

export interface BaresipPlan {
  /** How long refreshes are measured. */
  readonly windowS: number;
  readonly options: number;
  /** Accounts of the process whose memory is looked at. */
  readonly accounts: number;
}

const program = 'baresip';
/** So many that their common refresh fits into the receive buffer of its one socket: it has no pace, and a lost answer costs it twice. */
const measuredAccounts = 60;
/** Each account refreshes once in 0.9 s. */
const grantS = 1;
const patienceS = 30;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

async function writeSettings(folder: string, { ports: [primary, alternate] }: Sink, accounts: number): Promise<void> {
  const modules = 'module_tmp uuid.so\nmodule g711.so\nmodule_app account.so\n';
  await writeFile(join(folder, 'config'), `module_path /usr/lib/baresip/modules\nsip_listen 127.0.0.1:0\n${modules}`);
  const servers = `outbound="sip:127.0.0.1:${primary}";outbound2="sip:127.0.0.1:${alternate}"`;
  const row = (_: unknown, i: number): string =>
    `<sip:${100_000 + i}@bench.test;transport=udp>;auth_pass=secret;regint=3600;sipnat=outbound;${servers}\n`;
  await writeFile(join(folder, 'accounts'), Array.from({ length: accounts }, row).join(''));
}

interface Phone {
  readonly sink: Sink;
  /** CPU it has used, µs. */
  cpuUs(): Promise<number>;
  /** Resolves with its resident memory once both legs of all accounts are registered, or patience ends. */
  registered(): Promise<number>;
  stop(): Promise<void>;
}

async function startPhone(accounts: number, expiresS: number): Promise<Phone> {
  const folder = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  const sink = await startSink();
  sink.order({ order: 'set', challenge: 'always', expiresS });
  await writeSettings(folder, sink, accounts);
  const child = spawn(program, ['-4', '-f', folder], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  const about = (what: string): Promise<string> => readFile(`/proc/${child.pid}/${what}`, 'latin1');
  return {
    sink,
    cpuUs: async () => Number((await about('schedstat')).split(' ')[0]) / 1_000,
    async registered() {
      const untilMs = performance.now() + patienceS * 1_000;
      while ((await sink.counts()).registered < 2 * accounts && performance.now() < untilMs) await pause(100);
      return Number(/^VmRSS:\s+(\d+)/m.exec(await about('status'))?.[1]);
    },
    async stop() {
      child.kill();
      const stubborn = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await ended;
      clearTimeout(stubborn);
      await sink.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function using<T>(phone: Phone, work: (phone: Phone) => Promise<T>): Promise<T> {
  try {
    return await work(phone);
  } finally {
    await phone.stop();
  }
}

async function measureCpu({ sink, cpuUs }: Phone, { windowS, options }: BaresipPlan): Promise<[number, number]> {
  const [cpuBefore, { registered: before }] = [await cpuUs(), await sink.counts()];
  await pause(windowS * 1_000);
  const [cpuAfter, { registered: after }] = [await cpuUs(), await sink.counts()];
  sink.order({ order: 'set', expiresS: 3600 });
  await pause(2 * grantS * 1_000);
  const quiet = await cpuUs();
  await sink.options(options, 2_000);
  await pause(500);
  return [(cpuAfter - cpuBefore) / (after - before), ((await cpuUs()) - quiet) / (await sink.counts()).alive];
}

/** Undefined: not installed, or it failed. */
export async function measureBaresip(plan: BaresipPlan): Promise<BaresipFigures | undefined> {
  if (!isInstalled(program)) return undefined;
  try {
    const few = await using(await startPhone(measuredAccounts, grantS), async (phone) => {
      const rssKb = await phone.registered();
      const [registrationUs, optionsUs] = await measureCpu(phone, plan);
      return { rssKb, registrationUs, optionsUs };
    });
    const manyRssKb = await using(await startPhone(plan.accounts, 3600), (phone) => phone.registered());
    const { registrationUs, optionsUs } = few;
    const figures = { registrationUs, optionsUs, rssKbPerLine: (manyRssKb - few.rssKb) / (plan.accounts - measuredAccounts) };
    return Object.values(figures).every(Number.isFinite) ? figures : undefined;
  } catch {
    // It ended by itself: there is no /proc of it any more.
    return undefined;
  }
}
