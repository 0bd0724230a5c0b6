import {
  type Ambient,
  type CallFacts,
  type CallStore,
  copyLegFacts,
  type KeyValue,
  type Leg,
  type LegFacts,
  type LineStore,
  lineKey,
  StoreError,
  slotOf,
  type Timer,
} from '@offhook/core';
import { callKey, type Facts, legKey, readEpoch, readRecord, shifted, writeRecord } from './ledger-record.ts';
import { isConflict } from './member-name.ts';
import { createSlotReader } from './slot-reader.ts';

export interface LedgerOptions {
  readonly ledger: KeyValue;
  readonly ambient: Ambient;
  /** The wall clock, ms since 1970: what hosts have in common. Instants are stored by it. */
  wallNow(): number;
  /** Of a slot that this host owns; undefined: it does not, and nothing is written for it. */
  epochOf(slot: number): number | undefined;
  /** A later owner has written to the slot: whatever this host does for its lines is in vain. Told once per slot. */
  onLost(slot: number): void;
}

export interface LedgerStats {
  /** Records written. */
  readonly writes: number;
  /** Groups of writes that found nobody to answer; each is tried again. */
  readonly failures: number;
  /** Records whose latest facts are not written yet. */
  readonly waiting: number;
  /** Records that could not be read; their lines began anew. */
  readonly faults: number;
  /** Records that were given up, since the slot has another owner. */
  readonly lost: number;
}

/** Facts of lines and calls, for whoever owns their slot next. A slot that nobody opened is opened when it is asked for. */
export interface Ledger extends LineStore, CallStore {
  /** Reads a slot, so that `load` answers from memory. @throws KeyValueError (rejects) `E_KV_UNAVAILABLE` */
  openSlot(slot: number): Promise<void>;
  /** Writes what is left of a slot where it can, then forgets it. */
  closeSlot(slot: number): Promise<void>;
  readonly stats: LedgerStats;
}

interface Entry {
  readonly key: string;
  readonly slot: number;
  /** Of the latest write that is known; 0: there is none. */
  revision: number;
  facts: Facts | undefined;
}

interface OpenSlot {
  readonly slot: number;
  readonly entries: Map<string, Entry>;
  /** Resolves once what is stored has been read. */
  reading: Promise<void> | undefined;
  isRead: boolean;
  /** By `openSlot`; else a line has asked for it. */
  isOwned: boolean;
  /** Saves from before that. */
  early: (() => void)[];
  isLost: boolean;
}

/** A save waits so long for others to share its group, ms; the writes have the rest of the 100 ms. */
const groupMs = 50;
const writesAtOnce = 64;
/** Pauses while nobody answers, ms. */
const retry = { firstMs: 500, longestMs: 5_000 };
/** Clocks that differ by less are the same. */
const clockGrainMs = 100;
const legs: readonly Leg[] = ['primary', 'alternate'];

/**
 * The LineStore and CallStore of a cluster. Every write is a compare-and-set on the revision that is known and carries the epoch of the
 * slot. Who finds another write there goes on only when that one was not by a later owner: a bucket cannot judge epochs by itself.
 * While nobody answers, the latest facts wait in memory.
 * @source scale reference section D.3; redundancy reference D-46
 */
