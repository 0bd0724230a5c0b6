import {
  type CallFacts,
  type CallHop,
  type DialogFacts,
  encodeJson,
  type Leg,
  type LegFacts,
  type OpenInvite,
} from '@offhook/core';
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

const legFields: Readonly<Record<keyof LegFacts, Check>> = {
  ...{ callId: isText, fromTag: isText, cseq: isNumber, expiresAtMs: isNumber, refreshAtMs: isNumber },
  ...{ aor: isText, server: isText, contact: isText },
  ...{ heldSinceMs: optional(isNumber), edge: optional(isText), flow: optional(isText) },
  edgeLife: optional(isText),
};

const dialogFields: Readonly<Record<keyof DialogFacts, Check>> = {
  ...{ callId: isText, localTag: isText, remoteTag: isText, localUri: isText, remoteUri: isText, remoteTarget: isText },
  ...{ routeSet: isTexts, localSeq: isNumber, remoteSeq: optional(isNumber) },
};

const hopFields: Readonly<Record<keyof CallHop, Check>> = {
  ...{ flow: isText, protocol: isText, reliable: isFlag, viaSentBy: isText, contactHostPort: isText, localHost: isText },
};

const inviteFields: Readonly<Record<keyof OpenInvite, Check>> = {
  ...{ head: isText, isProceeding: isFlag, remote: optional(isRecordOf({ host: isText, port: isNumber })) },
};

const callFields: Readonly<Record<keyof CallFacts, Check>> = {
  ...{ call: isText, direction: isOneOf('outgoing', 'incoming'), leg: isOneOf('primary', 'alternate'), server: isText },
  ...{ state: isText, edge: isText, hop: isRecordOf(hopFields) },
  ...{ sessionId: isNumber, sdpVersion: isNumber, codec: optional(isText) },
  ...{ dialog: optional(isRecordOf(dialogFields)), invite: optional(isRecordOf(inviteFields)) },
};

type Check = (value: unknown) => boolean;
function isText(value: unknown): boolean {
  return typeof value === 'string';
}
function isNumber(value: unknown): boolean {
  return Number.isFinite(value);
}
function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}
function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
function isRecordOf(fields: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const record = value as Readonly<Record<string, unknown>>;
    return Object.entries(fields).every(([name, check]) => check(record[name]));
  };
}
function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}
function isOneOf(...values: readonly unknown[]): Check {
  return (value) => values.includes(value);
}

const fieldsOf = (key: string): Readonly<Record<string, Check>> => (key.startsWith('l.') ? legFields : callFields);

/** The named facts alone: whatever else an object carries is not kept. */
export function copyFacts<T extends Facts>(key: string, facts: T): T {
  const named = Object.keys(fieldsOf(key)).flatMap((name) => {
    const value = (facts as unknown as Readonly<Record<string, unknown>>)[name];
    return value === undefined ? [] : [[name, typeof value === 'object' ? structuredClone(value) : value]];
  });
  return Object.fromEntries(named) as T;
}

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
  const wrong = Object.entries(fieldsOf(key)).find(([name, check]) => !check(record[name]));
  if (wrong !== undefined) return { fault: `its ${wrong[0]} is missing or of the wrong type` };
  return { facts: copyFacts(key, record as unknown as Facts) };
}
