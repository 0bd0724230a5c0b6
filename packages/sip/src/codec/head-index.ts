import { isAscii } from 'node:buffer';
import { canonicalName } from './field-names.ts';
import { isBlank, isToken } from './text.ts';

/** Where the header lines of a message stand. Nothing is decoded until a value is asked for. */
export interface HeadIndex {
  readonly view: Buffer;
  /** The head in Latin-1: one character for each byte from `base` on. */
  readonly head: string;
  readonly base: number;
  readonly startLine: string;
  /** One entry per header line: canonical name if known, else as received. */
  readonly names: readonly string[];
  /** Offsets into `view`, not yet trimmed: continuation lines included. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** First byte of the body; -1: the blank line never came. */
  readonly bodyStart: number;
  /** False: there are bytes above 0x7f. */
  readonly ascii: boolean;
  /** True: some value spans lines or holds stray CR, LF or NUL, and is cleaned when read. */
  readonly uneven: boolean;
  /** CR, LF or NUL where no line ends. */
  readonly stray: boolean;
  /** A line that is no header field. */
  readonly junk: boolean;
  readonly tooMany: boolean;
}

const CR = 13;
const LF = 10;
const COLON = 58;
const breaksLine = /[\r\n]/;
const blankLine = Buffer.from('\r\n\r\n');

/** Offset of the CRLFCRLF that ends the head, at or behind `from`; -1 when there is none. */
export function headEnd(view: Buffer, from: number): number {
  return view.indexOf(blankLine, from);
}

/** Finds the header lines of the message that starts at byte 0 (leading CRLFs are skipped, RFC 3261 §7.5). Linear; never throws. */
export function indexHead(bytes: Uint8Array, maxHeaders: number): HeadIndex {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let base = 0;
  while (view[base] === CR && view[base + 1] === LF) base += 2;
  const blank = headEnd(view, base);
  const head = view.toString('latin1', base, blank < 0 ? view.length : blank + 2);
  // A body beyond ASCII only makes the values take the longer way.
  const ascii = isAscii(view);
  const crlf = head.indexOf('\r\n');
  const startEnd = crlf < 0 ? head.length : crlf;
  const startLine = ascii ? head.slice(0, startEnd) : decode(view, base, base + startEnd);
  const lines = new HeaderLines(head, base, maxHeaders);
  lines.scan(crlf < 0 ? head.length : crlf + 2);
  const stray = lines.stray || breaksLine.test(startLine) || head.includes('\0');
  return {
    view,
    head,
    base,
    startLine,
    names: lines.names,
    starts: lines.starts,
    ends: lines.ends,
    bodyStart: blank < 0 ? -1 : blank + 4,
    ascii,
    uneven: lines.folded || stray,
    stray,
    junk: lines.junk,
    tooMany: lines.tooMany,
  };
}

class HeaderLines {
  readonly names: string[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  folded = false;
  stray = false;
  junk = false;
  tooMany = false;
  private readonly head: string;
  private readonly base: number;
  private readonly maxHeaders: number;

  constructor(head: string, base: number, maxHeaders: number) {
    this.head = head;
    this.base = base;
    this.maxHeaders = maxHeaders;
  }

  scan(from: number): void {
    const { head } = this;
    let pos = from;
    let continuable = false;
    while (pos < head.length && !this.tooMany) {
      let lf = head.indexOf('\n', pos);
      if (lf < 0) lf = head.length;
      // Once a stray line end is known the message is refused: looking on for CR could cost quadratic time.
      if (!this.stray) this.stray = this.isTorn(pos, lf);
      const end = head.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
      if (isBlank(head.charCodeAt(pos))) {
        if (continuable) this.ends[this.ends.length - 1] = this.base + end;
        else this.junk = true;
        this.folded = true;
      } else continuable = this.addLine(pos, end);
      pos = lf + 1;
    }
  }

  /** CR and LF do not stand together; the last line of a truncated head may lack both, or LF. */
  private isTorn(start: number, lf: number): boolean {
    const cr = this.head.indexOf('\r', start);
    return cr !== lf - 1 && (cr >= 0 || lf < this.head.length);
  }

  private addLine(start: number, end: number): boolean {
    const { head } = this;
    let i = start;
    let code = head.charCodeAt(i);
    while (i < end && code !== COLON && !isBlank(code)) code = head.charCodeAt(++i);
    const received = head.slice(start, i);
    while (i < end && isBlank(code)) code = head.charCodeAt(++i);
    const name = canonicalName(received) ?? received;
    if (i >= end || code !== COLON || (name === received && !isToken(name))) {
      this.junk = true;
      return false;
    }
    if (this.names.length === this.maxHeaders) {
      this.tooMany = true;
      return false;
    }
    this.names.push(name);
    this.starts.push(this.base + i + 1);
    this.ends.push(this.base + end);
    return true;
  }
}

/** Value of line `i`: trimmed, continuation lines joined by one space, UTF-8. */
export function lineValue(index: HeadIndex, i: number): string {
  const { view } = index;
  let start = index.starts[i] ?? 0;
  let end = index.ends[i] ?? 0;
  while (start < end && isBlank(view[start] ?? 0)) start++;
  while (end > start && isBlank(view[end - 1] ?? 0)) end--;
  // A string of its own: a slice of the head would keep the whole head alive for as long as a Call-ID is remembered.
  const text = index.ascii ? view.toString('latin1', start, end) : decode(view, start, end);
  return index.uneven ? joinLines(text) : text;
}

/** The same for a reader that keeps nothing of it: a slice of the head where that will do. */
export function peekLine(index: HeadIndex, i: number): string {
  if (!index.ascii || index.uneven) return lineValue(index, i);
  const { head, base } = index;
  let start = (index.starts[i] ?? 0) - base;
  let end = (index.ends[i] ?? 0) - base;
  while (start < end && isBlank(head.charCodeAt(start))) start++;
  while (end > start && isBlank(head.charCodeAt(end - 1))) end--;
  return head.slice(start, end);
}

/** Index of the first line of that field (canonical name, or as received if unknown); -1 when there is none. */
export function findLine(index: HeadIndex, name: string, from = 0): number {
  const { names } = index;
  const known = canonicalName(name);
  if (known !== undefined) return names.indexOf(known, from);
  const lower = name.toLowerCase();
  for (let i = from; i < names.length; i++) {
    const candidate = names[i];
    if (candidate?.length === lower.length && candidate.toLowerCase() === lower) return i;
  }
  return -1;
}

function decode(view: Buffer, start: number, end: number): string {
  return view.toString('utf8', start, end);
}

function joinLines(text: string): string {
  // Exactly the characters that must not survive inside a value
  const parts = text.split(/[\r\n\0]+/);
  if (parts.length === 1) return text;
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');
}