export function createLedger({ ledger, ambient, wallNow, epochOf, onLost }: LedgerOptions): Ledger {
  /** How far the clock of this process is behind the wall: it stood still while the machine slept, and began when it began. */
  const behindMs = (): number => Math.round((wallNow() - ambient.now()) / clockGrainMs) * clockGrainMs;
  const readSlot = createSlotReader(ledger, ambient);
  const slots = new Map<number, OpenSlot>();
  let waiting = new Set<Entry>();
  const reported = new Map<string, number>();
  const stats = { writes: 0, failures: 0, faults: 0, lost: 0 };
  let failuresInARow = 0;
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  function slotAt(slot: number): OpenSlot {
    const known = slots.get(slot);
    if (known !== undefined) return known;
    const opened: OpenSlot = {
      slot,
      entries: new Map(),
      reading: undefined,
      isRead: false,
      isOwned: false,
      early: [],
      isLost: false,
    };
    slots.set(slot, opened);
    return opened;
  }

  function open(slot: OpenSlot): Promise<void> {
    if (slot.isRead) return Promise.resolve();
    slot.reading ??= read(slot).finally(() => {
      slot.reading = undefined;
    });
    return slot.reading;
  }

  async function read(slot: OpenSlot): Promise<void> {
    const found = await readSlot(slot.slot);
    for (const { key, value, revision } of found) {
      const reading = readRecord(key, value, epochOf(slot.slot));
      if ('fault' in reading) report(key, revision, reading.fault);
      const facts = 'fault' in reading ? undefined : shifted(reading.facts, -behindMs());
      slot.entries.set(key, { key, slot: slot.slot, revision, facts });
    }
    slot.isRead = true;
    for (const save of slot.early.splice(0)) save();
  }

  function report(key: string, revision: number, reason: string): void {
    if (reported.get(key) === revision) return;
    reported.set(key, revision);
    stats.faults += 1;
    ambient.log.warn('a record of the ledger cannot be used; its line begins anew', { key, revision, reason });
  }

  function change(slot: OpenSlot, save: () => void): void {
    if (closing !== undefined || slot.isLost) return;
    if (slot.isRead) save();
    else slot.early.push(save);
    arm();
  }

  function put(slot: OpenSlot, key: string, facts: Facts | undefined): void {
    const known = slot.entries.get(key);
    if (facts === undefined && (known === undefined || known.facts === undefined)) return;
    const entry = known ?? { key, slot: slot.slot, revision: 0, facts };
    entry.facts = facts;
    slot.entries.set(key, entry);
    waiting.add(entry);
  }

  /** Calls of a line, and the places of those that were. */
  function placesOf(slot: OpenSlot, line: string): readonly Entry[] {
    const prefix = callKey(slot.slot, line, '');
    return [...slot.entries.values()].filter(({ key }) => key.startsWith(prefix));
  }

  /** Where the call is; else the first place that is free. */
  function placeOf(slot: OpenSlot, line: string, call: string): string {
    const places = placesOf(slot, line);
    const found = places.find(({ facts }) => (facts as CallFacts | undefined)?.call === call);
    if (found !== undefined) return found.key;
    const taken = new Set(places.flatMap(({ key, facts }) => (facts === undefined ? [] : [key])));
    let place = 0;
    while (taken.has(callKey(slot.slot, line, place))) place += 1;
    return callKey(slot.slot, line, place);
  }

  function arm(): void {
    if (timer !== undefined || running !== undefined) return;
    const delayMs = failuresInARow === 0 ? groupMs : Math.min(retry.firstMs * 2 ** (failuresInARow - 1), retry.longestMs);
    timer = ambient.setTimer(() => {
      timer = undefined;
      // What fails is told by the log.
      commit().catch(() => {});
    }, delayMs);
  }

  const hasWork = (): boolean => waiting.size > 0 || [...slots.values()].some(({ early }) => early.length > 0);

  /** One group at a time. */
  function commit(): Promise<void> {
    ambient.clearTimer(timer);
    timer = undefined;
    running ??= writeGroup().finally(() => {
      running = undefined;
      if (closing === undefined && hasWork()) arm();
    });
    return running;
  }

  async function writeGroup(): Promise<void> {
    try {
      for (const slot of [...slots.values()].filter(({ early }) => early.length > 0)) await open(slot);
      const group = [...waiting];
      waiting = new Set();
      const { left, error } = await inPool(group);
      // First those that were there first.
      waiting = new Set([...left, ...waiting]);
      if (error !== undefined) throw error;
    } catch (cause) {
      failed(cause);
      const why = (cause as Error).message;
      throw new StoreError('E_STORE_WRITE', `Facts of lines cannot be written to the ledger of the cluster: ${why}`, { cause });
    }
    if (failuresInARow > 0) ambient.log.warn('facts of lines are written to the ledger again', { failures: failuresInARow });
    failuresInARow = 0;
  }

  function failed(error: unknown): void {
    stats.failures += 1;
    failuresInARow += 1;
    if (failuresInARow > 1) return;
    const fields = { code: 'E_STORE_WRITE', waiting: waiting.size, error };
    ambient.log.error('facts of lines cannot be written; lines go on and the write is tried again', fields);
  }

  /** What of the group is not written yet, in its order: the first write that nobody answers ends it. */
  async function inPool(group: readonly Entry[]): Promise<{ readonly left: readonly Entry[]; readonly error: unknown }> {
    const written = new Set<Entry>();
    const next = group.values();
    let error: unknown;
    const worker = async (): Promise<void> => {
      for (const entry of next) {
        try {
          await write(entry);
          written.add(entry);
        } catch (caught) {
          error ??= caught;
        }
        if (error !== undefined) return;
      }
    };
    await Promise.all(Array.from({ length: Math.min(writesAtOnce, group.length) }, worker));
    return { left: group.filter((entry) => !written.has(entry)), error };
  }

  async function write(entry: Entry): Promise<void> {
    for (;;) {
      const epoch = epochOf(entry.slot);
      if (epoch === undefined || slots.get(entry.slot)?.isLost !== false) return giveUp();
      try {
        entry.revision = await ledger.put(entry.key, writeRecord(epoch, shifted(entry.facts, behindMs())), entry.revision);
        stats.writes += 1;
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      const found = await ledger.get(entry.key);
      if (found !== undefined && readEpoch(found.value) > epoch) return lost(entry.slot);
      entry.revision = found?.revision ?? 0;
    }
  }

  function giveUp(): void {
    stats.lost += 1;
  }

  function lost(at: number): void {
    giveUp();
    const slot = slots.get(at);
    if (slot === undefined || slot.isLost) return;
    slot.isLost = true;
    ambient.log.warn('a later owner has written to a slot; what this host knows of its lines is void', { slot: at });
    onLost(at);
  }

  async function flush(): Promise<void> {
    while (running !== undefined) await running.catch(() => {});
    if (hasWork()) await commit();
  }

  async function end(): Promise<void> {
    await flush().catch((error: unknown) => {
      ambient.log.error('facts of lines are lost with the end of this process', { waiting: waiting.size, error });
    });
    ambient.clearTimer(timer);
    timer = undefined;
  }

  async function opened(line: string): Promise<{ readonly slot: OpenSlot; readonly key: string }> {
    if (closing !== undefined) throw new StoreError('E_STORE_CLOSED', 'This ledger is closed.');
    const key = lineKey(line);
    const slot = slotAt(slotOf(key));
    await open(slot);
    return { slot, key };
  }

  return {
    openSlot(at) {
      // What stands there without having been opened is of a line that asked after the slot was closed.
      if (slots.get(at)?.isOwned === false) slots.delete(at);
      const slot = slotAt(at);
      slot.isOwned = true;
      return open(slot);
    },
    async closeSlot(at) {
      const slot = slots.get(at);
      if (slot === undefined) return;
      await flush().catch(() => {});
      slots.delete(at);
      const left = [...waiting].filter((entry) => entry.slot === at);
      for (const entry of left) waiting.delete(entry);
      if (left.length === 0) return;
      stats.lost += left.length;
      ambient.log.warn('the latest facts of a slot could not be written before it was closed', {
        slot: at,
        records: left.length,
      });
    },
    async load(line) {
      const { slot, key } = await opened(line);
      const found = legs.flatMap((leg) => {
        const at = legKey(slot.slot, key, leg);
        const facts = slot.entries.get(at)?.facts as LegFacts | undefined;
        return facts === undefined ? [] : [[leg, copyLegFacts(facts)] as const];
      });
      return Object.fromEntries(found);
    },
    save(line, leg, facts) {
      const key = lineKey(line);
      const slot = slotAt(slotOf(key));
      const at = legKey(slot.slot, key, leg);
      const copy = facts === undefined ? undefined : copyLegFacts(facts);
      change(slot, () => put(slot, at, copy));
    },
    async loadCalls(line) {
      const { slot, key } = await opened(line);
      return placesOf(slot, key).flatMap((entry) =>
        entry.facts === undefined ? [] : [structuredClone(entry.facts as CallFacts)],
      );
    },
    saveCall(line, call, facts) {
      const key = lineKey(line);
      const slot = slotAt(slotOf(key));
      const copy = facts === undefined ? undefined : structuredClone(facts);
      change(slot, () => put(slot, placeOf(slot, key, call), copy));
    },
    flush: () => closing ?? flush(),
    close() {
      if (closing === undefined) {
        // Saves that came first still count.
        const ending = end();
        closing = ending;
      }
      return closing;
    },
    get stats() {
      return { ...stats, waiting: waiting.size };
    },
  };
}
