import { encodeJson, slotCount } from '@offhook/core';
import { readJson } from './member-record.ts';

/** Who owns a slot: `s.<slot>`. The revision of this write is the slot's epoch. */
export interface SlotClaim {
  readonly owner: string;
  readonly session: string;
  /** Revision of the member record with which that session began. */
  readonly joinedAt: number;
}

export const slotKey = (slot: number): string => `s.${slot}`;
export const everySlot = 's.*';
/** An operator's wish: `pin.<slot>` is the id of a line host. */
export const pinKey = (slot: number): string => `pin.${slot}`;
export const everyPin = 'pin.*';

/** The number at the end of a key; undefined: it is no slot. */
export function slotOfKey(key: string): number | undefined {
  const text = key.slice(key.indexOf('.') + 1);
  const slot = /^\d{1,4}$/.test(text) ? Number(text) : slotCount;
  return slot < slotCount ? slot : undefined;
}

export const writeClaim = (claim: SlotClaim): Uint8Array => encodeJson(claim);
/** A slot that was given up and is anybody's. */
export const released: Uint8Array = encodeJson({});

/** Undefined: nobody owns it; what cannot be read is nobody's either. */
export function readClaim(value: Uint8Array | undefined): SlotClaim | undefined {
  const claim = readJson(value);
  const isWhole = typeof claim?.owner === 'string' && typeof claim.session === 'string' && Number.isSafeInteger(claim.joinedAt);
  return isWhole ? (claim as unknown as SlotClaim) : undefined;
}
