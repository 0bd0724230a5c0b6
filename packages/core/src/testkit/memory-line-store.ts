import type { Leg } from '../contracts/decision.ts';
import type { LegFacts, LineStore } from '../contracts/line-store.ts';
import { StoreError } from '../errors.ts';

/** What survives a memory store: whoever opens another store on it goes on from there. */
export type MemoryDisk = Map<string, Map<Leg, LegFacts>>;

const copyOf = (from: MemoryDisk): MemoryDisk => new Map([...from].map(([line, legs]) => [line, new Map(legs)]));

/** A LineStore for tests: durable is what stands on its disk, and it gets there by `flush` and `close` alone. */
export function createMemoryLineStore(disk: MemoryDisk = new Map()): LineStore {
  const live = copyOf(disk);
  let isClosed = false;
  const write = async (): Promise<void> => {
    if (isClosed) return;
    disk.clear();
    for (const [line, legs] of copyOf(live)) disk.set(line, legs);
  };
  return {
    async load(line) {
      if (isClosed) throw new StoreError('E_STORE_CLOSED', 'This store is closed.');
      return Object.fromEntries([...(live.get(line) ?? [])].map(([leg, facts]) => [leg, { ...facts }]));
    },
    save(line, leg, facts) {
      if (isClosed) return;
      const legs = live.get(line) ?? new Map<Leg, LegFacts>();
      if (facts === undefined) legs.delete(leg);
      else legs.set(leg, { ...facts });
      live.set(line, legs);
    },
    flush: write,
    async close() {
      await write();
      isClosed = true;
    },
  };
}
