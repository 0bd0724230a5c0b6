import { type ConfigPath, type Finding, type Preset, readRuntimeConfig, type SourcePosition } from '@offhook/core';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import type { ConfigurationReading, ConfigurationSource } from './read-configuration.ts';

const aliasLimit = 100;

interface Fault {
  readonly message: string;
  readonly offset: number;
  /** The tree that was built cannot be trusted. */
  readonly fatal: boolean;
}

/** A number keeps the form it was written in: `0400` and `+49…` are users, not quantities. */
function keepWrittenNumbers(document: Document.Parsed): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'number' && node.source !== undefined && String(node.value) !== node.source)
        node.value = node.source;
    },
  });
}

/** Finds the node of a path; where the path leaves the document, the last node on the way. */
function offsetOf(document: Document.Parsed, path: ConfigPath): number {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === String(step));
      if (pair === undefined) break;
      offset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = isNode(pair.value) ? pair.value : undefined;
    } else if (isSeq(node) && typeof step === 'number') {
      const item: unknown = node.items[step];
      node = isNode(item) ? item : undefined;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** Plain values; the top-level keys that are written without a value count as left out. */
function plainValue(document: Document.Parsed): unknown {
  const value: unknown = document.toJS({ maxAliasCount: aliasLimit });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}

function faultsOf(document: Document.Parsed): readonly Fault[] {
  return [...document.errors, ...document.warnings].map((fault) => ({
    message: fault.message,
    offset: fault.pos[0],
    fatal: fault.code !== 'DUPLICATE_KEY',
  }));
}

function syntaxFinding(fault: Fault, at: SourcePosition): Finding {
  const remedy = fault.fatal ? 'Correct the text; the rest of the file is judged once it can be read.' : 'Remove one of the two.';
  return {
    severity: 'error',
    code: 'yaml.syntax',
    path: '',
    seen: '',
    allowed: '',
    message: `${fault.message.replace(/\.$/, '')}.`,
    remedy,
    at,
  };
}

/** A YAML text as plain values, with the place of each. */
export interface YamlReading {
  /** Undefined when the text cannot be read. */
  readonly value: unknown;
  /** Faults of the text itself. */
  readonly findings: readonly Finding[];
  /** The place of a value; the nearest one around it when it is not written. */
  locate(path: ConfigPath): SourcePosition;
}

/** Reads a YAML text, JSON among them. Total: every fault is a finding. */
export function readYamlText({ name, text }: Pick<ConfigurationSource, 'name' | 'text'>): YamlReading {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: 'error' });
  const place = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file: name, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  keepWrittenNumbers(document);
  const faults = [...faultsOf(document)];
  let value: unknown;
  try {
    if (!faults.some(({ fatal }) => fatal)) value = plainValue(document);
  } catch (error) {
    // An alias without its anchor, or more aliases than any configuration needs.
    faults.push({ message: error instanceof Error ? error.message : String(error), offset: 0, fatal: true });
  }
  return {
    value: faults.some(({ fatal }) => fatal) ? undefined : value,
    findings: faults.map((fault) => syntaxFinding(fault, place(fault.offset))),
    locate: (path) => place(offsetOf(document, path)),
  };
}

/** Reads the YAML form: `cluster`, `edge`, `phone`, `templates`, `lines`. */
export function readYaml({ name, text, resolveSecret, preset }: ConfigurationSource): ConfigurationReading {
  const { value, findings: syntax, locate } = readYamlText({ name, text });
  const nothing = { config: undefined, lines: [], plugins: [], unknownElements: [], locate: () => undefined };
  if (value === undefined && syntax.length > 0) return { format: 'yaml', findings: syntax, ...nothing };
  const options = { locate, ...(resolveSecret === undefined ? {} : { resolveSecret }) };
  const reading = readRuntimeConfig(preset === undefined ? value : withPreset(value, preset), options);
  return {
    format: 'yaml',
    config: syntax.length > 0 ? undefined : reading.config,
    findings: [...syntax, ...reading.findings],
    lines: reading.lines,
    plugins: reading.plugins,
    unknownElements: [],
    locate: reading.locate,
  };
}

/** The configuration under another generation of defaults; what is no mapping stays what it is. */
function withPreset(value: unknown, xDefaultsPreset: Preset): unknown {
  const isMapping = (each: unknown): each is Readonly<Record<string, unknown>> =>
    typeof each === 'object' && each !== null && !Array.isArray(each);
  if (!isMapping(value)) return value;
  return { ...value, phone: { ...(isMapping(value.phone) ? value.phone : {}), xDefaultsPreset } };
}
