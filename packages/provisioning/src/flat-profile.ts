import type { Finding, SourcePosition } from '@offhook/core';
import { SaxesParser } from 'saxes';

/**
 * The syntax of a flat profile: elements in order, with their places. What they mean is decided elsewhere.
 * @source redundancy reference section 3.8 (PROV p. 18-19, AG113 p. 80); D-20
 */
export interface ProfileElement {
  readonly name: string;
  /** Trimmed, line breaks turned to spaces. Undefined: `<X/>` with `ua="rw"`, keep the value that is there (D-20). */
  readonly value: string | undefined;
  /** User access: never affects what a line does. */
  readonly ua: 'na' | 'ro' | 'rw' | undefined;
  readonly at: SourcePosition;
}

export interface FlatProfile {
  readonly elements: readonly ProfileElement[];
  readonly findings: readonly Finding[];
  /** False when the text cannot be read as a profile at all. */
  readonly readable: boolean;
}

interface Open {
  readonly name: string;
  readonly at: SourcePosition;
  ua: ProfileElement['ua'];
  text: string;
}

const root = 'flat-profile';
const accesses: readonly string[] = ['na', 'ro', 'rw'];
const utf8: readonly string[] = ['UTF-8', 'UTF8', 'US-ASCII', 'ASCII'];

type Words = Pick<Finding, 'seen' | 'allowed' | 'message' | 'remedy'>;

const finding = (severity: Finding['severity'], code: Finding['code'], path: string, at: SourcePosition, words: Words): Finding => ({
  severity,
  code,
  path,
  at,
  ...words,
});

/** Places of tags: the parser only knows where it has come to. */
function createPlaces(name: string, text: string, skippedLines: number) {
  const rows = text.split(/\r\n|\r|\n/);
  return {
    at: (line: number, column: number): SourcePosition => ({ file: name, line: line + skippedLines, column }),
    /** Start of the tag whose name was just read. */
    tag(parser: SaxesParser, tag: string): SourcePosition {
      // A line break straight after the name has already been counted.
      const line = parser.columnIndex === 0 ? parser.line - 1 : parser.line;
      const until = parser.columnIndex === 0 ? Number.POSITIVE_INFINITY : parser.columnIndex;
      return this.at(line, Math.max((rows[line - 1] ?? '').lastIndexOf(`<${tag}`, until), 0) + 1);
    },
  };
}

function valueOf(open: Open, selfClosing: boolean): string | undefined {
  if (selfClosing) return open.ua === 'rw' ? undefined : '';
  return open.text.replaceAll('\n', ' ').trim();
}

function readAccess(open: Open, written: string | undefined, findings: Finding[]): void {
  if (written === undefined) return;
  if (accesses.includes(written)) open.ua = written as ProfileElement['ua'];
  else {
    const words = { seen: written, allowed: accesses.join(', '), message: 'ua does not take this value; it is ignored.', remedy: 'Write ua="na", "ro" or "rw".' };
    findings.push(finding('warning', 'xml.user-access', open.name, open.at, words));
  }
}

/**
 * Reads the elements of every `<flat-profile>`, which may stand inside other elements. Entities of a DTD are not expanded.
 * @source redundancy reference RED-130..135, 142
 */
export function parseFlatProfile(name: string, source: string): FlatProfile {
  // White space before the header is allowed to a phone, though not to XML.
  const text = source.trimStart();
  const skipped = source.slice(0, source.length - text.length).split(/\r\n|\r|\n/).length - 1;
  const places = createPlaces(name, text, skipped);
  const elements: ProfileElement[] = [];
  const findings: Finding[] = [];
  const stack: string[] = [];
  let open: Open | undefined;
  let seen = false;
  let fault: Finding | undefined;
  const parser = new SaxesParser();

  parser.on('error', ({ message }) => {
    const words = { seen: '', allowed: '', message: `${message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')}.`, remedy: 'Correct the text; the rest of the file is judged once it can be read.' };
    // What follows a first error is guesswork.
    fault ??= finding('error', 'xml.syntax', '', places.at(parser.line, parser.column), words);
  });
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding === undefined || utf8.includes(encoding.toUpperCase())) return;
    const words = { seen: encoding, allowed: 'UTF-8', message: 'Profiles are UTF-8 only.', remedy: 'Save the file as UTF-8.' };
    findings.push(finding('error', 'xml.encoding', '', places.at(1, 1), words));
  });
  parser.on('opentagstart', ({ name: tag }) => {
    const at = places.tag(parser, tag);
    if (open !== undefined) {
      const words = { seen: tag, allowed: 'text', message: `An element inside ${open.name} is ignored.`, remedy: 'Put it directly into flat-profile.' };
      findings.push(finding('warning', 'xml.nested', open.name, at, words));
    } else if (stack.at(-1) === root) open = { name: tag, at, ua: undefined, text: '' };
    seen ||= tag === root;
    stack.push(tag);
  });
  parser.on('opentag', ({ name: tag, attributes }) => {
    if (open?.name === tag && isDirect()) readAccess(open, attributes['ua'], findings);
  });
  const isDirect = (): boolean => stack.at(-2) === root && open !== undefined;
  const addText = (chunk: string): void => {
    if (open !== undefined && isDirect()) open.text += chunk;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', ({ isSelfClosing }) => {
    if (open !== undefined && isDirect()) {
      elements.push({ name: open.name, value: valueOf(open, isSelfClosing), ua: open.ua, at: open.at });
      open = undefined;
    }
    stack.pop();
  });
  parser.write(text).close();

  if (fault === undefined && !seen) {
    const words = { seen: 'other elements', allowed: '<flat-profile>', message: 'There is no flat-profile element.', remedy: 'Put the parameters into <flat-profile>…</flat-profile>.' };
    fault = finding('error', 'xml.no-profile', '', places.at(1, 1), words);
  }
  const all = fault === undefined ? findings : [...findings, fault];
  return { elements, findings: all, readable: !all.some(({ severity }) => severity === 'error') };
}
