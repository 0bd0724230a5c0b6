import type { Network } from './network.ts';
import { within } from './waiting.ts';

export interface NatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A nats-server with nothing kept on disk. @throws Error (rejects) with what it printed */
export async function startNats(network: Network): Promise<NatsServer> {
  const port = network.port();
  let isReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const child = network.start(['nats-server', '-a', '127.0.0.1', '-p', String(port)], {
    onErr: (line) => line.includes('Server is ready') && isReady(),
  });
  await within('nats-server is ready', 10_000, ready, child.tail);
  return {
    url: `nats://127.0.0.1:${port}`,
    async stop() {
      await child.stop();
    },
  };
}
