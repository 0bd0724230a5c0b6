/** Lexical rules shared by every header reader. All of them look at each character a bounded number of times. */

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const SEMICOLON = 59;
const LESS = 60;
const EQUALS = 61;
const GREATER = 62;
const BACKSLASH = 92;

const tokenPattern = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
/** A token, or a host: an IPv6 reference holds colons. @source RFC 3261 §25.1 (gen-value) */
const bareValuePattern = /^(?:[A-Za-z0-9\-.!%*_+`'~]+|\[[0-9A-Fa-f:.]+\])$/;

/** One or more token characters. @source RFC 3261 §25.1 */
export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Index behind the closing quote of the quoted string that opens at `open`; -1 when it never closes. */
export function quotedEnd(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i + 1;
  }
  return -1;
}

/** Content of a quoted string given without its quotes. */
export function unescapeQuoted(inner: string): string {
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

/** A quoted string; the caller has made sure that the text has no line ends. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Splits a list field at commas that stand outside quoted strings and angle brackets; empty elements vanish. */
export function splitList(text: string): string[] {
  if (!text.includes(',')) return text === '' ? [] : [text];
  const values: string[] = [];
  let start = 0;
  let inAngle = false;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? COMMA : text.charCodeAt(i);
    if (code === COMMA && (!inAngle || i === text.length)) {
      const value = text.slice(start, i).trim();
      if (value !== '') values.push(value);
      start = i + 1;
    } else if (code === LESS) inAngle = true;
    else if (code === GREATER) inAngle = false;
    else if (code === QUOTE && !inAngle) i = skipQuoted(text, i);
  }
  return values;
}

/** Last index of the quoted string at `open`; an unclosed one takes the rest, so that it is looked for only once. */
function skipQuoted(text: string, open: number): number {
  const end = quotedEnd(text, open);
  return end < 0 ? text.length - 1 : end - 1;
}

const noParams: ReadonlyMap<string, string> = new Map();

/** Reads `;name=value` pairs from `from` up to the end or a comma; names in lowercase, values unquoted, the first of equal names counts. */
export function readParams(text: string, from: number): ReadonlyMap<string, string> {
  let params: Map<string, string> | undefined;
  let i = from;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === COMMA) break;
    if (code === SEMICOLON || isBlank(code)) {
      i++;
      continue;
    }
    const nameStart = i;
    i = indexOfEnd(text, i, true);
    const name = text.slice(nameStart, i).trim().toLowerCase();
    let value = '';
    if (text.charCodeAt(i) === EQUALS) {
      i++;
      while (isBlank(text.charCodeAt(i))) i++;
      const close = text.charCodeAt(i) === QUOTE ? quotedEnd(text, i) : -1;
      if (close > 0) {
        value = unescapeQuoted(text.slice(i + 1, close - 1));
        i = indexOfEnd(text, close, false);
      } else {
        const valueStart = i;
        i = indexOfEnd(text, i, false);
        value = text.slice(valueStart, i).trim();
      }
    }
    params ??= new Map();
    if (name !== '' && !params.has(name)) params.set(name, value);
  }
  return params ?? noParams;
}

/** The value that `readParams` would read under that name, in lowercase; nothing else is kept. */
export function readParam(text: string, from: number, wanted: string): string | undefined {
  let i = from;
  while (i < text.length && text.charCodeAt(i) !== COMMA) {
    if (text.charCodeAt(i) === SEMICOLON) {
      i++;
      continue;
    }
    const nameStart = i;
    i = indexOfEnd(text, i, true);
    const isLong = i - nameStart >= wanted.length;
    const isWanted = isLong && text.slice(nameStart, i).trim().toLowerCase() === wanted;
    if (text.charCodeAt(i) !== EQUALS) {
      if (isWanted) return '';
      continue;
    }
    i++;
    while (isBlank(text.charCodeAt(i))) i++;
    const close = text.charCodeAt(i) === QUOTE ? quotedEnd(text, i) : -1;
    const valueStart = i;
    i = indexOfEnd(text, close > 0 ? close : i, false);
    if (isWanted) return close > 0 ? unescapeQuoted(text.slice(valueStart + 1, close - 1)) : text.slice(valueStart, i).trim();
  }
  return undefined;
}

/** Next `;` or `,` (or `=` too) at or behind `from`, else the end. */
function indexOfEnd(text: string, from: number, equals: boolean): number {
  let i = from;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === SEMICOLON || code === COMMA || (equals && code === EQUALS)) break;
    i++;
  }
  return i;
}

/** Writes parameters behind a value; anything that is no token or host is quoted, feature tags always (RFC 3840 §9). */
export function formatParams(params: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of params) {
    if (value === '') text += `;${name}`;
    else text += `;${name}=${name.startsWith('+') || !bareValuePattern.test(value) ? quote(value) : value}`;
  }
  return text;
}
