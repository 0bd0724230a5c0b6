import { type CallFacts, callFactsSchema, encodeJson, type Leg, type LegFacts, legFactsSchema } from '@offhook/core';
import { readJson } from './member-record.ts';

/**
 * Records of the ledger: `l.<slot>.<key>.<leg>` for a registration, `c.<slot>.<key>.<place>` for a call. A place is used again when its
 * call has ended, so that no line leaves more keys behind than it had calls at once.
 */
export type Facts = LegFacts | CallFacts;

export const legKey = (slot: number, line: string, leg: Leg): string => `l.${slot}.${line}.${leg}`;
export const callKey = (slot: number, line: string, place: number | ''): string => `c.${slot}.${line}.${place}`;
export const everyRecord = (slot: number): string => `*.${slot}.>`;
/** NaN: the key is none of ours. */
export const slotOfRecord = (key: string): number => Number(key.split('.', 2)[1]);

/** Facts with their instants so much later: from the clock of a process to that of the wall, or back. 0 stays what it is, no instant. */
export function shifted(facts: Facts | undefined, byMs: number): Facts | undefined {
  if (facts === undefined || !('cseq' in facts) || byMs === 0) return facts;
  const later = (atMs: number): number => (atMs === 0 ? 0 : atMs + byMs);
  const { expiresAtMs, refreshAtMs, heldSinceMs } = facts;
  const held = heldSinceMs === undefined ? {} : { heldSinceMs: later(heldSinceMs) };
  return { ...facts, expiresAtMs: later(expiresAtMs), refreshAtMs: later(refreshAtMs), ...held };
}

/** Facts undefined: there are none any more; the epoch still tells who said so. */
export const writeRecord = (epoch: number, facts: Facts | undefined): Uint8Array => encodeJson({ ...facts, epoch });

/** The epoch alone; 0: it has none that could be read. */
export function readEpoch(value: Uint8Array): number {
  const epoch = readJson(value)?.epoch;
  return Number.isSafeInteger(epoch) && (epoch as number) > 0 ? (epoch as number) : 0;
}

const isOfLeg = (key: string): boolean => key.startsWith('l.');

const shape = /^(?:l\.\d+\.[a-z2-7]{12}\.(?:primary|alternate)|c\.\d+\.[a-z2-7]{12}\.\d+)$/;

export type RecordReading = { readonly facts: Facts | undefined } | { readonly fault: string };

/** Reads a record for the owner with that epoch, or says what is wrong with it. */
export function readRecord(key: string, value: Uint8Array, ownEpoch: number | undefined): RecordReading {
  if (!shape.test(key)) return { fault: 'it is not named after a leg or a call of a line' };
  const record = readJson(value);
  if (record === undefined) return { fault: 'it is not a JSON object' };
  const epoch = readEpoch(value);
  if (epoch === 0) return { fault: 'its epoch is not a positive whole number' };
  if (ownEpoch !== undefined && epoch > ownEpoch) return { fault: `its epoch ${epoch} is above ${ownEpoch}, that of the slot` };
  if (Object.keys(record).length === 1) return { facts: undefined };
  const { data: facts, error } = (isOfLeg(key) ? legFactsSchema : callFactsSchema).safeParse(record);
  if (error === undefined) return { facts };
  return { fault: `its ${String(error.issues[0]?.path[0])} is missing or of the wrong type` };
}
