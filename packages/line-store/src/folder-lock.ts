import { join } from 'node:path';
import { StoreError } from '@offhook/core';
import type { Disk } from './disk.ts';
import type { LockOwner } from './lock-owner.ts';

/** Keeps a folder for one process: a file `lock` that names it. What a dead process left is taken over. */
export interface FolderLock {
  /** Takes the folder, or makes sure that it is still ours. @throws StoreError (rejects) `E_STORE_LOCKED` */
  hold(): Promise<void>;
  /** Gives the folder back; a lock of somebody else stays. */
  release(): Promise<void>;
}

export interface FolderLockOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly owner: LockOwner;
  isRunning(owner: LockOwner): Promise<boolean>;
  /** Part of names that only this lock uses. */
  readonly token: string;
}

/** Others that grab the lock at the same time are given way so often. */
const mostTries = 5;

function readOwner(text: string): LockOwner | undefined {
  try {
    const { pid, boot, started } = JSON.parse(text) as Partial<LockOwner>;
    const isOwner = Number.isInteger(pid) && Number(pid) > 0 && typeof boot === 'string' && typeof started === 'string';
    return isOwner ? { pid: Number(pid), boot, started } : undefined;
  } catch {
    return undefined;
  }
}

export function createFolderLock({ disk, folder, owner, isRunning, token }: FolderLockOptions): FolderLock {
  const path = join(folder, 'lock');
  const mine = join(folder, `lock.${token}`);
  const aside = join(folder, `lock.${token}.stale`);
  /** The token tells two stores of one process apart. */
  const text = JSON.stringify({ ...owner, token });

  const read = async (from: string): Promise<string | undefined> => {
    const bytes = await disk.read(from);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };

  /** The lock appears with its text in it: nobody ever reads half of one. */
  async function claim(): Promise<boolean> {
    const file = await disk.create(mine);
    try {
      await file.write(text);
      return await disk.link(mine, path);
    } finally {
      await file.close();
      await disk.remove(mine);
    }
  }

  /** Moves a dead process's lock out of the way; should another have replaced it meanwhile, puts that one back. */
  async function clear(stale: string): Promise<void> {
    await disk.rename(path, aside).catch(() => {});
    if ((await read(aside)) !== stale) await disk.link(aside, path).catch(() => false);
    await disk.remove(aside);
  }

  return {
    async hold() {
      for (let tries = 0; tries < mostTries; tries++) {
        const found = await read(path);
        if (found === text) return;
        const holder = found === undefined ? undefined : readOwner(found);
        if (holder !== undefined && (await isRunning(holder))) {
          throw new StoreError(
            'E_STORE_LOCKED',
            `State folder ${folder} is used by process ${holder.pid}. Stop that process, or give each its own folder.`,
          );
        }
        if (found !== undefined) await clear(found);
        if (await claim()) return;
      }
      throw new StoreError(
        'E_STORE_LOCKED',
        `State folder ${folder} is being taken by other processes. Give each its own folder.`,
      );
    },
    async release() {
      if ((await read(path)) === text) await disk.remove(path);
    },
  };
}
