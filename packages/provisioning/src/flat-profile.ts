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

const finding = (
  severity: Finding['severity'],
  code: Finding['code'],
  path: string,
  at: SourcePosition,
  words: Words,
): Finding => ({
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

function textOf(open: Open, selfClosing: boolean): string | undefined {
  if (selfClosing) return open.ua === 'rw' ? undefined : '';
  return open.text.replaceAll('\n', ' ').trim();
}

/** Follows the tags and keeps what stands directly in a flat-profile. */
function createCollector(findings: Finding[]) {
  const elements: ProfileElement[] = [];
  const stack: string[] = [];
  let open: Open | undefined;
  let openDepth = 0;
  let found = false;
  const inOpen = (): Open | undefined => (stack.length === openDepth ? open : undefined);
  return {
    elements,
    /** A flat-profile was there. */
    found: () => found,
    start(tag: string, at: SourcePosition): void {
      const direct = stack.at(-1) === root && open === undefined;
      if (open !== undefined) {
        const words = {
          seen: tag,
          allowed: 'text',
          message: `An element inside ${open.name} is ignored.`,
          remedy: 'Put it directly into flat-profile.',
        };
        findings.push(finding('warning', 'xml.nested', open.name, at, words));
      }
      stack.push(tag);
      found ||= tag === root;
      if (direct) [open, openDepth] = [{ name: tag, at, ua: undefined, text: '' }, stack.length];
    },
    access(written: string | undefined): void {
      const element = inOpen();
      if (element === undefined || written === undefined) return;
      if (accesses.includes(written)) element.ua = written as ProfileElement['ua'];
      else {
        const words = {
          seen: written,
          allowed: accesses.join(', '),
          message: 'ua does not take this value; it is ignored.',
          remedy: 'Write ua="na", "ro" or "rw".',
        };
        findings.push(finding('warning', 'xml.user-access', element.name, element.at, words));
      }
    },
    text(chunk: string): void {
      const element = inOpen();
      if (element !== undefined) element.text += chunk;
    },
    end(selfClosing: boolean): void {
      const element = inOpen();
      if (element !== undefined) {
        elements.push({ name: element.name, value: textOf(element, selfClosing), ua: element.ua, at: element.at });
        [open, openDepth] = [undefined, 0];
      }
      stack.pop();
    },
  };
}

function encodingFinding(encoding: string | undefined, at: SourcePosition): readonly Finding[] {
  if (encoding === undefined || utf8.includes(encoding.toUpperCase())) return [];
  const words = { seen: encoding, allowed: 'UTF-8', message: 'Profiles are UTF-8 only.', remedy: 'Save the file as UTF-8.' };
  return [finding('error', 'xml.encoding', '', at, words)];
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
  const findings: Finding[] = [];
  const collector = createCollector(findings);
  const parser = new SaxesParser();
  let fault: Finding | undefined;

  parser.on('error', ({ message }) => {
    const sentence = `${message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')}.`;
    const words = {
      seen: '',
      allowed: '',
      message: sentence,
      remedy: 'Correct the text; the rest of the file is judged once it can be read.',
    };
    // What follows a first error is guesswork.
    fault ??= finding('error', 'xml.syntax', '', places.at(parser.line, Math.max(parser.column, 1)), words);
  });
  parser.on('xmldecl', ({ encoding }) => {
    findings.push(...encodingFinding(encoding, places.at(1, 1)));
  });
  parser.on('opentagstart', ({ name: tag }) => collector.start(tag, places.tag(parser, tag)));
  parser.on('opentag', ({ attributes }) => collector.access(attributes.ua));
  parser.on('text', (chunk) => collector.text(chunk));
  parser.on('cdata', (chunk) => collector.text(chunk));
  parser.on('closetag', ({ isSelfClosing }) => collector.end(isSelfClosing));
  parser.write(text).close();

  if (fault === undefined && !collector.found()) {
    const words = {
      seen: 'other elements',
      allowed: '<flat-profile>',
      message: 'There is no flat-profile element.',
      remedy: 'Put the parameters into <flat-profile>.',
    };
    fault = finding('error', 'xml.no-profile', '', places.at(1, 1), words);
  }
  const all = fault === undefined ? findings : [...findings, fault];
  return { elements: collector.elements, findings: all, readable: !all.some(({ severity }) => severity === 'error') };
}
