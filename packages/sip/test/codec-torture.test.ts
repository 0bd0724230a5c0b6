import { describe, expect, it } from 'vitest';
import { buildResponse } from '../src/codec/build-message.ts';
import { type Paper, paper, read, readFault, readRequest, verdict } from './support/messages.ts';

/**
 * Messages in the spirit of RFC 4475, of our own writing. Each expectation follows the section named; where we are more tolerant,
 * the name says so. Expected is `taken`, a fault and the status it is answered with, or a fault that cannot be answered.
 */
type Case = readonly [section: string, what: string, message: Paper | Uint8Array, expected: string];

const register = 'REGISTER sip:example.com SIP/2.0';
const valid: readonly Case[] = [
  [
    '3.1.1.1',
    'blanks and folds wherever they may stand',
    {
      start: 'INVITE sip:vee@example.com;unknown SIP/2.0',
      over: {
        Via: 'v:  SIP  / 2.0\r\n /UDP\r\n  192.0.2.2 ;branch = z9hG4bKblank\t, SIP/2.0/TCP a ; ttl = 1',
        From: 'f : "J \\\\\\"D\\"" \r\n <sip:jay@example.com>\r\n ; tag\t= 98asjd8',
        To: 'TO :\r\n sip:vee@example.com ;   tag    = 1918181833n',
        CSeq: 'cseq: 0009\r\n  INVITE',
        'Max-Forwards': 'MaX-fOrWaRdS:\t0068',
      },
      more: ['NewField:', 'Unknown: x;\r\n ;y', 'm:"Quoted \\"\\"" <sip:jay@h> ; np =\r\n nv ; q = 0.33'],
    },
    'taken',
  ],
  [
    '3.1.1.2',
    'every character a token may have, in every place for one',
    {
      start: `!A-z0.%*_+\`'~ sip:1_a.!~*'();,/=+$@b SIP/2.0`,
      more: ["tok-!%*_+`'~: x"],
      over: { From: "From: ~!' <sip:a@b>;tag=_*%" },
    },
    'taken',
  ],
  ['3.1.1.3', 'escapes that stay as they are', { start: 'MESSAGE sip:%61lice%40x@%65x.com SIP/2.0' }, 'taken'],
  ['3.1.1.4', 'an escaped NUL in a user part', { over: { From: 'From: <sip:nul-%00@example.com>;tag=1' } }, 'taken'],
  [
    '3.1.1.5',
    'a percent sign that escapes nothing',
    { start: 'RE%47IST%45R sip:a@b SIP/2.0', more: ['Contact: "%Z" <sip:a@b>'] },
    'taken',
  ],
  [
    '3.1.1.6',
    'no blank between name and bracket',
    { over: { From: 'From: jay<sip:jay@example.com>;tag=1', To: 'To: "a"<sip:a@b>' } },
    'taken',
  ],
  [
    '3.1.1.7',
    'long values of every kind',
    {
      start: `MESSAGE sip:${'u'.repeat(900)}@${'h'.repeat(200)}.com;${'p'.repeat(900)}=${'v'.repeat(900)} SIP/2.0`,
      over: { From: `From: "${'x'.repeat(9000)}" <sip:a@b>;tag=${'t'.repeat(900)}`, 'Call-ID': `Call-ID: ${'c'.repeat(900)}@x` },
      more: Array.from({ length: 40 }, (_, i) => `Via: SIP/2.0/TCP h${i};branch=z9hG4bK${i}`),
    },
    'taken',
  ],
  ['3.1.1.8', 'another message behind the first in one datagram', Buffer.concat([paper(), paper({ start: register })]), 'taken'],
  [
    '3.1.1.9',
    'a user part with a parameter of its own',
    { start: 'OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0' },
    'taken',
  ],
  [
    '3.1.1.10',
    'transports nobody has heard of',
    { over: { Via: 'Via: SIP/2.0/SPACECRAFT-7 moon.example.com;branch=z9hG4bKs' } },
    'taken',
  ],
  [
    '3.1.1.11',
    'a multipart body with bytes of every value',
    { body: Buffer.concat([Buffer.from('--b\r\n\r\n'), Buffer.from([0, 1, 128, 255]), Buffer.from('\r\n--b--')]) },
    'taken',
  ],
  ['3.1.1.12', 'a reason phrase in Cyrillic', { start: 'SIP/2.0 200 = 2**3 * 5**2 но' }, 'taken'],
  ['3.1.1.13', 'no reason phrase', { start: 'SIP/2.0 100 ' }, 'taken'],
];

