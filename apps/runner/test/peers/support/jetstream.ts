import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child } from './child.ts';
import type { Network } from './network.ts';
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
  /** Of a small disk: takes all that is left of it, and gives it back. */
  fill(): Promise<void>;
  free(): Promise<void>;
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

/** Lives as long as its process. */
async function mountDisk(network: Network, store: string, sizeMb: number): Promise<Child> {
  let isUp: () => void = () => {};
  const up = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  const script = `mount -t tmpfs -o size=${sizeMb}m none "$0" && echo up && exec cat`;
  const disk = network.start(['unshare', '--mount', 'sh', '-c', script, store], { onOut: isUp });
  await within('a small disk', 5_000, up, disk.tail);
  return disk;
}

/** @param diskMb it keeps what it has on a disk of that size alone */
export async function startJetStream({ network, folder }: Stage, diskMb?: number): Promise<JetStream> {
  const port = network.port();
  const store = join(folder, 'jetstream');
  await mkdir(store, { recursive: true });
  const serve = ['nats-server', '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store] as const;
  // A disk of its own, in a mount namespace of its own: it can be full without touching the machine, and outlives the server.
  const disk = diskMb === undefined ? undefined : await mountDisk(network, store, diskMb);
  const onDisk = (command: readonly [string, ...string[]]): readonly [string, ...string[]] =>
    disk === undefined ? command : ['nsenter', '--mount', '--target', String(disk.pid), ...command];
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
      const child = network.start(onDisk(serve), {
        onErr: (line) => void (line.includes('Server is ready') && isReady()),
      });
      server = child;
      await within('nats-server is ready', 10_000, ready, child.tail);
    },
    async fill() {
      // It ends when nothing more goes in.
      await network.run(onDisk(['sh', '-c', 'cat /dev/zero > "$0/filler" 2>/dev/null; true', store]));
    },
    async free() {
      await network.run(onDisk(['rm', '-f', join(store, 'filler')]));
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
      await disk?.stop();
    },
  };
  await jetStream.start();
  return jetStream;
}
