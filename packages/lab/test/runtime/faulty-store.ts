import type { Leg, LegFacts, LineStore } from '@offhook/core';

export interface FaultyStore extends LineStore {
  /** Lines whose chart throws from now on, as soon as it has something to keep. */
  readonly broken: Set<string>;
  /** Called before facts are handed out. */
  onLoad(line: string): Promise<void>;
  /** How often `flush` was called. */
  flushes: number;
}

/** A store that makes the charts of chosen lines throw: they save from inside a transition. It keeps nothing. */
export function createFaultyStore(...lines: readonly string[]): FaultyStore {
  const broken = new Set(lines);
  return {
    broken,
    async onLoad() {},
    flushes: 0,
    async load(line): Promise<Readonly<Partial<Record<Leg, LegFacts>>>> {
      await this.onLoad(line);
      return {};
    },
    save(line) {
      if (broken.has(line)) throw new Error(`the store of line ${line} is broken`);
    },
    async flush() {
      this.flushes += 1;
    },
    async close() {},
  };
}
