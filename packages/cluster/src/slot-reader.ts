import type { Ambient, KeyValue, KeyValueEntry } from '@offhook/core';
import { everyRecord, slotOfRecord } from './ledger-record.ts';

/** Slots that are asked for within this time are read together, ms. */
const gatherMs = 10;
/** So many slots are read one by one: each costs a subscription of its own at the server. More of them: the whole bucket is read once. */
const fewSlots = 8;

type Waiting = { readonly resolve: (found: readonly KeyValueEntry[]) => void; readonly reject: (error: unknown) => void };

/**
 * Reads what a ledger holds of a slot. After the death of a host hundreds of slots are asked for at once, by hosts that have seconds for them.
 * One read at a time: what is asked for meanwhile shares the next one, so that the whole bucket is not read once for each handful of claims.
 * Rejects as `KeyValue.entries` does.
 * @source scale reference section D.3 (takeover load)
 */
export function createSlotReader(ledger: KeyValue, ambient: Ambient): (slot: number) => Promise<readonly KeyValueEntry[]> {
  let asked = new Map<number, Waiting[]>();
  /** A read is due, or under way. */
  let isBusy = false;

  async function readAll(slots: ReadonlyMap<number, readonly Waiting[]>): Promise<void> {
    const bySlot = new Map<number, KeyValueEntry[]>([...slots.keys()].map((slot) => [slot, []]));
    for (const entry of await ledger.entries('>')) bySlot.get(slotOfRecord(entry.key))?.push(entry);
    for (const [slot, waiting] of slots) for (const { resolve } of waiting) resolve(bySlot.get(slot) ?? []);
  }

  async function readOne(slot: number, waiting: readonly Waiting[]): Promise<void> {
    const found = await ledger.entries(everyRecord(slot));
    for (const { resolve } of waiting) resolve(found);
  }

  async function read(): Promise<void> {
    const slots = asked;
    asked = new Map();
    const failAll = (waiting: Iterable<readonly Waiting[]>) => (error: unknown) => {
      for (const each of waiting) for (const { reject } of each) reject(error);
    };
    if (slots.size > fewSlots) await readAll(slots).catch(failAll(slots.values()));
    else await Promise.all([...slots].map(([slot, waiting]) => readOne(slot, waiting).catch(failAll([waiting]))));
  }

  async function readOn(): Promise<void> {
    do await read();
    while (asked.size > 0);
    isBusy = false;
  }

  return (slot) =>
    new Promise((resolve, reject) => {
      if (!isBusy) ambient.setTimer(() => void readOn(), gatherMs);
      isBusy = true;
      const waiting = asked.get(slot) ?? [];
      waiting.push({ resolve, reject });
      asked.set(slot, waiting);
    });
}
