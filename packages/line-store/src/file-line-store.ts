import {
  type Ambient,
  copyLegFacts,
  type Leg,
  type LegFacts,
  type LineStore,
  randomToken,
  StoreError,
  type Timer,
} from '@offhook/core';
import { type Disk, errorCode, systemDisk } from './disk.ts';
import { createFolderLock, type FolderLock } from './folder-lock.ts';
import { isRunning, ownOwner } from './lock-owner.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import type { FactsRecord } from './record.ts';
import { createWriteReport } from './write-report.ts';

export interface FileLineStoreOptions {
  /** Made when it is missing. One process at a time may use it. */
  readonly folder: string;
  readonly ambient: Ambient;
}

/** What a store has done since it was opened. */
export interface StoreStats {
  /** Saves asked for. */
  readonly saves: number;
  /** Groups that became durable. */
  readonly groups: number;
  /** Groups that did so by a rewrite of the whole log. */
  readonly rewrites: number;
  /** Writes that failed; each is tried again. */
  readonly failures: number;
  /** Legs whose latest facts are not durable yet. */
  readonly waiting: number;
  /** Places of the log that could not be read when the store was opened. */
  readonly faults: number;
}

export interface FileLineStore extends LineStore {
  readonly stats: StoreStats;
}

/** A save waits so long for others to share its write, ms; writing and syncing have the rest of the 100 ms. */
const groupMs = 50;
/** Pauses after failed writes, ms. */
const retry = { firstMs: 1_000, longestMs: 30_000 };

const legs: readonly Leg[] = ['primary', 'alternate'];
const keyOf = (line: string, leg: Leg): string => `${leg} ${line}`;
const parseKey = (key: string): { readonly line: string; readonly leg: Leg } => {
  const at = key.indexOf(' ');
  return { leg: key.slice(0, at) as Leg, line: key.slice(at + 1) };
};

/**
 * The LineStore of appliances: a log of facts in a folder, one write and one sync per group of saves, safe against a kill at any
 * byte. A disk that fails stops no line: facts stay in memory, once per leg, and are written when it works again.
 * @throws StoreError (rejects) `E_STORE_FOLDER`, `E_STORE_LOCKED`, `E_STORE_VERSION`
 * @source redundancy reference D-46
 */
export const createFileLineStore = (options: FileLineStoreOptions): Promise<FileLineStore> =>
  openFileLineStore(options, systemDisk);

/** The same on a given disk. */
export async function openFileLineStore({ folder, ambient }: FileLineStoreOptions, disk: Disk): Promise<FileLineStore> {
  const log = createLogFile(disk, folder);
  const lock = createFolderLock({ disk, folder, owner: await ownOwner(), isRunning, token: randomToken(ambient, 60) });
  await takeFolder(disk, folder, lock, ambient);
  try {
    const { records, faults, lostBytes } = await log.load();
    if (faults > 0) ambient.log.warn('part of the stored facts could not be read and is lost', { folder, faults, lostBytes });
    const live = new Map<string, LegFacts>();
    for (const { line, leg, facts } of records) {
      if (facts === undefined) live.delete(keyOf(line, leg));
      else live.set(keyOf(line, leg), facts);
    }
    return runStore({ folder, ambient, disk, log, lock, live, faults });
  } catch (error) {
    await lock.release().catch(() => {});
    throw unusable(folder, error);
  }
}

const unusable = (folder: string, error: unknown): StoreError =>
  error instanceof StoreError
    ? error
    : new StoreError(
        'E_STORE_FOLDER',
        `State folder ${folder} cannot be used: ${(error as Error).message}. Name a folder that this user may read and write.`,
        { cause: error },
      );

/** A full disk has no room for the lock either: the phone starts without it. */
async function takeFolder(disk: Disk, folder: string, lock: FolderLock, ambient: Ambient): Promise<void> {
  try {
    await disk.makeFolder(folder);
    await lock.hold();
  } catch (error) {
    if (errorCode(error) !== 'ENOSPC') throw unusable(folder, error);
    ambient.log.error('the disk of the state folder is full', { folder, error });
  }
}

