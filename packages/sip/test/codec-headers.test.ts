import { describe, expect, it } from 'vitest';
import { parseMessage } from '../src/codec/parse-message.ts';
import { paper, read, readRequest, readResponse, verdict } from './support/messages.ts';

describe('header fields (RFC 3261 section 7.3)', () => {
  it('are found whatever the case of their names, known or not', () => {
    const message = read({ more: ['SUBJECT: one', 'x-Own: two'], over: { To: 'tO: <sip:alice@example.com>;tag=a' } });
    expect([message.header('Subject'), message.header('subject'), message.header('X-OWN')]).toEqual(['one', 'one', 'two']);
    expect(message.to.params.get('tag')).toBe('a');
  });

  it('may have blanks around the colon and behind the value (section 7.3.1)', () => {
    const message = read({ more: ['Subject\t : \t one two \t'] });
    expect(message.header('Subject')).toBe('one two');
    expect(read({ more: ['Subject:'] }).header('Subject')).toBe('');
  });

  it('are listed in order under their canonical names', () => {
    const message = read({ more: ['s: hello', 'x-own: 1', 'k: path, outbound'] });
    expect(message.fields.slice(-3)).toEqual([
      ['Subject', 'hello'],
      ['x-own', '1'],
      ['Supported', 'path, outbound'],
    ]);
  });

  it('that are missing are undefined, and empty as a list', () => {
    const message = read({});
    expect([message.header('Subject'), message.headers('Route'), message.header('constructor')]).toEqual([
      undefined,
      [],
      undefined,
    ]);
  });

  const compact: readonly (readonly [form: string, name: string])[] = [
    ['a', 'Accept-Contact'],
    ['b', 'Referred-By'],
    ['c', 'Content-Type'],
    ['d', 'Request-Disposition'],
    ['e', 'Content-Encoding'],
    ['j', 'Reject-Contact'],
    ['k', 'Supported'],
    ['m', 'Contact'],
    ['n', 'Identity-Info'],
    ['o', 'Event'],
    ['r', 'Refer-To'],
    ['s', 'Subject'],
    ['u', 'Allow-Events'],
    ['x', 'Session-Expires'],
    ['y', 'Identity'],
  ];
  it.each(compact)('have the compact form %s of %s (section 7.3.3 and the registry of header fields)', (form, name) => {
    for (const spelling of [form, form.toUpperCase()]) {
      const message = read({ more: [`${spelling}: value`] });
      expect([message.header(name), message.header(form), message.fields.at(-1)?.[0]]).toEqual(['value', 'value', name]);
    }
  });

  it('make a whole message in compact form (section 7.3.3)', () => {
    const over = {
      Via: 'v: SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKc',
      From: 'f: <sip:bob@example.com>;tag=f',
      To: 't: sip:alice@example.com',
      'Call-ID': 'i: c@d',
      'Content-Length': 'l: 2',
    };
    const message = readRequest({ over, body: 'hi' });
    expect([message.via.branch, message.from.params.get('tag'), message.to.uri, message.callId]).toEqual([
      'z9hG4bKc',
      'f',
      'sip:alice@example.com',
      'c@d',
    ]);
    expect(Buffer.from(message.body).toString()).toBe('hi');
  });
});

describe('folded lines (RFC 3261 section 7.3.1)', () => {
  it('become one line, each fold one blank', () => {
    const message = read({ more: ['Subject: I know\r\n you are\t\r\n\t there', 'Require: a,\r\n b'] });
    expect(message.header('Subject')).toBe('I know you are there');
    expect(message.headers('Require')).toEqual(['a', 'b']);
  });

  it('may begin with an empty one, or hold blank ones', () => {
    expect(read({ more: ['Subject:\r\n there'] }).header('Subject')).toBe('there');
    expect(read({ more: ['Subject: a\r\n \r\n  b'] }).header('Subject')).toBe('a b');
  });

  it('hold essential fields too, Via and CSeq among them', () => {
    const over = { Via: 'Via: SIP/2.0/UDP\r\n 198.51.100.1\r\n ;branch=z9hG4bKfold', CSeq: 'CSeq: 7\r\n MESSAGE' };
    const message = read({ over });
    expect([message.via.branch, message.cseq]).toEqual(['z9hG4bKfold', { number: 7, method: 'MESSAGE' }]);
  });

  it('do not carry on the request line, or a line that is no field', () => {
    expect(verdict(paper({ start: 'MESSAGE sip:a@b SIP/2.0\r\n x' }))).toBe('bad-header 400');
    expect(verdict({ more: ['no field at all'] })).toBe('bad-header 400');
    expect(verdict({ more: [': no name'] })).toBe('bad-header 400');
    expect(verdict({ more: ['two words: x'] })).toBe('bad-header 400');
  });

  it('that are junk do not cost a response, whose transaction would be lost with it', () => {
    expect(readResponse({ start: 'SIP/2.0 200 OK', more: ['no field at all', 'Subject: x'] }).header('Subject')).toBe('x');
  });
});

