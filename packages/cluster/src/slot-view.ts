import { type KeyValueChange, slotCount } from '@offhook/core';
import type { Member } from './member-view.ts';
import { type Contender, chooseOne } from './rendezvous.ts';
import { readClaim, type SlotClaim, slotOfKey } from './slot-record.ts';

/** The latest that is known of a slot's record. */
export interface SlotRecord {
  readonly revision: number;
  /** Undefined: it was given up, or taken off, or cannot be read. */
  readonly claim: SlotClaim | undefined;
  /** What a claim has to be written over; 0: there is no record. */
  readonly over: number;
}

/** Who owns each slot, and who should: the highest hash among the line hosts that live and do not drain. */
export interface SlotView {
  recordOf(slot: number): SlotRecord | undefined;
  /** False: something newer is known. */
  put(slot: number, record: SlotRecord): boolean;
  /** Who should have it; undefined: there is nobody. */
  desired(slot: number): string | undefined;
  judge(members: ReadonlyMap<string, Member>): void;
  pin(change: KeyValueChange): void;
}

export function recordOfChange({ value, revision }: KeyValueChange): SlotRecord {
  return { revision, claim: readClaim(value), over: value === undefined ? 0 : revision };
}

const isCandidate = ({ role, state, weight }: Member): boolean =>
  role === 'host' && (state === 'up' || state === 'joining') && weight > 0;

export function createSlotView(): SlotView {
  const records = new Map<number, SlotRecord>();
  const pins = new Map<number, string>();
  let candidates = new Map<string, Contender>();
  let desired: (string | undefined)[] = [];

  return {
    recordOf: (slot) => records.get(slot),
    put(slot, record) {
      if ((records.get(slot)?.revision ?? 0) >= record.revision) return false;
      records.set(slot, record);
      return true;
    },
    desired(slot) {
      const pinned = pins.get(slot);
      return pinned !== undefined && candidates.has(pinned) ? pinned : desired[slot];
    },
    judge(members) {
      const now = [...members.values()].filter(isCandidate);
      const isSame = now.length === candidates.size && now.every(({ id, weight }) => candidates.get(id)?.weight === weight);
      if (isSame) return;
      candidates = new Map(now.map((member) => [member.id, member]));
      desired = Array.from({ length: slotCount }, (_, slot) => chooseOne(slot, now));
    },
    pin(change) {
      const slot = slotOfKey(change.key);
      if (slot === undefined) return;
      if (change.value === undefined) pins.delete(slot);
      else pins.set(slot, Buffer.from(change.value).toString('utf8'));
    },
  };
}
