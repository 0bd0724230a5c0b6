import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'vitest';

export interface NatsServer {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
  /** Stops it in its tracks: its connections live on and nothing is read from them. */
  freeze(): void;
  thaw(): void;
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** NATS_SERVER_BIN alone when it is set; otherwise PATH, then where Debian puts it. */
function findBinary(): string | undefined {
  const named = process.env.NATS_SERVER_BIN;
  if (named) return isExecutable(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
}

const binary = findBinary();

/** A suite that needs a real nats-server: skipped by name without one, failing when peers are required. */
export function describeNats(name: string, body: () => void): void {
  if (binary !== undefined) describe(name, body);
  else if (process.env.OFFHOOK_PEERS === 'required') {
    it(`${name}: finds nats-server`, () => {
      throw new Error('no nats-server at NATS_SERVER_BIN, in PATH or /usr/sbin; install the package nats-server');
    });
  } else describe.skip(`${name} (skipped: no nats-server; set NATS_SERVER_BIN or install the package nats-server)`, body);
}

/** Starts a server on loopback; port -1: chosen by the system. */
export async function startNatsServer(
  args: readonly string[] = [],
  port = -1,
  env: Readonly<Record<string, string>> = {},
): Promise<NatsServer> {
  const child = spawn(binary ?? 'nats-server', ['-a', '127.0.0.1', '-p', String(port), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log: string[] = [];
  const ready = new Promise<number>((resolve, reject) => {
    let listening = 0;
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      listening ||= Number(/Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
      if (line.includes('Server is ready')) resolve(listening);
    });
    child.once('error', reject);
    void ended.then(() => reject(new Error(`nats-server ended:\n${log.join('\n')}`)));
  });
  const actual = await ready;
  return {
    port: actual,
    address: `127.0.0.1:${actual}`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}
