import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Probed, ProbePlan } from './probes.ts';
import type { SinkCounts, SinkOrder } from './sink.ts';

/** A process of the bench that talks over IPC. Ends with this one. */
export interface Worker {
  readonly pid: number;
  /** The first message of that event from now on. @throws Error (rejects) when the process ends before */
  next<T>(event: string): Promise<T>;
  send(message: object): void;
  stop(): Promise<void>;
}

export function startWorker(module: string, args: readonly string[] = [], execArgv: readonly string[] = []): Worker {
  const path = fileURLToPath(new URL(`./${module}.js`, import.meta.url));
  const child: ChildProcess = fork(path, [...args], { execArgv: [...execArgv], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    next: <T>(event: string) =>
      new Promise<T>((resolve, reject) => {
        const hear = (message: { readonly event: string }): void => {
          if (message.event !== event) return;
          child.off('message', hear);
          resolve(message as T);
        };
        child.on('message', hear);
        void ended.then(() => reject(new Error(`${module} ended before "${event}"`)));
      }),
    send: (message) => void child.send(message),
    async stop() {
      // It ends by itself then, and writes what it is to write at its end: a profile.
      if (child.connected) child.disconnect();
      else if (child.exitCode === null) child.kill();
      await ended;
    },
  };
}

export interface Sink {
  readonly pid: number;
  /** Primary and alternate. */
  readonly ports: readonly [number, number];
  order(order: SinkOrder): void;
  counts(): Promise<SinkCounts>;
  /** Sends OPTIONS to the Contacts it knows; resolves when all are out. */
  options(count: number, perSecond: number): Promise<void>;
  /** Begins to ask; `found` resolves when all lines have answered, or after `end`. */
  probe(plan: ProbePlan): { readonly found: Promise<readonly Probed[]>; end(): void };
  stop(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const worker = startWorker('sink');
  const { ports } = await worker.next<{ readonly ports: readonly [number, number] }>('listening');
  return {
    pid: worker.pid,
    ports,
    order: worker.send,
    async counts() {
      const answer = worker.next<{ readonly counts: SinkCounts }>('counts');
      worker.send({ order: 'count' });
      return (await answer).counts;
    },
    async options(count, perSecond) {
      const sent = worker.next('options-sent');
      worker.send({ order: 'options', count, perSecond });
      await sent;
    },
    probe(plan) {
      const found = worker.next<{ readonly lines: readonly Probed[] }>('probed').then(({ lines }) => lines);
      worker.send({ order: 'probe', ...plan });
      return { found, end: () => worker.send({ order: 'probe-end' }) };
    },
    stop: worker.stop,
  };
}

/** CPU that a program of the system used, s; undefined when it is not installed or failed. */
export function timeProgram(program: string, args: readonly string[]): Promise<{ readonly cpuS: number } | undefined> {
  if (!isInstalled(program)) return Promise.resolve(undefined);
  const script = 'TIMEFORMAT="cpu %U %S"; time "$@" >/dev/null 2>/dev/null </dev/null';
  const child = spawn('bash', ['-c', script, 'time', program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(said) ?? [];
      resolve(code === 0 && user !== undefined ? { cpuS: Number(user) + Number(system) } : undefined);
    });
  });
}

export const isInstalled = (program: string): boolean =>
  [...(process.env.PATH ?? '').split(':'), '/usr/sbin'].some((folder) => existsSync(`${folder}/${program}`));
