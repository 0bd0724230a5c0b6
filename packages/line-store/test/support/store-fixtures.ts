import type { LegFacts, LineStore } from '@offhook/core';
import { createManualAmbient, type ManualAmbient, someFacts } from '@offhook/core/testkit';
import { type FileLineStore, openFileLineStore } from '../../src/file-line-store.ts';
import { createFakeDisk, type DiskImage, type FakeDisk } from './fake-disk.ts';

export const folder = '/state';
export const logPath = '/state/facts.log';

/** A store on a fake disk, and both. */
export interface Bench {
  readonly disk: FakeDisk;
  readonly ambient: ManualAmbient;
  readonly store: FileLineStore;
}

let opened = 0;

export async function openBench(disk: FakeDisk = createFakeDisk()): Promise<Bench> {
  // No two stores draw the same names.
  const ambient = createManualAmbient({ seed: ++opened });
  return { disk, ambient, store: await openFileLineStore({ folder, ambient }, disk) };
}

/** Opens what is left on a disk. The lock of the life before is left out: its process, this one, still runs. */
export function openImage(image: DiskImage): Promise<Bench> {
  return openBench(createFakeDisk(new Map([...image].filter(([path]) => !path.includes('lock')))));
}

/** A log alone. */
export const openLog = (log: Uint8Array): Promise<Bench> => openImage(new Map([[logPath, log]]));

export const saveMany = (store: LineStore, lines: readonly string[], facts: (n: number) => LegFacts = someFacts): void =>
  lines.forEach((line, n) => {
    store.save(line, 'primary', facts(n));
  });

export const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => String(1_000 + n));

/** CSeq of the primary of each line; undefined: forgotten or never saved. */
export const cseqs = (store: LineStore, lines: readonly string[]): Promise<readonly (number | undefined)[]> =>
  Promise.all(lines.map(async (line) => (await store.load(line)).primary?.cseq));