const invalid: readonly Case[] = [
  [
    '3.1.2.1',
    'a Via with parameters that are only separators: tolerated',
    { over: { Via: 'Via: SIP/2.0/UDP h;;;;branch=z9hG4bK;;' } },
    'taken',
  ],
  ['3.1.2.1', 'a Via that begins with separators', { over: { Via: 'Via: ;;;,,SIP/2.0/UDP h' } }, 'bad-via'],
  [
    '3.1.2.2',
    'more body announced than there is',
    { over: { 'Content-Length': 'Content-Length: 9999' }, body: 'v=0' },
    'short-body 400',
  ],
  ['3.1.2.3', 'a negative length', { over: { 'Content-Length': 'Content-Length: -999' }, body: 'v=0' }, 'bad-content-length 400'],
  ['3.1.2.4', 'numbers above their range', { over: { CSeq: 'CSeq: 36893488147419103232 MESSAGE' } }, 'bad-cseq 400'],
  [
    '3.1.2.5',
    'the same in a response',
    { start: 'SIP/2.0 503 x', over: { CSeq: 'CSeq: 9292394834772304023312 OPTIONS' } },
    'bad-cseq',
  ],
  ['3.1.2.6', 'a quote that never closes', { over: { To: 'To: "Mr J. User <sip:j.user@example.com>' } }, 'bad-to 400'],
  ['3.1.2.7', 'a Request-URI in brackets', { start: 'MESSAGE <sip:user@example.com> SIP/2.0' }, 'start-line 400'],
  ['3.1.2.8', 'a Request-URI with a blank in it', { start: 'MESSAGE sip:user@example.com; lr SIP/2.0' }, 'start-line 400'],
  ['3.1.2.9', 'two blanks in a request line', { start: 'MESSAGE  sip:user@example.com  SIP/2.0' }, 'start-line 400'],
  ['3.1.2.10', 'a blank behind a request line', { start: 'MESSAGE sip:user@example.com SIP/2.0  ' }, 'start-line 400'],
  [
    '3.1.2.11',
    'headers in a Request-URI: left to who serves it',
    { start: 'MESSAGE sip:u@h?Route=%3Csip:x%3E SIP/2.0' },
    'taken',
  ],
  ['3.1.2.12', 'a Date in another zone: read as no date', { more: ['Date: Fri, 01 Jan 2010 16:00:00 EST'] }, 'taken'],
  [
    '3.1.2.13',
    'a Contact whose URI lacks its brackets: tolerated',
    { start: register, more: ['Contact: sip:u@h?Route=%3Csip:x%3E'] },
    'taken',
  ],
  [
    '3.1.2.14',
    'blanks inside an address: tolerated, a message may quote it',
    { over: { To: 'To: "W" < sip:w@example.com >' } },
    'taken',
  ],
  [
    '3.1.2.15',
    'a display name that is no token: tolerated',
    { over: { From: 'From: Bell, Alexander <sip:a.g.bell@h>;tag=43' } },
    'taken',
  ],
  ['3.1.2.16', 'a version from the future', { start: 'MESSAGE sip:a@b SIP/7.0' }, 'version 505'],
  ['3.1.2.17', 'a CSeq of another method', { over: { CSeq: 'CSeq: 8 INVITE' } }, 'cseq-method 400'],
  [
    '3.1.2.18',
    'the same with a method nobody knows',
    { start: 'NEWMETHOD sip:a@b SIP/2.0', over: { CSeq: 'CSeq: 8 INVITE' } },
    'cseq-method 400',
  ],
  ['3.1.2.19', 'a status of ten digits', { start: 'SIP/2.0 4294967301 better not' }, 'start-line'],
  ['3.3.1', 'no Call-ID, From or To', { over: { 'Call-ID': undefined, From: undefined, To: undefined } }, 'missing-from 400'],
  ['3.3.2', 'a Request-URI of a scheme nobody knows', { start: 'MESSAGE nobodyknows:a(b)c@d SIP/2.0' }, 'taken'],
  ['3.3.4', 'addresses of such a scheme', { over: { To: 'To: <isbn:2983792873>', From: 'From: <http://h>;tag=1' } }, 'taken'],
  ['3.3.8', 'fields that must stand once, twice', { more: ['CSeq: 59 MESSAGE', 'To: sip:x@y', 'i: other'] }, 'duplicate-to 400'],
  [
    '3.3.9',
    'lengths that disagree',
    { more: ['Content-Length: 13', 'Content-Length: 5'], body: 'there is some' },
    'duplicate-content-length 400',
  ],
  ['3.3.15', 'Max-Forwards of nought: left to who forwards it', { over: { 'Max-Forwards': 'Max-Forwards: 0' } }, 'taken'],
  ['3.4.1', 'no branch, from a time before it had a meaning', { over: { Via: 'Via: SIP/2.0/UDP h' } }, 'taken'],
];

