import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child } from './child.ts';
import type { Stage } from './stage.ts';
import { within } from './waiting.ts';

/** A nats-server with JetStream on disk, on one port through all its lives. */
export interface JetStream {
  readonly url: string;
  readonly port: number;
  /** SIGKILL: nothing is flushed, nobody is told. */
  kill(): Promise<void>;
  /** Goes on from its disk. */
  start(): Promise<void>;
  /** Another way to it: a cable that can be pulled. */
  cable(): Promise<Cable>;
  stop(): Promise<void>;
}

export interface Cable {
  readonly url: string;
  pull(): void;
  mend(): void;
}

const proxy = new URL('tcp-proxy.mjs', import.meta.url).pathname;

export async function startJetStream({ network, folder }: Stage, diskMb?: number): Promise<JetStream> {
  const port = network.port();
  const store = join(folder, 'jetstream');
  await mkdir(store, { recursive: true });
  const serve = ['nats-server', '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store] as const;
  // A disk of its own, in a mount namespace of its own: it can be full without touching the machine.
  const small = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${diskMb}m none "$0" && exec "$@"`,
    store,
    ...serve,
  ] as const;
  const cables: Child[] = [];
  let server: Child | undefined;
  const jetStream: JetStream = {
    url: `nats://127.0.0.1:${port}`,
    port,
    async kill() {
      server?.signal('SIGKILL');
      await server?.ended;
    },
    async start() {
      let isReady: () => void = () => {};
      const ready = new Promise<void>((resolve) => {
        isReady = resolve;
      });
      const child = network.start(diskMb === undefined ? [...serve] : [...small], {
        onErr: (line) => void (line.includes('Server is ready') && isReady()),
      });
      server = child;
      await within('nats-server is ready', 10_000, ready, child.tail);
    },
    async cable() {
      const at = network.port();
      let isReady: () => void = () => {};
      const ready = new Promise<void>((resolve) => {
        isReady = resolve;
      });
      const child = network.start([process.execPath, proxy, String(at), String(port)], { onOut: () => isReady() });
      cables.push(child);
      await within('a cable to nats-server', 5_000, ready, child.tail);
      return { url: `nats://127.0.0.1:${at}`, pull: () => child.signal('SIGSTOP'), mend: () => child.signal('SIGCONT') };
    },
    async stop() {
      for (const child of cables) {
        child.signal('SIGCONT');
        await child.stop();
      }
      await server?.stop();
    },
  };
  await jetStream.start();
  return jetStream;
}
