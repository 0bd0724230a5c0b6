import { LocalProtocolError } from '@offhook/core';
import { assertHeaderValue, assertToken, assertUri, isHeaderValue } from './header-value.ts';
import type { HeaderFields, RequestDraft, ResponseDraft, SipRequest } from './message.ts';
import { reasonPhrase } from './reason-phrase.ts';

/**
 * Writes a request: request line, Via, the draft's fields in their order, Content-Length counted in bytes, body.
 * @param via the whole value of the one Via
 * @throws LocalProtocolError `E_SIP_LOCAL` when a part would break out of its line, or the draft brings its own Content-Length
 * @source RFC 3261 §7.1, §8.1.1
 */
export function buildRequest(draft: RequestDraft, via: string): Uint8Array {
  assertToken(draft.method, 'the method');
  assertUri(draft.uri, 'the Request-URI');
  return assemble(`${draft.method} ${draft.uri} SIP/2.0\r\n${field('Via', via)}${fieldLines(draft.headers)}`, draft.body);
}

/**
 * Writes the response to a request. Copied from it: every Via, From, To (with the draft's tag if it has none), Call-ID, CSeq,
 * Record-Route into 101…299, Timestamp into 100. A field that a faulty request lacks is left out.
 * @param via replaces the top Via value: the one stamped with `received` and `rport`
 * @throws LocalProtocolError `E_SIP_LOCAL` when a part of the draft would break out of its line, or the status is not 100…699
 * @source RFC 3261 §8.2.6, §12.1.1
 */
export function buildResponse(request: SipRequest, draft: ResponseDraft, via?: string): Uint8Array {
  const { status } = draft;
  if (!Number.isInteger(status) || status < 100 || status > 699) {
    throw new LocalProtocolError(`the status of a response is ${status}; an integer of 100 to 699 is required`);
  }
  const reason = draft.reason ?? reasonPhrase(status);
  assertHeaderValue(reason, 'the reason phrase');
  const [top, ...below] = request.headers('Via');
  let head = `SIP/2.0 ${status} ${reason}\r\n${copied('Via', via ?? top)}`;
  for (const value of below) head += copied('Via', value);
  if (status > 100 && status < 300) for (const value of request.headers('Record-Route')) head += copied('Record-Route', value);
  head += copied('From', request.header('From')) + copied('To', taggedTo(request, draft.toTag));
  head += copied('Call-ID', request.header('Call-ID')) + copied('CSeq', request.header('CSeq'));
  if (status === 100) head += copied('Timestamp', request.header('Timestamp'));
  return assemble(head + fieldLines(draft.headers ?? []), draft.body);
}

function taggedTo(request: SipRequest, tag: string | undefined): string | undefined {
  const to = request.header('To');
  if (to === undefined || tag === undefined || request.to.params.has('tag')) return to;
  assertToken(tag, 'the To tag');
  return `${to};tag=${tag}`;
}

function copied(name: string, value: string | undefined): string {
  return value === undefined ? '' : field(name, value);
}

function field(name: string, value: string): string {
  if (!isHeaderValue(value)) assertHeaderValue(value, `the value of ${name}`);
  return `${name}: ${value}\r\n`;
}

/** Names that have been found good: a program writes few. */
const goodNames = new Set<string>();
const mostGoodNames = 256;

function assertName(name: string): void {
  if (goodNames.has(name)) return;
  assertToken(name, 'a header name');
  if (/^(?:content-length|l)$/i.test(name))
    throw new LocalProtocolError('Content-Length is counted by the builder; leave it out of the draft');
  if (goodNames.size < mostGoodNames) goodNames.add(name);
}

function fieldLines(fields: HeaderFields): string {
  let lines = '';
  for (const [name, value] of fields) {
    assertName(name);
    lines += field(name, value);
  }
  return lines;
}

function assemble(head: string, body: Uint8Array | undefined): Uint8Array {
  if (body === undefined || body.length === 0) return Buffer.from(`${head}Content-Length: 0\r\n\r\n`);
  return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
}
