import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child } from './child.ts';
import type { Network } from './network.ts';
import { within } from './waiting.ts';

/** A real DNS server in a network of the test's own. */
export interface Dnsmasq {
  /** `host:port` */
  readonly address: string;
  /** From now on it has these records, in the words of its configuration. */
  serve(records: readonly string[]): Promise<void>;
  /** Nobody answers any more. */
  stop(): Promise<void>;
}

/** One SRV record and the address of its target. */
export const server = (service: string, name: string, port: number, priority: number): readonly string[] => [
  `srv-host=${service},${name},${port},${priority},1`,
  `host-record=${name},127.0.0.1`,
];

/** @throws Error (rejects) with what dnsmasq printed */
export async function startDnsmasq(network: Network, folder: string, ttlS: number, records: readonly string[]): Promise<Dnsmasq> {
  const port = network.port();
  const file = join(folder, 'dnsmasq.conf');
  const own = [`port=${port}`, 'listen-address=127.0.0.1', 'bind-interfaces', 'no-resolv', 'no-hosts', `local-ttl=${ttlS}`];
  let running: Child | undefined;

  async function serve(lines: readonly string[]): Promise<void> {
    await running?.stop();
    await writeFile(file, `${[...own, 'local=/example/', ...lines].join('\n')}\n`);
    let isReady: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const child = network.start(['dnsmasq', '--no-daemon', '--user=root', `--conf-file=${file}`], {
      onErr: (line) => line.includes('started, version') && isReady(),
    });
    running = child;
    await within('dnsmasq serves', 10_000, ready, child.tail);
  }

  await serve(records);
  return {
    address: `127.0.0.1:${port}`,
    serve,
    async stop() {
      await running?.stop();
      running = undefined;
    },
  };
}
