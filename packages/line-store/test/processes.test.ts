import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemAmbient } from '@offhook/core';
import { someFacts } from '@offhook/core/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFileLineStore, type FileLineStore } from '../src/index.ts';
import { buildStoreProcess, type StoreProcess, startStoreProcess } from './support/child.ts';
import { cseqs } from './support/store-fixtures.ts';

let home: string;
let program: string;
let folder: string;
let count = 0;
const started: StoreProcess[] = [];
const opened: FileLineStore[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'offhook-store-'));
  program = await buildStoreProcess(home);
});
afterAll(() => rm(home, { recursive: true }));
beforeEach(() => {
  folder = join(home, `state${count++}`);
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.kill();
  for (const each of opened.splice(0)) await each.close();
});

async function open(at = folder): Promise<FileLineStore> {
  const store = await createFileLineStore({ folder: at, ambient: systemAmbient() });
  opened.push(store);
  return store;
}

function start(mode: string): StoreProcess {
  const child = startStoreProcess([process.execPath, program, mode, folder]);
  started.push(child);
  return child;
}

describe('a process killed in the middle of saving', () => {
  it('leaves all that was durable, time after time', async () => {
    const lines = Array.from({ length: 200 }, (_, n) => String(1_000 + n));
    let before = 0;
    for (let life = 0; life < 6; life++) {
      const child = start('hammer');
      await child.line(`durable ${before + 3 + life * 7}`);
      await child.kill();
      const durable = Number(child.printed.at(-1)?.split(' ')[1]);
      const store = await open();
      const found = (await cseqs(store, lines)).map((cseq) => cseq ?? -1);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(durable);
      expect(Math.max(...found)).toBeLessThanOrEqual(durable + 2);
      expect(store.stats.faults).toBeLessThanOrEqual(1);
      await store.close();
      before = Math.min(...found);
    }
  });
});

describe('the lock of a folder', () => {
  it('keeps a second process out, and says which has it', async () => {
    const child = start('hold');
    await child.line('open');
    await expect(open()).rejects.toMatchObject({
      code: 'E_STORE_LOCKED',
      message: `State folder ${folder} is used by process ${child.pid}. Stop that process, or give each its own folder.`,
    });
    const other = start('hold');
    expect(await other.line('E_STORE_LOCKED')).toContain(`process ${child.pid}`);
  });

  it('keeps a second store of the same process out', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    await store.close();
    await open();
  });

  it('is taken over from a process that was killed', async () => {
    const child = start('hold');
    await child.line('open');
    await child.kill();
    expect(await readdir(folder)).toEqual(['lock']);
    await open();
  });

  it('lets one of many in that come at once for a dead process’s folder', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, boot: 'an earlier one', started: '1' }));
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => open()));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  const runsHere = { pid: process.pid, boot: '', started: '' };
  it.each([
    ['of an earlier boot, though its number runs again', async () => JSON.stringify({ ...runsHere, boot: 'an earlier one' })],
    ['of an earlier process of that number', async () => JSON.stringify({ ...(await ownLock()), started: '1' })],
    ['that a power cut emptied', async () => ''],
    ['that is not ours', async () => '{"pid":"1; rm"}'],
  ])('is stale: one %s', async (_, text) => {
    const content = await text();
    await mkdir(folder);
    await writeFile(join(folder, 'lock'), content);
    await open();
  });

  /** What this process writes into a lock. */
  async function ownLock(): Promise<object> {
    const store = await open(`${folder}x`);
    const lock = JSON.parse(await readFile(join(`${folder}x`, 'lock'), 'utf8')) as object;
    await store.close();
    return lock;
  }

  it('is gone when the store is closed', async () => {
    const store = await open();
    store.save('1000', 'primary', someFacts(1));
    await store.close();
    expect(await readdir(folder)).toEqual(['facts.log']);
  });
});

describe('the files', () => {
  it('are for their owner alone, whatever stood there before', async () => {
    const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    const nested = join(folder, 'a', 'b');
    const store = await open(nested);
    await writeFile(join(nested, 'facts.log'), '', { mode: 0o666 });
    await writeFile(join(nested, 'facts.log.new'), '', { mode: 0o666 });
    store.save('1000', 'primary', someFacts(1));
    await store.flush();
    expect([await mode(nested), await mode(join(nested, 'facts.log')), await mode(join(nested, 'lock'))]).toEqual([
      '700',
      '600',
      '600',
    ]);
  });

  it.each([
    ['is a file', async () => writeFile(folder, '')],
    [
      'stands below a file',
      async () => {
        await writeFile(folder, '');
        folder = join(folder, 'below');
      },
    ],
  ])('are refused where the folder %s', async (_, prepare) => {
    await prepare();
    await expect(open()).rejects.toMatchObject({ code: 'E_STORE_FOLDER' });
  });
});

/** A small disk of our own, where this user may mount one. */
const mounting = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])] as const;
const mayMount = (): boolean => {
  const [unshare, ...args] = mounting;
  return spawnSync(unshare, [...args, 'sh', '-c', 'mount -t tmpfs -o size=96k tmpfs /tmp']).status === 0;
};

describe.skipIf(!mayMount())('a real disk that is full', () => {
  it('stops no save, and has everything once there is room', async () => {
    const run = 'mkdir "$1" && mount -t tmpfs -o size=96k tmpfs "$1" && exec "$2" "$3" fill "$1"';
    const child = startStoreProcess([...mounting, 'sh', '-c', run, 'sh', folder, process.execPath, program]);
    started.push(child);
    expect(await child.line('refused')).toMatch(/^refused E_STORE_WRITE Facts of lines cannot be written to .*ENOSPC/);
    expect(await child.line('in memory')).toBe('in memory true');
    expect(await child.line('found')).toBe('found true');
  });
});
