import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { machineMs } from '../process-costs.ts';

/** A program of the cluster. All of them end with this process. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** SIGKILL: it says nothing to anybody. By the clock of the machine. */
  kill(): Promise<number>;
  /** SIGTERM, and SIGKILL when it has not ended within that time. */
  stop(withinMs: number): Promise<void>;
}

/** How the members are started. */
export interface MemberPlan {
  readonly folder: string;
  readonly url: string;
  readonly cluster: string;
  readonly takeover: Readonly<Record<string, number>>;
  /** Of Node: a profile. */
  readonly execArgv: readonly string[];
}

const offhook = fileURLToPath(new URL('../../../apps/runner/bin/offhook.mjs', import.meta.url));
const patienceMs = 30_000;
const lastWords = 20;
const alive = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** NATS_SERVER_BIN alone when it is set; otherwise PATH, then where Debian puts it. Undefined: it is not installed. */
export function findNatsServer(): string | undefined {
  const named = process.env.NATS_SERVER_BIN;
  if (named) return isExecutable(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
}

/** Resolves with the program and what `ready` made of the line that says it runs. @throws Error (rejects) with its last words */
async function start<T>(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  ready: (line: string) => T | undefined,
): Promise<{ readonly program: Program; readonly said: T }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  alive.add(child);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      alive.delete(child);
      resolve();
    };
    child.once('close', end).once('error', end);
  });
  const words: string[] = [];
  const said = await new Promise<T>((resolve, reject) => {
    const fail = (): void => reject(new Error(`${name} did not start:\n${words.join('\n')}`));
    const late = setTimeout(fail, patienceMs);
    const hear = (line: string): void => {
      words.push(line);
      if (words.length > lastWords) words.shift();
      const found = ready(line);
      if (found === undefined) return;
      clearTimeout(late);
      resolve(found);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
    void ended.then(fail);
  });
  return {
    said,
    program: {
      name,
      pid: child.pid ?? 0,
      async kill() {
        child.kill('SIGKILL');
        const atMs = machineMs();
        await ended;
        return atMs;
      },
      async stop(withinMs) {
        child.kill();
        const stubborn = setTimeout(() => child.kill('SIGKILL'), withinMs);
        await ended;
        clearTimeout(stubborn);
      },
    },
  };
}

/** A server on loopback, with JetStream on the disk of `folder`. */
export async function startNatsServer(
  binary: string,
  folder: string,
): Promise<{ readonly program: Program; readonly url: string }> {
  const store = join(folder, 'jetstream');
  await mkdir(store, { recursive: true });
  let port = '';
  const { program } = await start('nats-server', [binary, '-a', '127.0.0.1', '-p', '-1', '-js', '-sd', store], (line) => {
    port ||= /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? '';
    return line.includes('Server is ready') || undefined;
  });
  return { program, url: `nats://127.0.0.1:${port}` };
}

/** `offhook host` or `offhook edge`. */
export async function startMember(role: 'host' | 'edge', name: string, plan: MemberPlan): Promise<Program> {
  const path = join(plan.folder, `${name}.yaml`);
  const listen = [{ protocol: 'udp', host: '127.0.0.1', port: 0 }];
  await writeFile(path, JSON.stringify({ cluster: plan.cluster, edge: { listen }, takeover: plan.takeover }));
  const command = [...plan.execArgv, offhook, role, path, '--json', '--name', name, '--bus', plan.url];
  const { program } = await start(name, [process.execPath, ...command], (line) => line.includes('"running"') || undefined);
  return program;
}
