import { type Ambient, type KeyValue, type LineKey, slotCount, slotOf } from '@offhook/core';
import { everySlot, readClaim, slotOfKey } from './slot-record.ts';

export interface SlotFenceOptions {
  readonly slots: KeyValue;
  readonly ambient: Ambient;
}

/** What an edge asks before it sends for a line. */
export interface SlotFence {
  /**
   * May a message with that header `epoch` go out for the line? Not when a later owner of its slot is known, from its claim or from
   * its messages; nor without an epoch once any owner is known. Cheap.
   */
  admits(key: LineKey, epoch: string | undefined): boolean;
  /** The highest epoch of a slot that is known; 0: none. */
  epochOf(slot: number): number;
  /** Messages that were refused. */
  readonly drops: number;
  close(): void;
}

const shape = /^[1-9]\d{0,15}$/;

/** @source scale reference section D.2 rule 5 */
export function createSlotFence({ slots, ambient }: SlotFenceOptions): SlotFence {
  const highest = new Float64Array(slotCount);
  /** Messages of one owner carry one text: it is read once. */
  const texts: (string | undefined)[] = new Array(slotCount).fill(undefined);
  let drops = 0;

  const watching = slots.watch(everySlot, ({ key, value, revision }) => {
    const slot = slotOfKey(key);
    // A slot that was given up is still its last owner's, until somebody claims it: the last messages are on their way.
    if (slot === undefined || readClaim(value) === undefined || revision <= epochOf(slot)) return;
    highest[slot] = revision;
    texts[slot] = String(revision);
  });

  const epochOf = (slot: number): number => highest[slot] ?? 0;

  function drop(slot: number, epoch: string | undefined): false {
    drops += 1;
    ambient.log.debug('a message of a former owner was dropped', { slot, epoch, current: epochOf(slot) });
    return false;
  }

  return {
    admits(key, epoch) {
      const slot = slotOf(key);
      if (epoch === texts[slot]) return true;
      const seen = epoch !== undefined && shape.test(epoch) ? Number(epoch) : 0;
      if (seen <= epochOf(slot)) return drop(slot, epoch);
      highest[slot] = seen;
      texts[slot] = epoch;
      return true;
    },
    epochOf,
    get drops() {
      return drops;
    },
    close: () => watching.unsubscribe(),
  };
}
