import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'vitest';

export interface Dnsmasq {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Ends the process and starts another one with this zone on the same port. */
  restart(zone: readonly string[]): Promise<void>;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** In PATH, or where Debian puts it. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
const binary = folders.map((folder) => join(folder, 'dnsmasq')).find(isExecutable);

/** A suite that needs a real dnsmasq: skipped by name without one, failing when peers are required. */
export function describeDnsmasq(name: string, body: () => void): void {
  if (binary !== undefined) describe(name, body);
  else if (process.env.OFFHOOK_PEERS === 'required') {
    it(`${name}: finds dnsmasq`, () => {
      throw new Error('no dnsmasq in PATH or /usr/sbin; install the package dnsmasq-base');
    });
  } else describe.skip(`${name} (skipped: no dnsmasq; install the package dnsmasq-base)`, body);
}

/** dnsmasq takes no port of the system's choice. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

async function run(file: string): Promise<() => Promise<void>> {
  const child = spawn(binary ?? 'dnsmasq', ['--no-daemon', `--conf-file=${file}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      if (line.includes('started, version')) resolve();
    });
    child.once('error', reject);
    void ended.then(() => reject(new Error(`dnsmasq ended:\n${log.join('\n')}`)));
  });
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

/** Starts dnsmasq on loopback with this zone, in the words of its configuration, and nothing else to answer from. */
export async function startDnsmasq(zone: readonly string[]): Promise<Dnsmasq> {
  const folder = await mkdtemp(join(tmpdir(), 'offhook-dnsmasq-'));
  const file = join(folder, 'dnsmasq.conf');
  const port = await freePort();
  const start = async (lines: readonly string[]) => {
    const own = [`port=${port}`, 'listen-address=127.0.0.1', 'bind-interfaces', 'no-resolv', 'no-hosts', 'local=/example/'];
    await writeFile(file, `${[...own, ...lines].join('\n')}\n`);
    return run(file);
  };
  let kill = await start(zone);
  return {
    address: `127.0.0.1:${port}`,
    async restart(next) {
      await kill();
      kill = await start(next);
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
