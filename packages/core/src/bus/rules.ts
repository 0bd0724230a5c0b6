import type { BusHeaders } from '../contracts/bus.ts';
import { BusError } from '../errors.ts';

/**
 * What may cross a bus. Every bus applies the same rules before it sends, so that what works in process works on NATS.
 * @source NATS subject-based messaging; NATS ADR-4 (headers), ADR-6 (naming rules)
 */

/** Largest message, payload and headers together, bytes: the default `max_payload` of nats-server. */
export const maxMessageBytes = 1_048_576;

/** Longest subject, pattern or queue name: two of them fit the 4,096 bytes of a NATS control line. */
const maxSubjectLength = 1_024;

const visible = /^[\x21-\x7e]+$/;
/** A subject whose tokens have no wildcard in them: nearly all of them, seen at one glance. */
const plainSubject = /^[\x21-\x29\x2b-\x2d\x2f-\x3d\x3f-\x7e]+(?:\.[\x21-\x29\x2b-\x2d\x2f-\x3d\x3f-\x7e]+)*$/;
const headerName = /^[\x21-\x39\x3b-\x7e]+$/;
/** Payloads below this size are never near the limit; headers alone never come close to the other half. */
const smallPayloadBytes = maxMessageBytes / 2;

const show = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

function refuse(what: string, text: string, fault: string): never {
  throw new BusError(
    'E_BUS_SUBJECT',
    `${what} ${show(text)} ${fault}; expected at most ${maxSubjectLength} visible ASCII characters in non-empty tokens joined by dots`,
  );
}

function readTokens(what: string, text: string): readonly string[] {
  if (text.length > maxSubjectLength) refuse(what, text, `has ${text.length} characters`);
  if (!visible.test(text)) refuse(what, text, text === '' ? 'is empty' : 'has a blank, a control or a non-ASCII character');
  const tokens = text.split('.');
  if (tokens.includes('')) refuse(what, text, 'has an empty token');
  return tokens;
}

/** Tokens of a subject to publish to: no wildcards. @throws BusError `E_BUS_SUBJECT` */
export function readSubject(subject: string): readonly string[] {
  const tokens = readTokens('subject', subject);
  if (tokens.includes('*') || tokens.includes('>'))
    refuse('subject', subject, 'has a wildcard, which only a subscription may have');
  return tokens;
}

/** Tokens of a subject to subscribe: `*` for one token, `>` for one or more at the end. @throws BusError `E_BUS_SUBJECT` */
export function readPattern(pattern: string): readonly string[] {
  const tokens = readTokens('subscription', pattern);
  const tail = tokens.indexOf('>');
  if (tail >= 0 && tail < tokens.length - 1) refuse('subscription', pattern, 'has ">" before its last token');
  return tokens;
}

/** The check of `readSubject`, without its tokens. @throws BusError `E_BUS_SUBJECT` */
export function assertSubject(subject: string): void {
  if (subject.length > maxSubjectLength || !plainSubject.test(subject)) readSubject(subject);
}

/** A name that becomes one token of a subject. @throws BusError `E_BUS_SUBJECT` */
export function readToken(name: string): string {
  if (readSubject(name).length !== 1) refuse('name', name, 'has a dot, which would make two tokens of it');
  return name;
}

/** @throws BusError `E_BUS_SUBJECT` when the name of a queue group could not travel */
export function assertQueue(queue: string | undefined): void {
  if (queue !== undefined) readTokens('queue group', queue);
}

/** Bytes of headers on the wire: `NATS/1.0`, `name: value` lines, an empty line. */
function headerBytes(headers: BusHeaders): number {
  let bytes = 12;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(value) + 4;
  return bytes;
}

function assertHeader(name: string, value: string): void {
  if (!headerName.test(name))
    throw new BusError('E_BUS_PAYLOAD', `header name ${show(name)} cannot travel; expected visible ASCII without ":"`);
  if (value.includes('\n') || value.includes('\r') || value.trim() !== value) {
    throw new BusError('E_BUS_PAYLOAD', `value of header ${name} cannot travel; expected one line without blanks around it`);
  }
}

/** @throws BusError `E_BUS_PAYLOAD` when payload and headers exceed 1 MiB or a header cannot travel unchanged */
export function assertMessage(payload: Uint8Array, headers: BusHeaders | undefined): void {
  if (headers !== undefined) for (const name in headers) assertHeader(name, headers[name] as string);
  if (payload.length <= smallPayloadBytes) return;
  const bytes = payload.length + (headers === undefined ? 0 : headerBytes(headers));
  if (bytes > maxMessageBytes) {
    throw new BusError('E_BUS_PAYLOAD', `message of ${bytes} bytes; expected at most ${maxMessageBytes}, headers included`);
  }
}
