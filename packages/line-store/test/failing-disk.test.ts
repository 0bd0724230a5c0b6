import { createManualAmbient, someFacts } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { openFileLineStore } from '../src/file-line-store.ts';
import { createFakeDisk, type FakeDisk, type Step, systemError } from './support/fake-disk.ts';
import { cseqs, folder, logPath, numbered, openBench, openImage, saveMany } from './support/store-fixtures.ts';

const lines = numbered(20);

const breakAt = (disk: FakeDisk, steps: readonly Step[], code: string): void => {
  disk.onStep = (step, path) => {
    if (steps.includes(step) && !path.endsWith('lock')) throw systemError(code);
  };
};
const mend = (disk: FakeDisk): void => {
  disk.onStep = () => {};
};

/** A store with one durable group: CSeq 1 of every line. */
async function openUsed() {
  const bench = await openBench();
  saveMany(bench.store, lines, () => someFacts(1));
  await bench.store.flush();
  return bench;
}

describe('a disk that fails while lines run', () => {
  const failures: readonly (readonly [string, readonly Step[], string])[] = [
    ['is full', ['write'], 'ENOSPC'],
    ['has an error', ['sync'], 'EIO'],
    ['turns read-only', ['write', 'create'], 'EROFS'],
    ['renames nothing', ['write', 'rename'], 'EIO'],
    ['syncs no folder', ['sync', 'syncFolder'], 'EIO'],
    ['has no file left to open', ['sync', 'create'], 'EMFILE'],
  ];

  it.each(failures)('keeps what was durable, takes saves, and has them when it works again: it %s', async (_, steps, code) => {
    const { disk, store, ambient } = await openUsed();
    breakAt(disk, steps, code);
    saveMany(store, lines, () => someFacts(2));
    await ambient.elapse(20_000);
    saveMany(store, lines, () => someFacts(3));
    expect(await cseqs(store, lines)).toEqual(lines.map(() => 3));
    expect(store.stats.failures).toBeGreaterThan(2);
    const meanwhile = await cseqs((await openImage(disk.powerCut())).store, lines);
    expect(Math.min(...meanwhile.map((cseq) => cseq ?? 0))).toBeGreaterThanOrEqual(1);

    mend(disk);
    await ambient.elapse(30_000);
    expect(store.stats.waiting).toBe(0);
    const after = await openImage(disk.powerCut());
    expect(await cseqs(after.store, lines)).toEqual(lines.map(() => 3));
    expect(after.store.stats.faults).toBe(0);
  });

  it('is tried again after 1, 2, 4, 8, 16 and then every 30 s', async () => {
    const { disk, store, ambient } = await openUsed();
    const triedAtS: number[] = [];
    const startMs = ambient.now();
    disk.onStep = (step) => {
      if (step !== 'create' && step !== 'write') return;
      triedAtS.push((ambient.now() - startMs - 50) / 1_000);
      throw systemError('ENOSPC');
    };
    store.save('1000', 'primary', someFacts(2));
    await ambient.elapse(125_000);
    expect(triedAtS).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121]);
  });

  it('is reported at once, then once a minute, and once more when it works', async () => {
    const { disk, store, ambient } = await openUsed();
    breakAt(disk, ['write'], 'ENOSPC');
    saveMany(store, lines, () => someFacts(2));
    await ambient.elapse(180_000);
    const { failures } = store.stats;
    expect(failures).toBe(10);
    expect(ambient.logged.map(({ level }) => level)).toEqual(['error', 'error', 'error']);
    expect(ambient.logged[0]?.fields).toMatchObject({ code: 'E_STORE_WRITE', folder, waiting: lines.length, failures: 1 });
    mend(disk);
    await ambient.elapse(30_000);
    expect(ambient.logged.slice(3)).toMatchObject([{ level: 'warn', fields: { failures } }]);
  });

  it('lets flush say so and close end', async () => {
    const { disk, store, ambient } = await openUsed();
    breakAt(disk, ['write'], 'ENOSPC');
    store.save('1000', 'primary', someFacts(2));
    await expect(store.flush()).rejects.toMatchObject({ code: 'E_STORE_WRITE' });
    await store.close();
    expect(ambient.logged.at(-1)).toMatchObject({
      message: 'facts of lines are lost with the end of this process',
      fields: { waiting: 1 },
    });
    expect(ambient.timers).toBe(0);
  });

  it('costs no memory however long it lasts: each leg waits once', async () => {
    const { disk, store, ambient } = await openUsed();
    breakAt(disk, ['write'], 'ENOSPC');
    for (let n = 0; n < 1_000; n++) saveMany(store, lines, () => someFacts(n));
    await ambient.elapse(10_000);
    expect(store.stats).toMatchObject({ waiting: lines.length, saves: 1_001 * lines.length });
    expect(ambient.timers).toBe(1);
  });

  it('is written to all the same where only the rewrite of a long log fails', async () => {
    const { disk, store } = await openUsed();
    breakAt(disk, ['create'], 'ENOSPC');
    for (let n = 2; n < 60; n++) {
      saveMany(store, lines, () => someFacts(n));
      await store.flush();
    }
    expect(store.stats.rewrites).toBe(1);
    // Not at every group: the next attempt waits until the log has doubled.
    expect(store.stats.failures).toBeLessThan(5);
    expect(await cseqs((await openImage(disk.powerCut())).store, lines)).toEqual(lines.map(() => 59));
  });
});

