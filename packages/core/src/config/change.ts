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
  /** What may be in force now: the wanted values, but those of the held classes as they were. */
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

function keep<T extends ExtConfig | PhoneConfig>(before: T, after: T, held: readonly Change[]): T {
  const kept = held.map(({ key }) => [key, before[key as keyof T]]);
  return kept.length === 0 ? after : Object.freeze({ ...after, ...Object.fromEntries(kept) });
}

const phones = new WeakMap<PhoneConfig, WeakMap<PhoneConfig, Map<string, PhoneConfig>>>();

/** Lines that shared a phone before and share one after share the one in between. */
function keepPhone(before: PhoneConfig, after: PhoneConfig, held: readonly Change[]): PhoneConfig {
  const byAfter = phones.get(before) ?? new WeakMap<PhoneConfig, Map<string, PhoneConfig>>();
  phones.set(before, byAfter);
  const byHeld = byAfter.get(after) ?? new Map<string, PhoneConfig>();
  byAfter.set(after, byHeld);
  const name = held.map(({ key }) => key).join();
  const kept = byHeld.get(name) ?? keep(before, after, held);
  byHeld.set(name, kept);
  return kept;
}

/**
 * What a changed configuration means for a running line: Dual Registration, the alternates and other restart-only
 * parameters stay as they are until the runtime restarts. During a call those of the whole line wait as well.
 * @param hold classes that are not to be put in force now
 * @source redundancy reference section 6.10, D-28, RED-96
 */
export function stageLine(running: LineConfig, wanted: LineConfig, hold: readonly Apply[] = ['restart']): Staging {
  const ext = changesOf('ext', running.ext, wanted.ext);
  const phone = running.phone === wanted.phone ? [] : changesOf('phone', running.phone, wanted.phone);
  const changes = [...ext, ...phone];
  const isHeld = ({ apply }: Change): boolean => hold.includes(apply);
  const active = {
    ...wanted,
    ext: keep(running.ext, wanted.ext, ext.filter(isHeld)),
    phone: keepPhone(running.phone, wanted.phone, phone.filter(isHeld)),
  };
  return { active: Object.freeze(active), changes, restartRequired: changes.some((change) => change.apply === 'restart') };
}

/** What another configuration makes of one line. A line that is as it was is not listed. */
export interface PlannedLine {
  readonly line: string;
  readonly what: 'added' | 'removed' | 'changed';
  readonly changes: readonly Change[];
}

/** What would become of every line if `wanted` took the place of `running`. */
export function planLines(running: readonly LineConfig[], wanted: readonly LineConfig[]): readonly PlannedLine[] {
  const before = new Map(running.map((line) => [line.id, line]));
  const after = new Set(wanted.map(({ id }) => id));
  const planned = wanted.flatMap((line): readonly PlannedLine[] => {
    const known = before.get(line.id);
    if (known === undefined) return [{ line: line.id, what: 'added', changes: [] }];
    const { changes } = stageLine(known, line);
    return changes.length === 0 ? [] : [{ line: line.id, what: 'changed', changes }];
  });
  const gone = running.filter(({ id }) => !after.has(id));
  return [...planned, ...gone.map(({ id }) => ({ line: id, what: 'removed' as const, changes: [] }))];
}
