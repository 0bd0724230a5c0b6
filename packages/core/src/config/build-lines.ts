import { type Finding, showValue } from './finding.ts';
import { defaultExt, type ExtConfig, type LineConfig } from './line.ts';
import { type LineEntry, numberMark } from './line-entry.ts';
import type { Notes } from './notes.ts';
import type { SecretReference } from './read-value.ts';
import { validateExt } from './validate.ts';
import type { PhoneVerdict } from './validate-phone.ts';

/** Reads a secret; undefined or a throw means that it is not there. */
export type ResolveSecret = (reference: SecretReference) => string | undefined;

export interface BuildContext {
  readonly shared: PhoneVerdict;
  readonly resolveSecret: ResolveSecret | undefined;
  readonly notes: Notes;
  /** Ids so far. */
  readonly ids: Set<string>;
}

type Values = Record<string, unknown>;

/** Validation reads these texts; all others may differ between the lines of a range without another verdict. */
const judgedKeys: readonly string[] = [
  'proxy',
  'outboundProxy',
  'alternateProxy',
  'alternateOutboundProxy',
  'survivabilityProxy',
];

const numbered = (text: string, n: number): string => text.replaceAll(numberMark, String(n));

function resolve(reference: SecretReference, entry: LineEntry, context: BuildContext): string | undefined {
  let detail = '';
  try {
    const secret = context.resolveSecret?.(reference);
    // Editors and `echo` end a file with a line break that is no part of the secret.
    if (secret !== undefined) return secret.replace(/\r?\n$/, '');
  } catch (error) {
    detail = error instanceof Error ? ` (${error.message})` : '';
  }
  context.notes.refuse(entry.pathOf('password'), {
    code: 'secret.unavailable',
    seen: 'env' in reference ? `environment variable ${reference.env}` : `file ${reference.file}`,
    allowed: 'a secret that can be read',
    message: `The password is not available${detail}.`,
    remedy: 'Set the variable or provide the file.',
  });
  return undefined;
}

/** Says how the password of line number `n` is found; undefined after a fault. */
function passwordReader(entry: LineEntry, context: BuildContext): (n: number) => string | undefined {
  const { secret, values } = entry;
  const written = typeof values.password === 'string' ? values.password : '';
  if (secret === undefined) return (n) => (entry.from === undefined ? written : numbered(written, n));
  const name = 'env' in secret ? secret.env : secret.file;
  if (name.includes(numberMark)) {
    return (n) => resolve('env' in secret ? { env: numbered(name, n) } : { file: numbered(name, n) }, entry, context);
  }
  const once = resolve(secret, entry, context);
  return () => once;
}

function claimId(id: string, entry: LineEntry, context: BuildContext): boolean {
  if (!context.ids.has(id)) {
    context.ids.add(id);
    return true;
  }
  const note = {
    seen: showValue(id),
    allowed: 'an id that no other line has',
    message: 'Another line has this id.',
    remedy: 'Give each line its own id.',
  };
  context.notes.refuse(entry.pathOf('id'), { code: 'line.duplicate', ...note });
  return false;
}

interface Verdict {
  /** What validation repaired. */
  readonly patch: Partial<ExtConfig>;
  readonly findings: readonly Finding[];
}

function judge(id: string, ext: ExtConfig, written: ReadonlySet<string>, context: BuildContext): Verdict {
  const { line, findings } = validateExt({ id, ext, phone: context.shared.phone, written });
  const keys = line.ext === ext ? [] : (Object.keys(ext) as (keyof ExtConfig)[]).filter((key) => line.ext[key] !== ext[key]);
  return { patch: Object.fromEntries(keys.map((key) => [key, line.ext[key]])), findings };
}

/** Counts equal findings of an entry's lines, so that a range of thousands says a thing once. */
function createTally(entry: LineEntry, context: BuildContext) {
  const groups = new Map<string, { readonly finding: Finding; lines: number }>();
  return {
    add(findings: readonly Finding[], lines: number): void {
      for (const finding of findings) {
        const key = `${finding.code} ${finding.path}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { finding, lines });
        else group.lines += lines;
      }
    },
    report(): void {
      for (const { finding, lines } of groups.values()) {
        const { path, ...note } = finding;
        context.notes.add(entry.pathOf(path), lines > 1 ? { ...note, lines } : note);
      }
    },
  };
}

/** Findings as a line carries them: placed, without the line's own id. */
function carried(entry: LineEntry, findings: readonly Finding[], context: BuildContext): readonly Finding[] {
  const own = findings.map(({ path, line: _line, ...note }) => context.notes.place(entry.pathOf(path), note));
  return Object.freeze([...context.shared.findings, ...own]);
}

/**
 * The lines of one entry. Lines of a range share everything but their own texts; they are judged once unless a server name carries the number.
 */
export function buildLines(entry: LineEntry, context: BuildContext): readonly LineConfig[] {
  const { phone } = context.shared;
  // Frozen like its copies: V8 holds frozen copies of an object that is not at four times their size.
  const written: ReadonlySet<string> = new Set(Object.keys(entry.values));
  const base: Values = Object.freeze({ ...defaultExt(phone.xDefaultsPreset), userId: entry.id, ...entry.values });
  const marked = (entry.from === undefined ? [] : Object.keys(base)).filter(
    (key) => key !== 'password' && typeof base[key] === 'string' && base[key].includes(numberMark),
  );
  const judgedEach = marked.some((key) => judgedKeys.includes(key));
  const passwordOf = passwordReader(entry, context);
  const tally = createTally(entry, context);
  const lines: LineConfig[] = [];
  let verdict: Verdict | undefined;
  let findings: readonly Finding[] = [];
  for (let i = 0; i < entry.count; i++) {
    const n = (entry.from ?? 0) + i;
    const id = entry.from === undefined ? entry.id : numbered(entry.id, n);
    const password = passwordOf(n);
    if (password === undefined || !claimId(id, entry, context)) break;
    const ext: Values = { ...base, password };
    for (const key of marked) ext[key] = numbered(base[key] as string, n);
    if (verdict === undefined || judgedEach) {
      verdict = judge(id, ext as unknown as ExtConfig, written, context);
      findings = carried(entry, verdict.findings, context);
      tally.add(verdict.findings, judgedEach ? 1 : entry.count);
    }
    Object.assign(ext, verdict.patch);
    lines.push(Object.freeze({ id, ext: Object.freeze(ext) as unknown as ExtConfig, phone, written, findings }));
  }
  tally.report();
  return lines;
}
