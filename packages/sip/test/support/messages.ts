import { buildResponse } from '../../src/codec/build-message.ts';
import type { SipFault, SipMessage, SipRequest, SipResponse } from '../../src/codec/message.ts';
import { parseMessage } from '../../src/codec/parse-message.ts';
import { readSipUri } from '../../src/codec/sip-uri.ts';

/** Messages on paper: a sound one, of which a test changes what it is about. */

export interface Paper {
  /** First line; without it the message is a MESSAGE request. */
  readonly start?: string;
  /** Lines that stand for the default one of the same field; `undefined` leaves it out. */
  readonly over?: Readonly<Record<string, string | undefined>>;
  /** Further lines, behind the others. */
  readonly more?: readonly string[];
  readonly body?: string | Uint8Array;
}

const defaults: Readonly<Record<string, string>> = {
  Via: 'Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKpaper;rport',
  'Max-Forwards': 'Max-Forwards: 70',
  From: 'From: "Bob" <sip:bob@example.com>;tag=theirs',
  To: 'To: <sip:alice@example.com>',
  'Call-ID': 'Call-ID: paper-1@198.51.100.1',
};

/** The message as bytes. Content-Length is counted unless a line of `more` or `over` brings one. */
export function paper({ start, over = {}, more = [], body = '' }: Paper = {}): Buffer {
  const first = start ?? 'MESSAGE sip:alice@192.0.2.1 SIP/2.0';
  const method = /^SIP\//i.test(first) ? 'MESSAGE' : first.split(' ', 1)[0];
  const bytes = Buffer.from(body);
  const lines = { ...defaults, CSeq: `CSeq: 7 ${method}`, 'Content-Length': `Content-Length: ${bytes.length}`, ...over };
  const counted = more.some((line) => /^(?:content-length|l)\s*:/i.test(line));
  const kept = Object.entries(lines).filter(([name, line]) => line !== undefined && !(counted && name === 'Content-Length'));
  return Buffer.concat([Buffer.from([first, ...kept.map(([, line]) => line), ...more, '', ''].join('\r\n')), bytes]);
}

export function read(message: Uint8Array | Paper): SipMessage {
  const parsed = parseMessage(message instanceof Uint8Array ? message : paper(message));
  if (parsed.kind === 'fault') throw new Error(`refused as ${parsed.fault}: ${parsed.detail}`);
  return parsed;
}

export function readRequest(message: Uint8Array | Paper = {}): SipRequest {
  const parsed = read(message);
  if (parsed.kind !== 'request') throw new Error('a response where a request is expected');
  return parsed;
}

export function readResponse(message: Uint8Array | Paper): SipResponse {
  const parsed = read(message);
  if (parsed.kind !== 'response') throw new Error('a request where a response is expected');
  return parsed;
}

export function readFault(message: Uint8Array | Paper): SipFault {
  const parsed = parseMessage(message instanceof Uint8Array ? message : paper(message));
  if (parsed.kind !== 'fault') throw new Error('taken, where a fault is expected');
  return parsed;
}

/** `taken`, `bad-via 400` or, where nothing can be answered, `start-line`. */
export function verdict(message: Uint8Array | Paper): string {
  const parsed = parseMessage(message instanceof Uint8Array ? message : paper(message));
  if (parsed.kind !== 'fault') return 'taken';
  return parsed.answer === undefined ? parsed.fault : `${parsed.fault} ${parsed.answer.status}`;
}

/** Reads whatever can be read of a message, and answers it if it is a request: nothing of it may throw. */
export function exhaust(bytes: Uint8Array): void {
  const parsed = parseMessage(bytes);
  const message = parsed.kind === 'fault' ? parsed.answer?.request : parsed;
  if (message === undefined) return;
  for (const [name, value] of message.fields) {
    if (/[\r\n]/.test(value)) throw new Error(`the value of ${name} is two lines`);
    message.header(name);
    message.headers(name);
  }
  for (const contact of message.contacts) readSipUri(contact.uri);
  if (message.body.length > bytes.length) throw new Error('a body longer than its message');
  if (message.kind === 'request') buildResponse(message, { status: 400, toTag: 'ours' });
}
