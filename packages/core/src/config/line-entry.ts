import { type ConfigPath, isControl, showValue } from './finding.ts';
import type { Notes } from './notes.ts';
import { readSection, type SectionValues } from './read-section.ts';
import type { SecretReference } from './read-value.ts';
import { lineEntryKeys, rangeLimit } from './runtime-schema.ts';
import { didYouMean } from './suggest.ts';

/** One item of `lines`, read: a line, or a range of lines that differ in `{n}` only. */
export interface LineEntry {
  /** `['lines', i]` */
  readonly path: ConfigPath;
  /** With `{n}` in a range. */
  readonly id: string;
  /** First number; undefined for a single line. */
  readonly from: number | undefined;
  readonly count: number;
  /** Template values, then own ones. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly secret: SecretReference | undefined;
  /** Where the value of a key stands. */
  pathOf(key: string): ConfigPath;
}

export const numberMark = '{n}';
export type Templates = ReadonlyMap<string, SectionValues>;

export interface EntryContext {
  readonly templates: Templates;
  /** `{n}` is no mark. */
  readonly literal: boolean;
}

type Section = Readonly<Record<string, unknown>>;

/** @throws never: every fault is noted. */
export function readTemplates(section: Section, notes: Notes): Templates {
  const templates = new Map<string, SectionValues>();
  for (const [name, body] of Object.entries(section)) {
    templates.set(name, readSection('ext', body as Section, ['templates', name], [], notes));
  }
  return templates;
}

function readCount(section: Section, path: ConfigPath, key: 'from' | 'count', least: number, notes: Notes): number | undefined {
  const raw = section[key];
  const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw;
  const most = key === 'count' ? rangeLimit : Number.MAX_SAFE_INTEGER - rangeLimit;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const message =
    raw === undefined ? `A range needs both from and count; ${key} is missing.` : `${key} does not take this value.`;
  notes.refuse([...path, key], {
    code: 'value.invalid',
    seen: showValue(raw),
    allowed: `a whole number, ${least}-${most}`,
    message,
    remedy: `Set ${key}.`,
  });
  return undefined;
}

function readTemplateName(section: Section, path: ConfigPath, templates: Templates, notes: Notes): string | undefined {
  const name = section.template;
  if (name === undefined) return undefined;
  if (typeof name === 'string' && templates.has(name)) return name;
  const meant = typeof name === 'string' ? didYouMean(name, templates.keys()) : undefined;
  notes.refuse([...path, 'template'], {
    code: 'line.unknown-template',
    seen: showValue(name),
    allowed: [...templates.keys()].join(', ') || 'no template is defined',
    message: 'There is no template of this name.',
    remedy: meant === undefined ? 'Define it under templates.' : `Did you mean ${meant}?`,
  });
  return undefined;
}

const isId = (text: string): boolean =>
  text.length <= 128 && ![...text].some((char) => char.trim() === '' || isControl(char.charCodeAt(0)));

function readId(section: Section, userId: unknown, ranged: boolean, path: ConfigPath, notes: Notes): string | undefined {
  const given = section.id ?? (ranged ? numberMark : userId);
  const id = typeof given === 'number' ? String(given) : given;
  if (typeof id === 'string' && id !== '' && isId(id)) return id;
  const note = {
    seen: showValue(id),
    allowed: 'up to 128 characters without blanks',
    message: 'A line needs an id or a user.',
    remedy: 'Set id or userId.',
  };
  notes.refuse(section.id === undefined ? path : [...path, 'id'], { code: 'line.no-id', ...note });
  return undefined;
}

/** `{n}` means nothing outside a range. */
function refuseNumberMarks(entry: LineEntry, notes: Notes): boolean {
  const marked = Object.entries({ id: entry.id, ...entry.values }).filter(
    ([, value]) => typeof value === 'string' && value.includes(numberMark),
  );
  for (const [key, value] of marked) {
    const note = { seen: showValue(key === 'password' ? numberMark : value), allowed: `text without ${numberMark}` };
    const remedy = 'Add from and count, or write the value out.';
    notes.refuse(entry.pathOf(key), {
      code: 'line.no-number',
      ...note,
      message: `${numberMark} stands for the number within a range; this line is none.`,
      remedy,
    });
  }
  return marked.length > 0;
}

/** Reads one item of `lines`; undefined when a fault leaves no line to build. */
export function readLineEntry(section: Section, path: ConfigPath, context: EntryContext, notes: Notes): LineEntry | undefined {
  const { templates, literal } = context;
  const own = readSection('ext', section, path, lineEntryKeys, notes);
  const ranged = section.from !== undefined || section.count !== undefined;
  const from = ranged ? readCount(section, path, 'from', 0, notes) : undefined;
  const count = ranged ? readCount(section, path, 'count', 1, notes) : 1;
  const name = readTemplateName(section, path, templates, notes);
  const template = name === undefined ? undefined : templates.get(name);
  const values = { ...template?.values, ...own.values };
  const id = readId(section, values.userId, ranged, path, notes);
  const missing = name === undefined && section.template !== undefined;
  if (missing || id === undefined || count === undefined || (ranged && from === undefined)) return undefined;
  const inTemplate = (key: string): boolean =>
    name !== undefined &&
    !Object.hasOwn(section, key) &&
    (Object.hasOwn(template?.values ?? {}, key) || (key === 'password' && template?.secret !== undefined));
  const ownPassword = own.secret !== undefined || own.values.password !== undefined;
  const entry: LineEntry = {
    path,
    id,
    from,
    count,
    values,
    secret: ownPassword ? own.secret : template?.secret,
    pathOf: (key) => (inTemplate(key) && name !== undefined ? ['templates', name, key] : [...path, key]),
  };
  return !ranged && !literal && refuseNumberMarks(entry, notes) ? undefined : entry;
}
