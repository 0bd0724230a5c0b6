import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NameAddr } from '../src/codec/message.ts';
import { isNameAddr, readNameAddr } from '../src/codec/name-addr.ts';
import { parseMessage } from '../src/codec/parse-message.ts';
import { formatSipUri, readSipUri } from '../src/codec/sip-uri.ts';
import { readParam, readParams } from '../src/codec/text.ts';
import { readVia, stampVia } from '../src/codec/via.ts';
import { lineText, requestBytes, responseBytes, runs, sample, sipUri } from './support/arbitrary-messages.ts';
import { exhaust, paper, readRequest, readResponse, verdict } from './support/messages.ts';

const plain = ({ display, uri, params }: NameAddr) => [display, uri, [...params]];

describe('what is built comes back (round trip)', () => {
  it('as a request: line, fields, addresses and body', () => {
    fc.assert(
      fc.property(sample, (drawn) => {
        const request = readRequest(requestBytes(drawn));
        const { draft, via, callId, number, from, to, contacts, branch } = drawn;
        expect(request).toMatchObject({ method: draft.method, uri: draft.uri, callId, cseq: { number, method: draft.method } });
        expect(request.fields).toEqual([['Via', via], ...draft.headers, ['Content-Length', `${draft.body?.length}`]]);
        expect(request.via.branch).toBe(branch);
        expect([request.from, request.to, ...request.contacts].map(plain)).toEqual([from, to, ...contacts].map(plain));
        expect(Buffer.from(request.body).equals(Buffer.from(draft.body ?? []))).toBe(true);
      }),
      runs(300),
    );
  });

  it('as a response to it', () => {
    const answer = fc.tuple(sample, fc.integer({ min: 100, max: 699 }), lineText);
    fc.assert(
      fc.property(answer, ([drawn, status, reason]) => {
        const response = readResponse(responseBytes(drawn, status, reason));
        const request = readRequest(requestBytes(drawn));
        expect(response).toMatchObject({ status, reason, callId: drawn.callId, cseq: request.cseq });
        expect(response.headers('Via')).toEqual(request.headers('Via'));
        expect(response.to.params.get('tag')).toBe(drawn.to.params.get('tag') ?? 'server');
        expect(plain(response.from)).toEqual(plain(drawn.from));
      }),
      runs(200),
    );
  });

  it('as a URI, letter by letter (RFC 3261 section 19.1.4)', () => {
    fc.assert(
      fc.property(sipUri, (text) => {
        const uri = readSipUri(text);
        expect(uri && formatSipUri(uri)).toBe(text);
      }),
      runs(500),
    );
  });

  it('as a stamped Via: the same branch, the true source (RFC 3581 section 4)', () => {
    fc.assert(
      fc.property(sample, fc.boolean(), fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), ({ via, branch }, asks, host, port) => {
        const stamped = readVia(stampVia(asks ? `${via};rport` : via, host, port));
        expect(stamped?.branch).toBe(branch);
        expect([stamped?.params.get('received') ?? stamped?.host, stamped?.params.get('rport')]).toEqual([
          host,
          asks ? `${port}` : undefined,
        ]);
      }),
      runs(200),
    );
  });
});

describe('nothing the network sends throws', () => {
  const seeds = [
    paper({ start: 'INVITE sip:a%25;x@[::1]:5060;lr SIP/2.0', more: ['m: "a, \\"b" <sip:c@d;e>;q=1, *'], body: 'v=0' }),
    paper({
      start: 'SIP/2.0 401 No [x]',
      more: ['WWW-Authenticate: Digest realm="x", nonce="y"', 'Subject: a\r\n b'],
      body: 'ü',
    }),
    paper({
      over: { Via: 'v: SIP/2.0/UDP [::1]:5060;branch="z9";rport, SIP/2.0/UDP b', From: 'f: <tel:1>;tag=1' },
      more: ['l: 0'],
    }),
  ];

  it('no prefix of a message', () => {
    for (const seed of seeds) for (let length = 0; length <= seed.length; length++) exhaust(seed.subarray(0, length));
  });

  it('no message with one byte changed, lost or put in', () => {
    for (const seed of seeds) {
      for (let at = 0; at < seed.length; at++) {
        for (const byte of [0, 9, 10, 13, 32, 34, 44, 58, 59, 60, 62, 92, 255, (seed[at] ?? 0) ^ 1, (seed[at] ?? 0) ^ 0x20]) {
          const changed = Buffer.from(seed);
          changed[at] = byte;
          exhaust(changed);
          exhaust(Buffer.concat([seed.subarray(0, at), Buffer.from([byte]), seed.subarray(at)]));
        }
        exhaust(Buffer.concat([seed.subarray(0, at), seed.subarray(at + 1)]));
      }
    }
  });

  it('no bytes at random', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), exhaust), runs(1000));
  });

  it('no heap of the words SIP is made of', () => {
    const words = fc.constantFrom(
      ...['\r\n', '\r\n\r\n', '\r', '\n', ' ', '\t', ':', ';', ',', '"', '\\', '<', '>', '=', '@', '[', ']', '%', '*', '\0', 'ü'],
      ...[
        'SIP/2.0',
        'SIP/2.0 200 OK\r\n',
        'INVITE sip:a@b SIP/2.0\r\n',
        'Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n',
        'v:',
        'Contact:',
      ],
      ...[
        'From: <sip:a@b>;tag=1\r\n',
        'To:',
        'i: x\r\n',
        'CSeq: 1 INVITE\r\n',
        'Content-Length: 5\r\n',
        'constructor',
        '__proto__: 1\r\n',
      ],
    );
    const start = fc.constantFrom(
      '',
      'SIP/2.0 200 OK\r\n',
      'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n',
      `${paper().toString().slice(0, -4)}\r\n`,
    );
    const heap = fc.tuple(start, fc.array(words, { maxLength: 30 })).map(([head, parts]) => Buffer.from(head + parts.join('')));
    fc.assert(fc.property(heap, exhaust), runs(3000));
  });

  it('and an empty line in front of a message changes nothing (RFC 3261 section 7.5)', () => {
    for (const seed of seeds) {
      expect(verdict(seed)).toBe('taken');
      expect(parseMessage(Buffer.concat([Buffer.from('\r\n'), seed]))).toMatchObject({ kind: parseMessage(seed).kind });
    }
  });
});

describe('what is seen at a glance is what a full reading finds', () => {
  const word = fc.constantFrom(
    ...[';', ',', '=', '"', '\\', ' ', '\t', '<', '>', '<>', '< ', ':', 'ü', '\u00a0', '\v', 'sip:a@b', '<sip:a@b>', 'a'],
    ...['branch', 'Branch', ';branch=', ';BRANCH="', 'branch=z9', 'xbranch', 'branchx'],
  );
  const words = fc.array(word, { maxLength: 12 }).map((parts) => parts.join('').replace(/^[ \t]+|[ \t]+$/g, ''));

  it('one parameter among others', () => {
    fc.assert(
      fc.property(words, (text) => {
        expect(readParam(text, 0, 'branch')).toBe(readParams(text, 0).get('branch'));
      }),
      runs(5000),
    );
  });

  it('whether an address can be read', () => {
    fc.assert(
      fc.property(words, (text) => {
        expect(isNameAddr(text)).toBe(readNameAddr(text) !== undefined);
      }),
      runs(5000),
    );
  });
});
