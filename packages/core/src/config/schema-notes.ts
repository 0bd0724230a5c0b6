import type { z } from 'zod';
import { type ConfigPath, showValue } from './finding.ts';
import type { Notes } from './notes.ts';
import { refuseKey } from './read-section.ts';

/* What a schema refuses, as findings: the value seen, what is allowed, what to do. */

/** What stands at a path; undefined where nothing does. */
export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined),
    input,
  );
}

function keysAt(root: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const item = path.reduce<unknown>((schema, step) => {
    const inner = unwrapped(schema);
    return typeof step === 'number' ? inner?.element : inner?.shape?.[String(step)];
  }, root);
  return Object.keys(unwrapped(item)?.shape ?? {});
}

interface Walkable {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  unwrap?(): unknown;
}

/** Defaults and optionals stand around the schema that has keys or elements. */
function unwrapped(schema: unknown): Walkable | undefined {
  let inner = schema as (Walkable & { readonly def?: { readonly type: string } }) | undefined;
  while (inner?.unwrap !== undefined && inner.shape === undefined && inner.def?.type !== 'array')
    inner = inner.unwrap() as typeof inner;
  return inner;
}

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'record' || issue.expected === 'object'
        ? 'a mapping'
        : issue.expected === 'array'
          ? 'a list'
          : `${issue.expected}`;
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'too_small':
      return issue.origin === 'number'
        ? `${String(issue.minimum)} and more`
        : issue.origin === 'string'
          ? issue.message
          : 'at least one';
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    default:
      return issue.message;
  }
}

function noteIssue(issue: z.core.$ZodIssue, schema: z.ZodType, input: unknown, at: ConfigPath, notes: Notes): void {
  const path = [...at, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) refuseKey(path, key, keysAt(schema, issue.path), notes);
    return;
  }
  const note = {
    seen: showValue(valueAt(input, issue.path)),
    allowed: allowedBy(issue),
    message: 'This value is not accepted here.',
    remedy: 'Correct the value.',
  };
  notes.refuse(path, { code: 'value.invalid', ...note });
}

/** Notes every fault of a value that its schema refused. `at` is where the value stands in its file. */
export function noteIssues(error: z.ZodError, schema: z.ZodType, input: unknown, notes: Notes, at: ConfigPath = []): void {
  for (const issue of error.issues) noteIssue(issue, schema, input, at, notes);
}
