import { type Child, startChild } from './child.ts';
import type { Network } from './network.ts';
import { within } from './waiting.ts';

export interface NatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A nats-server with nothing kept on disk, on a port of the system's choice. @throws Error (rejects) with what it printed */
async function startServer(start: Network['start']): Promise<NatsServer> {
  let listening: string | undefined;
  let isReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const child: Child = start(['nats-server', '-a', '127.0.0.1', '-p', '-1'], {
    onErr(line) {
      listening ??= /Listening for client connections on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (line.includes('Server is ready')) isReady();
    },
  });
  await within('nats-server is ready', 10_000, ready, child.tail);
  return {
    url: `nats://${listening}`,
    async stop() {
      await child.stop();
    },
  };
}

/** In a network of the test's own. */
export const startNats = (network: Network): Promise<NatsServer> => startServer(network.start);

/** On this machine's loopback, for runtimes inside the test's process. */
export const startNatsHere = (): Promise<NatsServer> => startServer(startChild);
