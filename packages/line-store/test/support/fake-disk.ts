import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../../src/disk.ts';

export type Step = 'makeFolder' | 'read' | 'create' | 'write' | 'sync' | 'rename' | 'link' | 'remove' | 'syncFolder' | 'close';

/** Names and contents, as they would be found later. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

interface Inode {
  data: Uint8Array;
  /** What a power cut leaves of it. */
  synced: Uint8Array;
  linked: boolean;
}

/** A disk in memory that knows what a kill and what a power cut would leave, and fails where it is told to. */
export interface FakeDisk extends Disk {
  readonly steps: readonly Step[];
  /** Steps of a kind so far. */
  count(step: Step): number;
  /** Called before each step; what it throws is the step's failure. */
  onStep: (step: Step, path: string) => void;
  /** All that was written: what a killed process leaves. */
  kill(): DiskImage;
  /** Only what was synced, under names whose folder was: the least that a power cut leaves. */
  powerCut(): DiskImage;
  /** Deletes everything, the folder included. */
  wipe(): void;
}

const text = new TextEncoder();
const nothing = new Uint8Array(0);

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as told`), { code });
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => Buffer.concat([a, b]);

export function createFakeDisk(image: DiskImage = new Map()): FakeDisk {
  const steps: Step[] = [];
  const folders = new Set<string>([...image.keys()].map((path) => dirname(path)));
  const names = new Map<string, Inode>([...image].map(([path, data]) => [path, { data, synced: data, linked: true }]));
  let durable = new Map(names);

  function step(kind: Step, path: string): void {
    disk.onStep(kind, path);
    steps.push(kind);
  }
  function requireFolder(path: string): void {
    if (!folders.has(dirname(path))) throw systemError('ENOENT');
  }
  function unlink(path: string): void {
    const inode = names.get(path);
    names.delete(path);
    if (inode !== undefined) inode.linked = [...names.values()].includes(inode);
  }

  const fileOf = (path: string, inode: Inode): DiskFile => ({
    async write(more) {
      // Half of it is there when the step fails or the process ends in it.
      const half = text.encode(more).subarray(0, Math.ceil(more.length / 2));
      const before = inode.data;
      inode.data = joined(before, half);
      step('write', path);
      inode.data = joined(before, text.encode(more));
    },
    async sync() {
      step('sync', path);
      inode.synced = inode.data;
    },
    isLinked: async () => inode.linked,
    async close() {
      step('close', path);
    },
  });

  const disk: FakeDisk = {
    steps,
    count: (kind) => steps.filter((each) => each === kind).length,
    onStep() {},
    async makeFolder(path) {
      step('makeFolder', path);
      folders.add(path);
    },
    async read(path) {
      step('read', path);
      return names.get(path)?.data;
    },
    async create(path) {
      step('create', path);
      requireFolder(path);
      unlink(path);
      const inode: Inode = { data: nothing, synced: nothing, linked: true };
      names.set(path, inode);
      return fileOf(path, inode);
    },
    async rename(from, to) {
      step('rename', to);
      const inode = names.get(from);
      if (inode === undefined) throw systemError('ENOENT');
      unlink(to);
      names.delete(from);
      names.set(to, inode);
    },
    async link(from, to) {
      step('link', to);
      const inode = names.get(from);
      if (inode === undefined) throw systemError('ENOENT');
      if (names.has(to)) return false;
      names.set(to, inode);
      return true;
    },
    async remove(path) {
      step('remove', path);
      unlink(path);
    },
    async syncFolder(path) {
      step('syncFolder', path);
      durable = new Map(names);
    },
    kill: () => new Map([...names].map(([path, { data }]) => [path, data])),
    powerCut: () => new Map([...durable].map(([path, { synced }]) => [path, synced])),
    wipe() {
      for (const path of [...names.keys()]) unlink(path);
      folders.clear();
    },
  };
  return disk;
}