describe('a folder that is deleted while lines run', () => {
  it('is made again, with everything in it, at the next save', async () => {
    const { disk, store, ambient } = await openUsed();
    disk.wipe();
    store.save('1000', 'primary', someFacts(2));
    await ambient.elapse(2_000);
    const found = disk.powerCut();
    expect([...found.keys()].sort()).toEqual([logPath, `${folder}/lock`]);
    expect(await cseqs((await openImage(found)).store, lines)).toEqual([2, ...lines.slice(1).map(() => 1)]);
    expect(ambient.logged.map(({ level }) => level)).toEqual(['error', 'warn']);
  });

  it('belongs to whoever made it anew: both go on, one of them in memory', async () => {
    const first = await openUsed();
    first.disk.wipe();
    const second = await openBench(first.disk);
    first.store.save('1000', 'primary', someFacts(9));
    await expect(first.store.flush()).rejects.toMatchObject({ code: 'E_STORE_WRITE' });
    await expect(first.store.flush()).rejects.toMatchObject({ cause: { code: 'E_STORE_LOCKED' } });
    second.store.save('2000', 'primary', someFacts(5));
    await second.store.flush();
    expect(await cseqs((await openImage(first.disk.powerCut())).store, ['1000', '2000'])).toEqual([undefined, 5]);
    await first.store.close();
    expect(first.disk.kill().has(`${folder}/lock`)).toBe(true);
    await second.store.close();
    expect(first.disk.kill().has(`${folder}/lock`)).toBe(false);
  });
});

describe('a disk that fails when the store is opened', () => {
  const open = (disk: FakeDisk) => openFileLineStore({ folder, ambient: createManualAmbient() }, disk);

  it.each([
    ['makeFolder', 'EACCES'],
    ['makeFolder', 'ENOTDIR'],
    ['create', 'EROFS'],
    ['create', 'EACCES'],
    ['read', 'EIO'],
  ] as const)('is refused with its reason: %s %s', async (step, code) => {
    const disk = createFakeDisk();
    breakAt(disk, [step], code);
    await expect(open(disk)).rejects.toMatchObject({
      code: 'E_STORE_FOLDER',
      message: expect.stringMatching(new RegExp(`State folder /state cannot be used: ${code}.*may read and write`)),
    });
    expect(disk.kill().has(`${folder}/lock`)).toBe(false);
  });

  it('is only reported when it is full: the facts that stand there are used', async () => {
    const used = await openUsed();
    const disk = createFakeDisk(new Map([...used.disk.kill()].filter(([path]) => path === logPath)));
    breakAt(disk, ['write', 'create'], 'ENOSPC');
    const ambient = createManualAmbient();
    const store = await openFileLineStore({ folder, ambient }, disk);
    expect(await cseqs(store, lines)).toEqual(lines.map(() => 1));
    expect(ambient.logged).toMatchObject([{ level: 'error', message: 'the disk of the state folder is full' }]);
    mend(disk);
    store.save('1000', 'primary', someFacts(2));
    await store.flush();
    expect(disk.kill().has(`${folder}/lock`)).toBe(true);
  });
});
