import { assertHeaderValue, assertToken, assertUri } from './header-value.ts';
import type { NameAddr } from './message.ts';
import { formatParams, quote, quotedEnd, readParams, unescapeQuoted } from './text.ts';

const SPACE = 32;
const LESS = 60;
const GREATER = 62;
const DELETE = 127;

const startsWithScheme = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * Reads one From, To, Contact, Route, Refer-To … value. Tolerant where the meaning is plain: an unquoted display name may hold anything but `<`.
 * `*` (Contact) has the URI `*`. Undefined when no URI can be told.
 * @source RFC 3261 §20.10, §25.1
 */
export function readNameAddr(text: string): NameAddr | undefined {
  const value = text.trim();
  if (value.startsWith('"')) {
    const end = quotedEnd(value, 0);
    const open = end < 0 ? -1 : value.indexOf('<', end);
    return open < 0 ? undefined : readBracketed(value, unescapeQuoted(value.slice(1, end - 1)), open);
  }
  const open = value.indexOf('<');
  if (open < 0 || isBareBefore(value, open)) return readBare(value);
  return readBracketed(value, value.slice(0, open).trim(), open);
}

/** True when `readNameAddr` can read it: for nearly all that is seen at a glance. */
export function isNameAddr(text: string): boolean {
  const isQuoted = text.startsWith('"');
  const end = isQuoted ? quotedEnd(text, 0) : 0;
  const open = isQuoted && end > 0 ? text.indexOf('<', end) : 0;
  const first = text.charCodeAt(open + 1);
  const isPlain = end >= 0 && text.charCodeAt(open) === LESS && first > SPACE && first < DELETE && first !== GREATER;
  return isPlain ? text.indexOf('>', open) > 0 : readNameAddr(text) !== undefined;
}

/** A `<` behind the first parameter of an addr-spec belongs to the parameter. */
function isBareBefore(value: string, open: number): boolean {
  const semicolon = value.indexOf(';');
  return semicolon >= 0 && semicolon < open && startsWithScheme.test(value);
}

function readBracketed(value: string, display: string, open: number): NameAddr | undefined {
  const close = value.indexOf('>', open);
  if (close < 0) return undefined;
  const uri = value.slice(open + 1, close).trim();
  if (uri === '') return undefined;
  // Junk between `>` and the first parameter is passed over: losing the tag behind it would lose the dialog.
  const semicolon = value.indexOf(';', close);
  return { display, uri, params: readParams(value, semicolon < 0 ? value.length : semicolon) };
}

/** Without brackets, parameters belong to the header. @source RFC 3261 §20.10 */
function readBare(value: string): NameAddr | undefined {
  const semicolon = value.indexOf(';');
  const uri = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  if (uri !== '*' && !startsWithScheme.test(uri)) return undefined;
  return { display: '', uri, params: readParams(value, semicolon < 0 ? value.length : semicolon) };
}

/**
 * Writes a value: display name quoted and escaped, URI in brackets.
 * @throws LocalProtocolError `E_SIP_LOCAL` when a part holds CR, LF or NUL, the URI would break out of its brackets, or the name of a
 * parameter is no token
 */
export function formatNameAddr(value: NameAddr): string {
  assertUri(value.uri, 'the URI of a name-addr');
  if (value.uri === '*') return '*';
  for (const name of value.params.keys()) assertToken(name, 'the name of a header parameter');
  const display = value.display === '' ? '' : `${quote(value.display)} `;
  const text = `${display}<${value.uri}>${formatParams(value.params)}`;
  assertHeaderValue(text, 'a display name or header parameter');
  return text;
}
