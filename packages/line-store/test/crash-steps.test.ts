import { someFacts } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createFakeDisk, type DiskImage, type Step } from './support/fake-disk.ts';
import { cseqs, numbered, openBench, openImage } from './support/store-fixtures.ts';

const lines = numbered(30);
const rounds = 40;

/** What stands on the disk before a step, and between which saves that is. */
interface Moment {
  readonly step: Step;
  readonly killed: DiskImage;
  readonly cut: DiskImage;
  /** CSeq that every line certainly has: that of the last flush. */
  readonly atLeast: number;
  /** CSeq of the last save. */
  readonly atMost: number;
}

/** Saves in rounds, long enough for several rewrites, and looks at the disk before and in each step. */
async function watchSaves(): Promise<readonly Moment[]> {
  const moments: Moment[] = [];
  const disk = createFakeDisk();
  const { store } = await openBench(disk);
  let atLeast = 0;
  let atMost = 0;
  disk.onStep = (step) => void moments.push({ step, killed: disk.kill(), cut: disk.powerCut(), atLeast, atMost });
  for (let n = 1; n <= rounds; n++) {
    atMost = n;
    for (const line of lines) store.save(line, 'primary', someFacts(1, { cseq: n }));
    await store.flush();
    atLeast = n;
  }
  expect(store.stats.rewrites).toBeGreaterThan(2);
  return moments;
}

describe('a process that ends at any step of its writes', () => {
  it.each(['killed', 'cut'] as const)('finds every leg as flushed, or later: %s', async (how) => {
    const moments = await watchSaves();
    expect(new Set(moments.map(({ step }) => step))).toEqual(
      new Set(['makeFolder', 'read', 'create', 'write', 'sync', 'rename', 'syncFolder', 'close']),
    );
    for (const [n, { step, atLeast, atMost, ...moment }] of moments.entries()) {
      const { store } = await openImage(moment[how]);
      for (const cseq of await cseqs(store, lines)) {
        expect(cseq ?? 0, `${step}, moment ${n}`).toBeGreaterThanOrEqual(atLeast);
        expect(cseq ?? 0, `${step}, moment ${n}`).toBeLessThanOrEqual(atMost);
      }
      // Half a record at the end is the most that can be wrong.
      expect(store.stats.faults, `${step}, moment ${n}`).toBeLessThanOrEqual(1);
    }
  });

  it('is no worse off where the rename is durable before the folder is synced', async () => {
    for (const { step, killed, atLeast } of (await watchSaves()).filter(({ step }) => step === 'syncFolder')) {
      const { store } = await openImage(killed);
      expect(Math.min(...(await cseqs(store, lines)).map((cseq) => cseq ?? 0)), step).toBeGreaterThanOrEqual(atLeast);
    }
  });
});
