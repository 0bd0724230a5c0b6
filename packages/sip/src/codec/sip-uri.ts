import { assertUri, isUriText } from './header-value.ts';
import { bareHost, bracketHost } from './via.ts';

/** A `sip:`, `sips:` or `tel:` URI. Percent-escapes stay as received, so that what goes out equals what came in (RFC 3261 §19.1.4). */
export interface SipUri {
  /** `sip`, `sips` or `tel`. */
  readonly scheme: string;
  /** Escaped as received; '' when the URI has no user. For `tel` the number. */
  readonly user: string;
  readonly password?: string;
  /** As received, IPv6 without brackets; '' for `tel`. */
  readonly host: string;
  readonly port: number | undefined;
  /** Names in lowercase, values as received; a flag has the value ''. */
  readonly params: ReadonlyMap<string, string>;
  /** Embedded headers, as received. */
  readonly headers: ReadonlyMap<string, string>;
}

const schemePattern = /^(sips?|tel):/i;
const hostPort = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?(?=[;?]|$)/;

/** Undefined when the text is no usable URI of these schemes. @source RFC 3261 §19.1.1, RFC 3966 §3 */
export function readSipUri(text: string): SipUri | undefined {
  const scheme = schemePattern.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !isUriText(text)) return undefined;
  const rest = text.slice(scheme.length + 1);
  return scheme === 'tel' ? readTel(rest) : readHierarchy(scheme, rest);
}

function readTel(rest: string): SipUri | undefined {
  const semicolon = rest.indexOf(';');
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon);
  if (number === '') return undefined;
  const params = readPairs(rest.slice(number.length + 1), ';', true);
  return { scheme: 'tel', user: number, host: '', port: undefined, params, headers: new Map() };
}

function readHierarchy(scheme: string, rest: string): SipUri | undefined {
  // A raw @ may stand nowhere but behind the userinfo, which itself may hold ; and ?.
  const at = rest.indexOf('@');
  if (at === 0) return undefined;
  const userinfo = rest.slice(0, Math.max(at, 0));
  const tail = rest.slice(at + 1);
  const match = hostPort.exec(tail);
  const host = match?.[1];
  if (match === null || host === undefined) return undefined;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined;
  const question = tail.indexOf('?');
  const colon = userinfo.indexOf(':');
  return {
    scheme,
    user: colon < 0 ? userinfo : userinfo.slice(0, colon),
    ...(colon < 0 ? {} : { password: userinfo.slice(colon + 1) }),
    host: bareHost(host),
    port,
    params: readPairs(tail.slice(match[0].length + 1, question < 0 ? tail.length : question), ';', true),
    headers: readPairs(question < 0 ? '' : tail.slice(question + 1), '&', false),
  };
}

function readPairs(text: string, separator: string, lowercase: boolean): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const piece of text.split(separator)) {
    const equals = piece.indexOf('=');
    const received = equals < 0 ? piece : piece.slice(0, equals);
    const name = lowercase ? received.toLowerCase() : received;
    if (name !== '' && !pairs.has(name)) pairs.set(name, equals < 0 ? '' : piece.slice(equals + 1));
  }
  return pairs;
}

/** @throws LocalProtocolError `E_SIP_LOCAL` when a part holds blanks, control characters, quotes or angle brackets */
export function formatSipUri(uri: SipUri): string {
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const userinfo = uri.user === '' ? '' : `${uri.user}${password}${uri.scheme === 'tel' ? '' : '@'}`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  const params = [...uri.params].map(([name, value]) => (value === '' ? `;${name}` : `;${name}=${value}`)).join('');
  // A header keeps its `=` even when it is empty (RFC 3261 §25.1, header).
  const headers = uri.headers.size === 0 ? '' : `?${[...uri.headers].map(([name, value]) => `${name}=${value}`).join('&')}`;
  const text = `${uri.scheme}:${userinfo}${bracketHost(uri.host)}${port}${params}${headers}`;
  assertUri(text, 'a part of a SIP URI');
  return text;
}

/** @source RFC 3261 §19.1.1 */
export function isLooseRoute(uri: SipUri): boolean {
  return uri.params.has('lr');
}

/** `udp`, `tcp`, `tls` …; `tls` for `sips:` without the parameter; undefined when the URI leaves it open. @source RFC 3261 §26.2.2, RFC 3263 §4.1 */
export function uriTransport(uri: SipUri): string | undefined {
  const transport = uri.params.get('transport')?.toLowerCase() || undefined;
  return uri.scheme === 'sips' && (transport === undefined || transport === 'tcp') ? 'tls' : transport;
}

/** The `line` parameter of a Contact of ours: the key of the line, lowercase because URI parameters ignore case (design section 4). */
export function uriLine(uri: SipUri): string | undefined {
  return uri.params.get('line')?.toLowerCase() || undefined;
}
