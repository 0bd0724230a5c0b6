import { applyOf } from './catalogue.ts';
import type { ExtConfig, LineConfig, PhoneConfig } from './line.ts';
import type { Apply } from './parameter.ts';

/** One parameter that differs, and what must happen before the new value counts. */
export interface Change {
  readonly scope: 'ext' | 'phone';
  readonly key: string;
  readonly apply: Apply;
}

export interface Staging {
  /** What may be in force now: the wanted values, but restart-only parameters as they were. */
  readonly active: LineConfig;
  readonly changes: readonly Change[];
  /** Something waits for the runtime's restart. */
  readonly restartRequired: boolean;
}

type Values = Readonly<Record<string, unknown>>;

function same(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => item === b[i]));
}

function changesOf(scope: Change['scope'], before: Values, after: Values): readonly Change[] {
  const changed = Object.keys(after).filter((key) => !same(before[key], after[key]));
  return changed.map((key) => ({ scope, key, apply: applyOf(scope, key) }));
}

function keepRestartOnly<T extends ExtConfig | PhoneConfig>(before: T, after: T, changes: readonly Change[]): T {
  const kept = changes.filter((change) => change.apply === 'restart').map(({ key }) => [key, before[key as keyof T]]);
  return kept.length === 0 ? after : Object.freeze({ ...after, ...Object.fromEntries(kept) });
}

/**
 * What a changed configuration means for a running line: Dual Registration, the alternates and other restart-only
 * parameters stay as they are until the runtime restarts.
 * @source redundancy reference section 6.10, D-28, RED-96
 */
export function stageLine(running: LineConfig, wanted: LineConfig): Staging {
  const ext = changesOf('ext', running.ext, wanted.ext);
  const phone = changesOf('phone', running.phone, wanted.phone);
  const changes = [...ext, ...phone];
  const active = {
    ...wanted,
    ext: keepRestartOnly(running.ext, wanted.ext, ext),
    phone: keepRestartOnly(running.phone, wanted.phone, phone),
  };
  return { active: Object.freeze(active), changes, restartRequired: changes.some((change) => change.apply === 'restart') };
}
