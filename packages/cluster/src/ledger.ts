import type { Ambient, CallStore, KeyValue, LineStore } from '@offhook/core';

export interface LedgerOptions {
  readonly ledger: KeyValue;
  readonly ambient: Ambient;
  /** Of a slot that this host owns; undefined: it does not. */
  epochOf(slot: number): number | undefined;
  /** A later owner has written to the slot: whatever this host does for its lines is in vain. */
  onLost(slot: number): void;
}

/** What has become of the records of one slot. */
export interface LedgerStats {
  /** Records written. */
  readonly writes: number;
  /** Writes that failed for want of an answer; each is tried again. */
  readonly failures: number;
  /** Records whose latest facts are not written yet. */
  readonly waiting: number;
  /** Records that could not be read; the lines began anew. */
  readonly faults: number;
  /** Records that were given up, since a later owner has written. */
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

export function createLedger(_options: LedgerOptions): Ledger {
  throw new Error('not built yet');
}