describe('lists (RFC 3261 section 7.3.1)', () => {
  it('are one list over several lines and commas', () => {
    const more = ['Route: <sip:a@x;lr>, <sip:b@x;lr>', 'Route: <sip:c@x;lr>'];
    expect(read({ more }).headers('Route')).toEqual(['<sip:a@x;lr>', '<sip:b@x;lr>', '<sip:c@x;lr>']);
    expect(read({ more }).header('Route')).toBe('<sip:a@x;lr>');
  });

  it('are not split inside quotes or angle brackets', () => {
    const value = '"a, \\"b, c" <sip:x,y@h;p=1,2>;q=1, <sip:z@h>';
    expect(read({ more: [`Contact: ${value}`] }).headers('Contact')).toEqual(['"a, \\"b, c" <sip:x,y@h;p=1,2>;q=1', '<sip:z@h>']);
  });

  it('lose their empty elements', () => {
    expect(read({ more: ['Supported: , path ,, outbound,'] }).headers('Supported')).toEqual(['path', 'outbound']);
    expect(read({ more: ['Supported:'] }).headers('Supported')).toEqual([]);
  });

  it('are only those fields whose grammar says so: a Date, a challenge or a Subject is one value', () => {
    const more = ['Date: Sat, 13 Nov 2010 23:29:00 GMT', 'Subject: a, b', 'WWW-Authenticate: Digest realm="x", nonce="y"'];
    const message = read({ more });
    expect(message.headers('Date')).toEqual(['Sat, 13 Nov 2010 23:29:00 GMT']);
    expect(message.headers('Subject')).toEqual(['a, b']);
    expect(message.headers('WWW-Authenticate')).toEqual(['Digest realm="x", nonce="y"']);
  });

  it('end at the line: a quote left open swallows no other line', () => {
    const message = read({ more: ['Contact: "open <sip:a@b>, <sip:c@d>', 'Contact: <sip:e@f>'] });
    expect(message.contacts.map(({ uri }) => uri)).toEqual(['sip:e@f']);
  });
});

describe('reading (sip-stack reference section 5)', () => {
  it('leaves the bytes as they came, and reads text in UTF-8', () => {
    const bytes = paper({ more: ['Subject: Grüße, 世界 🚀'], over: { From: 'From: Jörg <sip:j@b>;tag=1' } });
    const before = Buffer.from(bytes);
    const message = read(bytes);
    expect([message.header('Subject'), message.from.display]).toEqual(['Grüße, 世界 🚀', 'Jörg']);
    expect(message.bytes).toBe(bytes);
    expect(bytes.equals(before)).toBe(true);
  });

  it('takes bytes that are no UTF-8 without a word', () => {
    const [head, tail] = paper({ more: ['Subject: #'] })
      .toString('latin1')
      .split('#');
    const message = read(Buffer.from(`${head}M\xfcller${tail}`, 'latin1'));
    expect(message.header('Subject')).toBe('M\ufffdller');
  });

  it('skips CRLFs in front of the first line (section 7.5)', () => {
    expect(readRequest(Buffer.concat([Buffer.from('\r\n\r\n'), paper({ body: 'hi' })])).body).toHaveLength(2);
  });

  it('works on a view into a larger buffer', () => {
    const bytes = paper({ body: 'hi' });
    const framed = Buffer.concat([Buffer.alloc(7, 0x41), bytes, Buffer.alloc(9, 0x42)]);
    const message = read(new Uint8Array(framed.buffer, framed.byteOffset + 7, bytes.length));
    expect([message.callId, Buffer.from(message.body).toString()]).toEqual(['paper-1@198.51.100.1', 'hi']);
  });

  it.each(['\r', '\n', '\0', '\n\r'])('refuses a stray %j inside a line: what we copy from it would be two lines', (stray) => {
    expect(verdict({ more: [`Subject: a${stray}b`] })).toMatch(/ 400$/);
    expect(parseMessage(paper({ start: `SIP/2.0 200 O${stray}K` })).kind).toBe('fault');
  });

  it('refuses a head that never ends', () => {
    const bytes = paper({ more: ['Subject: x'] });
    expect(verdict(bytes.subarray(0, bytes.length - 2))).toBe('truncated 400');
    expect(verdict(bytes.subarray(0, bytes.length - 4))).toBe('truncated 400');
  });

  it('takes 256 header lines and no more, 64 KB and no more', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1`);
    expect(verdict({ more: lines(249) })).toBe('taken');
    expect(verdict({ more: lines(250) })).toBe('too-many-headers 400');
    const rest = 65_536 - paper({ body: 'x'.repeat(10_000) }).length + 10_000;
    expect(verdict({ body: 'x'.repeat(rest) })).toBe('taken');
    expect(verdict({ body: 'x'.repeat(rest + 1) })).toBe('too-large 413');
  });
});
