import { describe, expect, it } from 'vitest';
import type { LineStore } from '../contracts/line-store.ts';
import { runCase, runKit } from './kit.ts';
import { lineStoreKit } from './line-store-kit.ts';
import type { LineStoreSubject } from './line-store-subject.ts';
import { createMemoryLineStore, type MemoryDisk } from './memory-line-store.ts';
import { lineStoreMutants } from './mutants/line-store.ts';

const open =
  (wrap: (good: LineStore) => LineStore = (good) => good) =>
  async (): Promise<LineStoreSubject> => {
    const disk: MemoryDisk = new Map();
    const store = wrap(createMemoryLineStore(disk));
    return { store, reopen: async () => createMemoryLineStore(new Map(disk)), close: () => store.close().catch(() => {}) };
  };

describe('memory line store', () => runKit(lineStoreKit, it, open()));

describe('the line store kit', () => {
  it('has a mutant for every case and a case for every mutant', () => {
    expect(Object.keys(lineStoreMutants).sort()).toEqual(lineStoreKit.map(({ name }) => name).sort());
  });

  const passes = (one: (typeof lineStoreKit)[number], wrap: (good: LineStore) => LineStore): Promise<boolean> =>
    runCase(one, open(wrap)).then(
      () => true,
      () => false,
    );

  for (const one of lineStoreKit) {
    const wrap = lineStoreMutants[one.name] as (good: LineStore) => LineStore;
    it(`catches what breaks: ${one.name}`, async () => {
      expect(await passes(one, wrap)).toBe(false);
      // The mutant broke that rule, not the store.
      const others = await Promise.all(lineStoreKit.map((other) => passes(other, wrap)));
      expect(others.filter(Boolean).length).toBeGreaterThan(lineStoreKit.length / 2);
    });
  }
});
