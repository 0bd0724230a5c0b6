import { findLine, type HeadIndex, indexHead, lineValue, peekLine } from './head-index.ts';
import { type Essentials, LazyRequest, LazyResponse } from './lazy-message.ts';
import { type CodecLimits, defaultLimits } from './limits.ts';
import type { SipFault, SipRequest, SipResponse, Via } from './message.ts';
import { isNameAddr } from './name-addr.ts';
import { readStartLine, type StartLine } from './start-line.ts';
import { isToken } from './text.ts';
import { readVia } from './via.ts';

/** What is wrong with a message, before it is known whether that can be answered. */
interface Flaw {
  readonly fault: string;
  readonly detail: string;
  readonly status: number;
}

const single = ['From', 'To', 'Call-ID', 'CSeq'] as const;
const cseqPattern = /^(\d{1,10})\s+(\S+)$/;
const maxCseq = 4_294_967_295;

/**
 * Reads one whole message: a datagram, or what the framer cut from a stream. Never throws, time linear in the size.
 * A fault carries `answer` when it is a request (no ACK) whose top Via can be read; fields the request lacks are then empty.
 * A datagram longer than its Content-Length is cut to it.
 * @source RFC 3261 §7, §8.2, §16.3, §18.3
 */
export function parseMessage(bytes: Uint8Array, limits: CodecLimits = defaultLimits): SipRequest | SipResponse | SipFault {
  const oversize = bytes.length > limits.maxBytes;
  const index = indexHead(oversize ? bytes.subarray(0, limits.maxBytes) : bytes, limits.maxHeaders);
  const line = readStartLine(index.startLine);
  if (line === undefined)
    return { kind: 'fault', fault: 'start-line', detail: 'the first line is neither a request nor a status line' };
  const fields = readEssentials(index);
  const flaw =
    (oversize ? tooLarge(bytes.length, limits) : undefined) ?? headFlaw(index, line, limits) ?? fieldFlaw(index, line, fields);
  if (flaw !== undefined) return refuse(flaw, line, bytes, index, fields);
  const length = bodyLength(index);
  if (typeof length !== 'number') return refuse(length, line, bytes, index, fields);
  const bodyEnd = index.bodyStart + length;
  return line.kind === 'request'
    ? new LazyRequest(line, bytes, index, fields as Essentials, bodyEnd)
    : new LazyResponse(line, bytes, index, fields as Essentials, bodyEnd);
}

/** The fields as far as they are read before anybody asks. */
interface Readable {
  readonly via: Via | undefined;
  readonly callId: string | undefined;
  readonly cseq: Essentials['cseq'] | undefined;
  /** Its place, when a From can be read from it. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

function readEssentials(index: HeadIndex): Readable {
  const { names } = index;
  const via = names.indexOf('Via');
  const callId = names.indexOf('Call-ID');
  const cseq = names.indexOf('CSeq');
  return {
    via: via < 0 ? undefined : readVia(peekLine(index, via)),
    callId: callId < 0 ? undefined : lineValue(index, callId) || undefined,
    cseq: cseq < 0 ? undefined : readCseq(peekLine(index, cseq)),
    from: addressLine(index, 'From'),
    to: addressLine(index, 'To'),
  };
}

function addressLine(index: HeadIndex, name: string): number | undefined {
  const line = index.names.indexOf(name);
  return line >= 0 && isNameAddr(peekLine(index, line)) ? line : undefined;
}

function readCseq(text: string): Essentials['cseq'] | undefined {
  const match = cseqPattern.exec(text);
  const number = Number(match?.[1]);
  const method = match?.[2] ?? '';
  return number <= maxCseq && isToken(method) ? { number, method } : undefined;
}

function tooLarge(size: number, limits: CodecLimits): Flaw {
  return { fault: 'too-large', detail: `${size} bytes; at most ${limits.maxBytes} are taken`, status: 413 };
}

function bad(fault: string, detail: string): Flaw {
  return { fault, detail, status: 400 };
}

function headFlaw(index: HeadIndex, line: StartLine, limits: CodecLimits): Flaw | undefined {
  if (line.fault === 'version') return { fault: 'version', detail: 'not SIP/2.0', status: 505 };
  if (line.fault !== undefined) return bad('start-line', `malformed ${line.kind === 'request' ? 'request' : 'status'} line`);
  if (index.tooMany) return bad('too-many-headers', `more than ${limits.maxHeaders} header lines`);
  if (index.bodyStart < 0) return bad('truncated', 'no empty line ends the header');
  if (index.stray) return bad('stray-control', 'CR, LF or NUL inside a header line');
  // A response is worth more than its junk line: dropping it would cost the whole transaction.
  if (index.junk && line.kind === 'request') return bad('bad-header', 'a line is no header field');
  return undefined;
}

function fieldFlaw(index: HeadIndex, line: StartLine, fields: Readable): Flaw | undefined {
  if (fields.via === undefined) return missingOrBad(index, 'Via');
  for (const name of single) {
    const first = index.names.indexOf(name);
    if (first >= 0 && index.names.indexOf(name, first + 1) >= 0)
      return bad(`duplicate-${name.toLowerCase()}`, `${name} stands twice`);
  }
  if (fields.from === undefined) return missingOrBad(index, 'From');
  if (fields.to === undefined) return missingOrBad(index, 'To');
  if (fields.callId === undefined) return missingOrBad(index, 'Call-ID');
  if (fields.cseq === undefined) return missingOrBad(index, 'CSeq');
  if (line.kind === 'request' && fields.cseq.method !== line.method) {
    return bad('cseq-method', 'the method of CSeq is not that of the request line');
  }
  return undefined;
}

function missingOrBad(index: HeadIndex, name: string): Flaw {
  const isMissing = findLine(index, name) < 0;
  return bad(
    `${isMissing ? 'missing' : 'bad'}-${name.toLowerCase()}`,
    isMissing ? `${name} is required` : `${name} cannot be read`,
  );
}

/** Bytes of the body, or why it cannot be told. Without Content-Length a datagram's body ends with it. @source RFC 3261 §18.3, §20.14 */
function bodyLength(index: HeadIndex): number | Flaw {
  const available = index.view.length - index.bodyStart;
  const line = index.names.indexOf('Content-Length');
  if (line < 0) return available;
  if (index.names.indexOf('Content-Length', line + 1) >= 0) return bad('duplicate-content-length', 'Content-Length stands twice');
  const text = peekLine(index, line);
  if (!/^\d+$/.test(text)) return bad('bad-content-length', 'Content-Length is no number');
  const announced = Number(text);
  return announced <= available ? announced : bad('short-body', `the body has ${available} bytes; Content-Length says more`);
}

function refuse(flaw: Flaw, line: StartLine, bytes: Uint8Array, index: HeadIndex, fields: Readable): SipFault {
  const { fault, detail, status } = flaw;
  const via = fields.via;
  if (line.kind === 'response' || line.method === 'ACK' || via === undefined) return { kind: 'fault', fault, detail };
  const request = new LazyRequest(line, bytes, index, answerable(fields, via), bytes.length);
  return { kind: 'fault', fault, detail, answer: { status, request } };
}

/** What a refused request lacks is empty; its response copies the lines that are there. */
function answerable(fields: Readable, via: Via): Essentials {
  return {
    via,
    callId: fields.callId ?? '',
    cseq: fields.cseq ?? { number: 0, method: '' },
    from: fields.from,
    to: fields.to,
  };
}
