import { describe, expect, it } from 'vitest';
import type { KeyValues } from '../contracts/key-value.ts';
import { keyValueKit } from './key-value-kit.ts';
import type { KeyValueSubject } from './key-value-subject.ts';
import { runCase, runKit } from './kit.ts';
import { createManualAmbient } from './manual-ambient.ts';
import { createMemoryKeyValueServer } from './memory-key-value.ts';
import { keyValueMutants } from './mutants/key-value.ts';

/** More than any question waits. */
const longestMs = 10_000;

const open =
  (wrap: (good: KeyValues) => KeyValues = (good) => good) =>
  async (): Promise<KeyValueSubject> => {
    const ambient = createManualAmbient();
    const server = createMemoryKeyValueServer(ambient);
    const [client, other] = [server.client(), server.client()];
    return {
      values: wrap(client),
      other: wrap(other),
      lose: async () => client.cut(),
      find: async () => client.mend(),
      async until(condition) {
        const endMs = ambient.now() + longestMs;
        await ambient.settle();
        while (!condition()) {
          if (ambient.now() > endMs) throw new Error('it did not come true');
          await ambient.elapse(100);
        }
      },
      close: async () => {},
    };
  };

describe('memory buckets', () => runKit(keyValueKit, it, open()));

describe('the key-value kit', () => {
  it('has a mutant for every case and a case for every mutant', () => {
    expect(Object.keys(keyValueMutants).sort()).toEqual(keyValueKit.map(({ name }) => name).sort());
  });

  const passes = (one: (typeof keyValueKit)[number], wrap: (good: KeyValues) => KeyValues): Promise<boolean> =>
    runCase(one, open(wrap)).then(
      () => true,
      () => false,
    );

  for (const one of keyValueKit) {
    const wrap = keyValueMutants[one.name] as (good: KeyValues) => KeyValues;
    it(`catches what breaks: ${one.name}`, async () => {
      expect(await passes(one, wrap)).toBe(false);
      // The mutant broke that rule, not the buckets.
      const others = await Promise.all(keyValueKit.map((other) => passes(other, wrap)));
      expect(others.filter(Boolean).length).toBeGreaterThan(keyValueKit.length / 2);
    });
  }
});
