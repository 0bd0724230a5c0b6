import {
  type ConfigPath,
  didYouMean,
  type ElementName,
  elementOf,
  extParameters,
  type Finding,
  invalidValue,
  type LineConfig,
  parameterByElement,
  phoneParameters,
  readRuntimeConfig,
  readValue,
  type SourcePosition,
} from '@offhook/core';
import { type FlatProfile, type ProfileElement, parseFlatProfile } from './flat-profile.ts';
import type { ConfigurationReading, ConfigurationSource, UnknownElement } from './read-configuration.ts';

/** Values by parameter key, with the place of the element that gave each. */
type Section = Map<string, { readonly value: unknown; readonly at: SourcePosition }>;

interface Profile {
  readonly phone: Section;
  /** By Ext number. */
  readonly exts: Map<number, Section>;
  readonly unknown: UnknownElement[];
  /** Faulty elements: a phone in the field goes on without them. */
  readonly faults: { readonly ext: number | undefined; readonly finding: Finding }[];
}

function sectionOf(profile: Profile, ext: number | undefined): Section {
  if (ext === undefined) return profile.phone;
  const section: Section = profile.exts.get(ext) ?? new Map();
  profile.exts.set(ext, section);
  return section;
}

const isText = ({ parameter }: ElementName): boolean => parameter.kind === 'text' || parameter.kind === 'secret';

function take(profile: Profile, known: ElementName, element: ProfileElement): void {
  const { parameter, ext } = known;
  const section = sectionOf(profile, ext);
  const { value, at } = element;
  // D-20: <X/> with ua="rw" protects the value that is there.
  if (value === undefined) return;
  // Nothing is no number and no choice: the factory default holds again.
  if (value === '' && !isText(known)) {
    section.delete(parameter.key);
    return;
  }
  const reading = readValue(parameter, value);
  if (reading !== undefined) {
    section.set(parameter.key, { value: reading.value, at });
    return;
  }
  const { message, ...words } = invalidValue(parameter, value);
  const finding: Finding = {
    severity: 'error',
    ...words,
    message: `${message.replace(/\.$/, '')}; the element is ignored.`,
    path: element.name,
    at,
  };
  profile.faults.push({ ext, finding });
}

function interpret(elements: readonly ProfileElement[]): Profile {
  const profile: Profile = { phone: new Map(), exts: new Map(), unknown: [], faults: [] };
  for (const element of elements) {
    const known = parameterByElement(element.name);
    if (known === undefined) profile.unknown.push({ name: element.name, value: element.value, at: element.at });
    else take(profile, known, element);
  }
  return profile;
}

/** Names that differ from an element's in case only are most likely meant: names are case-sensitive (RED-132). */
function meantBy(name: string): string | undefined {
  const number = /_(\d{1,3})_?$/.exec(name)?.[1];
  const names = [
    ...phoneParameters.map((parameter) => elementOf(parameter)),
    ...extParameters.map((parameter) => elementOf(parameter, Number(number ?? 1))),
  ];
  const meant = didYouMean(name, names);
  return meant?.toLowerCase().replace(/_$/, '') === name.toLowerCase().replace(/_$/, '') ? meant : undefined;
}

function unknownFindings(unknown: readonly UnknownElement[]): readonly Finding[] {
  const findings: Finding[] = unknown.flatMap(({ name, at }) => {
    const meant = meantBy(name);
    const words = {
      seen: name,
      allowed: meant ?? '',
      message: 'Element names are case-sensitive; this one is not known.',
      remedy: `Did you mean ${meant}?`,
    };
    return meant === undefined ? [] : [{ severity: 'warning', code: 'xml.unknown-element', path: name, ...words, at }];
  });
  const [first, ...others] = unknown;
  if (first === undefined) return findings;
  const names = [...new Set(unknown.map(({ name }) => name))];
  const seen = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
  const message = `${others.length === 0 ? 'One element has' : `${unknown.length} elements have`} no parameter here; kept and not used.`;
  return [
    ...findings,
    { severity: 'info', code: 'xml.unknown-element', path: first.name, seen, allowed: '', message, remedy: '', at: first.at },
  ];
}

interface Ext {
  readonly number: number;
  readonly section: Section;
  readonly id: string;
}

/** Ext n that have a user or a server; a line is named after its user, unless another already is. */
function configuredExts(profile: Profile): readonly Ext[] {
  const ids = new Set<string>();
  const numbers = [...profile.exts.keys()].sort((a, b) => a - b);
  return numbers.flatMap((number) => {
    const section: Section = profile.exts.get(number) ?? new Map();
    const text = (key: string): string => String(section.get(key)?.value ?? '');
    if (text('userId') === '' && text('proxy') === '' && text('outboundProxy') === '') return [];
    const user = text('userId');
    let id = user === '' || /\s/.test(user) || user.length > 128 || ids.has(user) ? `ext${number}` : user;
    while (ids.has(id)) id += '_';
    ids.add(id);
    return [{ number, section, id }];
  });
}

const valuesOf = (section: Section): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...section].map(([key, { value }]) => [key, value]));

/** Faulty elements of a line, or of the phone that it shares, belong to what the line carries. */
function withFaults(lines: readonly LineConfig[], exts: readonly Ext[], profile: Profile): readonly LineConfig[] {
  if (profile.faults.length === 0) return lines;
  return lines.map((line) => {
    const number = exts.find(({ id }) => id === line.id)?.number;
    const own = profile.faults.filter(({ ext }) => ext === undefined || ext === number).map(({ finding }) => finding);
    return own.length === 0 ? line : Object.freeze({ ...line, findings: Object.freeze([...own, ...(line.findings ?? [])]) });
  });
}

function unreadable({ findings }: FlatProfile): ConfigurationReading {
  return { format: 'xml', config: undefined, findings, lines: [], plugins: [], unknownElements: [], locate: () => undefined };
}

/**
 * Reads a flat profile. As on a phone, a faulty value costs that value only; text that is no profile leaves nothing to run.
 * @source redundancy reference section 3.8; RED-130..135, 142; D-20, D-32
 */
export function readProfile({ name, text, preset }: ConfigurationSource): ConfigurationReading {
  const parsed = parseFlatProfile(name, text);
  if (!parsed.readable) return unreadable(parsed);
  const profile = interpret(parsed.elements);
  const exts = configuredExts(profile);
  const locate = ([section, place, key]: ConfigPath): SourcePosition | undefined => {
    if (section === 'phone') return profile.phone.get(String(place))?.at;
    const found = exts[Number(place)]?.section;
    return found?.get(String(key))?.at ?? [...(found?.values() ?? [])][0]?.at;
  };
  const input = {
    phone: { ...valuesOf(profile.phone), ...(preset === undefined ? {} : { xDefaultsPreset: preset }) },
    lines: exts.map(({ id, section }) => ({ userId: '', ...valuesOf(section), id })),
  };
  const reading = readRuntimeConfig(input, { locate, literal: true });
  const lines = withFaults(reading.lines, exts, profile);
  const faults = profile.faults.map(({ ext, finding }) => {
    const line = exts.find(({ number }) => number === ext)?.id;
    return line === undefined ? finding : { ...finding, line };
  });
  return {
    format: 'xml',
    config: reading.config === undefined ? undefined : Object.freeze({ ...reading.config, lines }),
    findings: [...parsed.findings, ...faults, ...reading.findings, ...unknownFindings(profile.unknown)],
    lines,
    plugins: [],
    unknownElements: profile.unknown,
    locate: reading.locate,
  };
}
