import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LineStore, systemAmbient } from '@offhook/core';
import { type LineStoreSubject, lineStoreKit, runKit } from '@offhook/core/testkit';
import { describe, it } from 'vitest';
import { createFileLineStore } from '../src/index.ts';
import { openBench, openImage } from './support/store-fixtures.ts';

/** A copy of the folder, taken while the store runs, is what a kill would leave. */
async function openOnDisk(): Promise<LineStoreSubject> {
  const ambient = systemAmbient();
  const home = await mkdtemp(join(tmpdir(), 'offhook-store-'));
  const folder = join(home, 'state');
  const store = await createFileLineStore({ folder, ambient });
  const others: LineStore[] = [];
  return {
    store,
    async reopen() {
      const copy = join(home, `copy${others.length}`);
      await cp(folder, copy, { recursive: true, filter: (path) => !path.includes('lock') });
      const other = await createFileLineStore({ folder: copy, ambient });
      others.push(other);
      return other;
    },
    async close() {
      for (const each of [store, ...others]) await each.close();
      await rm(home, { recursive: true });
    },
  };
}

/** What a power cut would leave of a fake disk. */
async function openInMemory(): Promise<LineStoreSubject> {
  const { disk, store } = await openBench();
  const others: LineStore[] = [];
  return {
    store,
    async reopen() {
      const other = (await openImage(disk.powerCut())).store;
      others.push(other);
      return other;
    },
    async close() {
      for (const each of [store, ...others]) await each.close();
    },
  };
}

describe('file line store', () => runKit(lineStoreKit, it, openOnDisk));
describe('file line store, after power cuts', () => runKit(lineStoreKit, it, openInMemory));
