import { setTimeout as pause } from 'node:timers/promises';
import type { Kamailio } from '../../apps/runner/test/peers/support/kamailio.ts';
import type { Network } from '../../apps/runner/test/peers/support/network.ts';
import { createRandom } from '../../packages/lab/src/index.ts';

/** What can befall lines at two real servers, drawn from a seed. */
export interface PeersFaults {
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
  /** One fault, its length, and the quiet after it. */
  next(): Promise<void>;
  /** All is put right. */
  heal(): Promise<void>;
}

export function createPeersFaults(network: Network, servers: readonly Kamailio[], seed: string): PeersFaults {
  const random = createRandom(`peers ${seed}`);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const seconds = (low: number, high: number): Promise<void> => pause((low + random() * (high - low)) * 1_000);
  const counts: Record<string, number> = {};

  const faults: Readonly<Record<string, (server: Kamailio) => Promise<void>>> = {
    async silence({ port }) {
      await network.silence(port);
      await seconds(10, 40);
      await network.heal();
    },
    async 'TCP resets'({ port }) {
      await network.reset(port);
      await seconds(5, 20);
      await network.heal();
    },
    async '503'(server) {
      await server.answerWith('REGISTER', 503);
      await seconds(10, 30);
      await server.heal();
    },
    async 'server restart'(server) {
      await server.stop();
      await seconds(2, 15);
      await server.start();
    },
  };
  const names = Object.keys(faults);

  return {
    counts,
    get total() {
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    async next() {
      const name = pick(names);
      counts[name] = (counts[name] ?? 0) + 1;
      await faults[name]?.(pick(servers));
      await seconds(2, 10);
    },
    async heal() {
      await network.heal();
      for (const server of servers) await server.heal();
    },
  };
}