describe('torture: well-formed (RFC 4475 section 3.1.1)', () => {
  it.each(valid)('%s: %s', (_section, _what, message, expected) => {
    expect(verdict(message)).toBe(expected);
  });

  it('reads what stands between the blanks and folds (3.1.1.1)', () => {
    const message = readRequest(valid[0]?.[2] ?? {});
    expect(message.via).toMatchObject({ protocol: 'UDP', host: '192.0.2.2', branch: 'z9hG4bKblank' });
    expect([message.from.display, message.from.params.get('tag'), message.to.params.get('tag')]).toEqual([
      'J \\"D"',
      '98asjd8',
      '1918181833n',
    ]);
    expect([message.cseq.number, message.contacts[0]?.display, message.contacts[0]?.params.get('q')]).toEqual([
      9,
      'Quoted ""',
      '0.33',
    ]);
    expect([message.header('Max-Forwards'), message.header('newfield'), message.headers('Via').length]).toEqual(['0068', '', 2]);
  });

  it('takes the first of two messages in one datagram (3.1.1.8)', () => {
    expect(readRequest(valid[7]?.[2] ?? {})).toMatchObject({ method: 'MESSAGE', body: { length: 0 } });
  });
});

describe('torture: malformed or strange (RFC 4475 sections 3.1.2, 3.3, 3.4)', () => {
  it.each(invalid)('%s: %s', (_section, _what, message, expected) => {
    expect(verdict(message)).toBe(expected);
  });

  it('is answered by a response that can be read, wherever it can be answered', () => {
    const answerable = invalid.filter(([, , , expected]) => / \d{3}$/.test(expected));
    for (const [, what, message] of answerable) {
      const { answer } = readFault(message);
      if (answer === undefined) throw new Error(what);
      const written = Buffer.from(buildResponse(answer.request, { status: answer.status })).toString();
      expect(written).toMatch(/^SIP\/2\.0 (?:400|505) [^\r\n]+\r\nVia: SIP\/2\.0\/UDP /);
      expect(
        written
          .split('\r\n')
          .slice(1, -2)
          .every((line) => /^[A-Za-z-]+: /.test(line)),
      ).toBe(true);
    }
  });

  it('is never read out as two lines', () => {
    for (const [, , message, expected] of [...valid, ...invalid]) {
      if (expected !== 'taken') continue;
      for (const [, value] of read(message).fields) expect(value).not.toMatch(/[\r\n\0]/);
    }
  });
});
