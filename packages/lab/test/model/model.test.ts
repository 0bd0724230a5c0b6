import { describe, expect, test } from 'vitest';
import { checkModel } from './check.ts';

/*
 * Random lines, outages, answers, calls, restarts and staged configuration in virtual time, against the laws of laws.ts. OFFHOOK_MODEL_SEED chooses
 * which; `npm run model -- 10000` plays many.
 */

const firstSeed = Number(process.env.OFFHOOK_MODEL_SEED ?? 1);
const parts = 6;
const partRuns = 25;

describe('a line keeps every law', () => {
  test.each(Array.from({ length: parts }, (_, i) => firstSeed + i))(
    `in ${partRuns} random lives (seed %i)`,
    async (seed) => {
      const { counterExample, runs } = await checkModel(seed, partRuns);
      expect(counterExample, counterExample).toBeUndefined();
      expect(runs).toBe(partRuns);
    },
    300_000,
  );

  test('and the same seed gives the same run', async () => {
    expect(await checkModel(firstSeed, 5)).toEqual(await checkModel(firstSeed, 5));
  });
});