interface StoreParts extends FileLineStoreOptions {
  readonly disk: Disk;
  readonly log: LogFile;
  readonly lock: FolderLock;
  /** The latest facts of each leg. */
  readonly live: Map<string, LegFacts>;
  readonly faults: number;
}

function runStore({ folder, ambient, disk, log, lock, live, faults }: StoreParts): FileLineStore {
  /** Legs whose latest facts are not in the log, in the order of their saves. */
  let waiting = new Set<string>();
  let saves = 0;
  /** Every save up to this one is durable. */
  let durable = 0;
  let groups = 0;
  let rewrites = 0;
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  const report = createWriteReport(ambient, folder);

  const recordOf = (key: string): FactsRecord => ({ ...parseKey(key), facts: live.get(key) });

  function* all(): Generator<FactsRecord> {
    for (const key of live.keys()) yield recordOf(key);
  }

  /** Whoever removed the folder also removed the lock; whoever made it again may hold it now. */
  async function rewrite(): Promise<void> {
    await disk.makeFolder(folder);
    await lock.hold();
    await log.rewrite(all());
    rewrites += 1;
  }

  async function write(keys: ReadonlySet<string>): Promise<void> {
    if (log.isOpen && !log.isLong) return log.append([...keys].map(recordOf));
    try {
      await rewrite();
    } catch (error) {
      // A log that is merely long still takes the group.
      if (!log.isOpen) throw error;
      report.failed(error, keys.size);
      await log.append([...keys].map(recordOf));
    }
  }

  async function commit(): Promise<void> {
    const keys = waiting;
    const upTo = saves;
    waiting = new Set();
    try {
      await write(keys);
      durable = upTo;
      groups += 1;
      report.worked();
    } catch (error) {
      waiting = new Set([...keys, ...waiting]);
      report.failed(error, waiting.size);
      throw new StoreError('E_STORE_WRITE', `Facts of lines cannot be written to ${folder}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** One write at a time. */
  function start(): Promise<void> {
    ambient.clearTimer(timer);
    timer = undefined;
    running = commit().finally(() => {
      running = undefined;
      if (waiting.size > 0 && closing === undefined) arm();
    });
    return running;
  }

  function arm(): void {
    if (timer !== undefined || running !== undefined) return;
    const delayMs = report.inARow === 0 ? groupMs : Math.min(retry.firstMs * 2 ** (report.inARow - 1), retry.longestMs);
    timer = ambient.setTimer(() => {
      timer = undefined;
      // The failure is reported already.
      start().catch(() => {});
    }, delayMs);
  }

  async function flush(): Promise<void> {
    const goal = saves;
    await running?.catch(() => {});
    while (durable < goal) await (running ?? start());
  }

  async function end(): Promise<void> {
    await flush().catch((error: unknown) => {
      ambient.log.error('facts of lines are lost with the end of this process', { folder, waiting: waiting.size, error });
    });
    ambient.clearTimer(timer);
    timer = undefined;
    await log.close();
    await lock.release().catch(() => {});
  }

  return {
    load(line) {
      if (closing !== undefined) return Promise.reject(new StoreError('E_STORE_CLOSED', 'This store is closed.'));
      const found = legs.flatMap((leg) => {
        const facts = live.get(keyOf(line, leg));
        return facts === undefined ? [] : [[leg, copyLegFacts(facts)] as const];
      });
      return Promise.resolve(Object.fromEntries(found));
    },
    save(line, leg, facts) {
      if (closing !== undefined) return;
      const key = keyOf(line, leg);
      if (facts === undefined && !live.has(key) && !waiting.has(key)) return;
      saves += 1;
      if (facts === undefined) live.delete(key);
      else live.set(key, copyLegFacts(facts));
      waiting.delete(key);
      waiting.add(key);
      arm();
    },
    flush: () => closing ?? flush(),
    close: () => (closing ??= end()),
    get stats() {
      return { saves, groups, rewrites, failures: report.failures, waiting: waiting.size, faults };
    },
  };
}
