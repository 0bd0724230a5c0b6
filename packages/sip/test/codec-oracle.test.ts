import fc from 'fast-check';
import {
  type IncomingRequestMessage,
  IncomingResponseMessage,
  LoggerFactory,
  type NameAddrHeader,
  Parser,
} from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../src/codec/parse-message.ts';
import { plainUri, requestBytes, responseBytes, runs, sample, sampleOf } from './support/arbitrary-messages.ts';
import { read } from './support/messages.ts';

/** The parser of sip.js, of another make altogether: where both can read a message, they read the same. */

const factory = new LoggerFactory();
factory.builtinEnabled = false;
const logger = factory.getLogger('test');

type Stock = IncomingRequestMessage | IncomingResponseMessage;
const stock = (bytes: Buffer): Stock | undefined => Parser.parseMessage(bytes.toString(), logger);

/** Contacts of sip.js: it splits the fields but parses one at a time. */
function contactsOf(message: Stock): string[] {
  return message.getHeaders('contact').map((_, i) => (message.parseHeader('contact', i) as NameAddrHeader).uri.toRaw());
}

const seenByStock = (message: Stock) => ({
  status: message instanceof IncomingResponseMessage ? message.statusCode : undefined,
  method: message.method,
  callId: message.callId,
  cseq: message.cseq,
  tags: [message.fromTag, message.toTag ?? ''],
  branch: message.viaBranch,
  from: message.from.uri.toRaw(),
  to: message.to.uri.toRaw(),
  contacts: contactsOf(message),
  subject: message.getHeader('subject') ?? '',
});

function seenByUs(bytes: Buffer) {
  const message = read(bytes);
  return {
    status: message.kind === 'response' ? message.status : undefined,
    method: message.cseq.method,
    callId: message.callId,
    cseq: message.cseq.number,
    tags: [message.from.params.get('tag') ?? '', message.to.params.get('tag') ?? ''],
    branch: message.via.branch,
    from: message.from.uri,
    to: message.to.uri,
    contacts: message.contacts.map(({ uri }) => uri),
    subject: message.header('Subject') ?? '',
  };
}

/** What sip.js cannot read, or writes anew (P2, P7, P8), is not asked of it. */
const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ019 ,;<>@=:.'), maxLength: 20 }).map((text) => text.trim());
const plain = sampleOf(plainUri, ascii);

describe('our parser and that of sip.js (sip-stack reference section 5, order of work 1)', () => {
  it('agree on requests', () => {
    fc.assert(
      fc.property(plain, (drawn) => {
        const bytes = requestBytes(drawn);
        const theirs = stock(bytes);
        expect(theirs && seenByStock(theirs)).toEqual(seenByUs(bytes));
      }),
      runs(150),
    );
  });

  it('agree on responses', () => {
    fc.assert(
      fc.property(plain, fc.integer({ min: 100, max: 699 }), (drawn, status) => {
        const bytes = responseBytes(drawn, status, 'As it may be');
        const theirs = stock(bytes);
        expect(theirs && seenByStock(theirs)).toEqual(seenByUs(bytes));
      }),
      runs(150),
    );
  });

  it('ours reads every well-formed message, theirs does not (P2)', () => {
    let lost = 0;
    fc.assert(
      fc.property(sample, (drawn) => {
        const bytes = requestBytes(drawn);
        expect(parseMessage(bytes).kind).toBe('request');
        if (stock(bytes) === undefined) lost += 1;
      }),
      runs(100),
    );
    expect(lost).toBeGreaterThan(0);
  });
});
