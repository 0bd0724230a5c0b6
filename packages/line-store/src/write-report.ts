import type { Ambient } from '@offhook/core';

/** Tells the log about writes that fail: the first at once, then one record a minute, and that it is over. */
export interface WriteReport {
  /** Since the store was opened. */
  readonly failures: number;
  /** Since the last write that worked. */
  readonly inARow: number;
  failed(error: unknown, waiting: number): void;
  worked(): void;
}

/** The least time between two records, ms. */
const quietMs = 60_000;

export function createWriteReport({ now, log }: Pick<Ambient, 'now' | 'log'>, folder: string): WriteReport {
  let failures = 0;
  let inARow = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return {
    get failures() {
      return failures;
    },
    get inARow() {
      return inARow;
    },
    failed(error, waiting) {
      failures += 1;
      inARow += 1;
      if (now() - toldAtMs < quietMs) return;
      toldAtMs = now();
      const fields = { code: 'E_STORE_WRITE', folder, failures: inARow, waiting, error };
      log.error('facts of lines cannot be written; lines go on and the write is tried again', fields);
    },
    worked() {
      if (inARow > 0) log.warn('facts of lines are written again', { folder, failures: inARow });
      inARow = 0;
    },
  };
}
