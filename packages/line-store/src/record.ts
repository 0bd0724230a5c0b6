import { crc32 } from 'node:zlib';
import { type Leg, type LegFacts, legFactsSchema, StoreError } from '@offhook/core';

/**
 * What the log of a store is made of. One record is one line of text, `<bytes> <crc32> <json>`: a human reads it, and a reader
 * proves each record by itself. The first record names the format.
 */

/** One save: the facts of a leg, or that it has none any more. */
export interface FactsRecord {
  readonly line: string;
  readonly leg: Leg;
  readonly facts: LegFacts | undefined;
}

/** What could be read of a log. */
export interface LogReading {
  readonly records: readonly FactsRecord[];
  /** Places where something was lost, a torn end included. */
  readonly faults: number;
  /** Bytes that belong to no readable record. */
  readonly lostBytes: number;
}

const format = 'offhook-line-store';
const version = 1;
const newline = 0x0a;
/** `<bytes> <crc32> `: the longest there can be, and the shape. */
const longestPrefix = 26;
const prefix = /^(\d{1,15}) ([0-9a-f]{8}) /;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8');

function encode(value: unknown): string {
  const json = JSON.stringify(value);
  const bytes = encoder.encode(json);
  return `${bytes.length} ${crc32(bytes).toString(16).padStart(8, '0')} ${json}\n`;
}

export const headerText: string = encode({ format, version });

/** A tombstone has `null` for facts. */
export const recordText = ({ line, leg, facts }: FactsRecord): string => encode({ line, leg, facts: facts ?? null });

/** A record that proves itself at this place: its value, and where it ends. */
function readAt(bytes: Uint8Array, at: number): { readonly value: unknown; readonly end: number } | undefined {
  const found = prefix.exec(decoder.decode(bytes.subarray(at, at + longestPrefix)));
  if (found === null) return undefined;
  const [head, length, sum = ''] = found;
  const start = at + head.length;
  const end = start + Number(length);
  if (end > bytes.length) return undefined;
  const body = bytes.subarray(start, end);
  if (crc32(body) !== Number.parseInt(sum, 16)) return undefined;
  try {
    return { value: JSON.parse(decoder.decode(body)), end };
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isLeg = (value: unknown): value is Leg => value === 'primary' || value === 'alternate';

function readRecord(value: unknown): FactsRecord | undefined {
  if (!isRecord(value) || typeof value.line !== 'string' || !isLeg(value.leg)) return undefined;
  const { line, leg } = value;
  if (value.facts === null) return { line, leg, facts: undefined };
  const { data: facts } = legFactsSchema.safeParse(value.facts);
  return facts === undefined ? undefined : { line, leg, facts };
}

const isHeader = (value: unknown): value is { readonly format: string; readonly version: unknown } =>
  isRecord(value) && value.format === format;

function refuseNewer(seen: unknown, path: string): void {
  if (seen === version) return;
  throw new StoreError(
    'E_STORE_VERSION',
    `${path} has format version ${String(seen)}; this release reads version ${version}. ` +
      'Run the release that wrote it, or name another folder.',
  );
}

/**
 * Reads a log, torn or damaged as it may be. A damaged record is lost alone: reading goes on behind the next line break.
 * @throws StoreError `E_STORE_VERSION`
 */
export function readLog(bytes: Uint8Array, path: string): LogReading {
  const records: FactsRecord[] = [];
  let faults = 0;
  let lostBytes = 0;
  const lose = (from: number, to: number, isNew: boolean): void => {
    lostBytes += to - from;
    if (isNew) faults += 1;
  };
  let at = 0;
  let isDamaged = false;
  while (at < bytes.length) {
    const found = readAt(bytes, at);
    const record = found === undefined ? undefined : readRecord(found.value);
    if (found !== undefined && isHeader(found.value)) refuseNewer(found.value.version, path);
    else if (record !== undefined) records.push(record);
    else {
      const lineEnd = found?.end ?? bytes.indexOf(newline, at);
      const next = lineEnd < 0 ? bytes.length : Math.min(bytes.length, lineEnd + 1);
      lose(at, next, !isDamaged);
      isDamaged = true;
      at = next;
      continue;
    }
    isDamaged = false;
    at = found?.end ?? bytes.length;
    // The line break alone may be damaged or missing; the next record still proves itself.
    if (bytes[at] !== newline) lose(at, Math.min(bytes.length, at + 1), true);
    at += 1;
  }
  return { records, faults, lostBytes };
}
