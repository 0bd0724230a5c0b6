import { describe, expect, it } from 'vitest';
import { buildRequest, buildResponse } from '../src/codec/build-message.ts';
import type { RequestDraft, ResponseDraft } from '../src/codec/message.ts';
import { paper, read, readFault, readRequest, readResponse } from './support/messages.ts';

const via = 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport';
const draft: RequestDraft = {
  method: 'MESSAGE',
  uri: 'sip:bob;x=%25@[2001:db8::1]:5070;lr?a=b',
  headers: [
    ['Max-Forwards', '70'],
    ['From', '"A \\"B\\"" <sip:alice@example.com>;tag=ours'],
    ['To', '<sip:bob@example.com>'],
    ['Call-ID', 'build-1'],
    ['CSeq', '7 MESSAGE'],
    ['Subject', 'Grüße'],
  ],
  body: Buffer.from('Grüße 🚀'),
};

describe('a request (RFC 3261 sections 7.1, 8.1.1)', () => {
  it('comes back as it was drafted', () => {
    const request = readRequest(buildRequest(draft, via));
    expect(request).toMatchObject({
      method: draft.method,
      uri: draft.uri,
      callId: 'build-1',
      cseq: { number: 7, method: 'MESSAGE' },
    });
    expect(request.fields).toEqual([['Via', via], ...draft.headers, ['Content-Length', '12']]);
    expect(Buffer.from(request.body).toString()).toBe('Grüße 🚀');
    expect(request.from.display).toBe('A "B"');
  });

  it('says that it has no body', () => {
    const { body: _, ...bodiless } = draft;
    for (const each of [bodiless, { ...draft, body: new Uint8Array() }]) {
      expect(Buffer.from(buildRequest(each, via)).toString()).toMatch(/\r\nContent-Length: 0\r\n\r\n$/);
    }
  });

  it.each(['\r\n', '\r', '\n', '\0'])('with %j in any part is refused: it would be another message (P7)', (end) => {
    const evil = `x${end}Route: <sip:evil@x>`;
    const attempts: readonly (readonly [Partial<RequestDraft>, string])[] = [
      [{ headers: [['Subject', evil]] }, via],
      [{ headers: [[evil, 'x']] }, via],
      [{ uri: `sip:${evil}` }, via],
      [{ method: evil }, via],
      [{}, evil],
    ];
    for (const [over, top] of attempts) expect(() => buildRequest({ ...draft, ...over }, top)).toThrow(/CR, LF|token|URI/);
  });

  it('tells what is wrong without the value, which may be a secret', () => {
    const secret = () => buildRequest({ ...draft, headers: [['Authorization', 'hunter2\r\n']] }, via);
    expect(secret).toThrow('Authorization');
    expect(secret).not.toThrow('hunter2');
  });

  it('has no Content-Length of the draft, whatever its spelling', () => {
    for (const name of ['Content-Length', 'content-length', 'l', 'L']) {
      expect(() => buildRequest({ ...draft, headers: [[name, '0']] }, via)).toThrow('Content-Length');
    }
  });

  it('takes half a character without a word (P1)', () => {
    const written = buildRequest({ ...draft, headers: [...draft.headers, ['X', 'a\ud83d']] }, via);
    expect(read(written).header('X')).toBe('a\ufffd');
  });
});

describe('a response (RFC 3261 section 8.2.6)', () => {
  const request = readRequest({
    start: 'INVITE sip:alice@192.0.2.1 SIP/2.0',
    over: { Via: 'v: SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP b;branch=z9hG4bKb' },
    more: [
      'Via: SIP/2.0/TCP c;branch=z9hG4bKc',
      'Record-Route: <sip:p1;lr>, <sip:p2;lr>',
      'Timestamp: 54',
      'Subject: not copied',
    ],
  });
  const respond = (answer: ResponseDraft, top?: string) => readResponse(buildResponse(request, answer, top));

  it('copies Via, From, To, Call-ID and CSeq, each Via in its place', () => {
    const response = respond({ status: 486 });
    expect(response).toMatchObject({ status: 486, reason: 'Busy Here', callId: request.callId, cseq: request.cseq });
    expect(response.headers('Via')).toEqual(request.headers('Via'));
    expect(response.header('From')).toBe(request.header('From'));
    expect(response.header('To')).toBe('<sip:alice@example.com>');
    expect(response.header('Subject')).toBeUndefined();
  });

  it('has the stamped Via on top, and the others below it as they were (RFC 3581 section 4)', () => {
    const stamped = 'SIP/2.0/UDP a;branch=z9hG4bKa;received=192.0.2.9';
    expect(respond({ status: 200 }, stamped).headers('Via')).toEqual([stamped, ...request.headers('Via').slice(1)]);
  });

  it('gets a To tag, unless the request has one (section 8.2.6.2)', () => {
    expect(respond({ status: 200, toTag: 'ours' }).to.params.get('tag')).toBe('ours');
    const inside = readRequest({ over: { To: 'To: sip:alice@example.com;tag=there' } });
    expect(readResponse(buildResponse(inside, { status: 200, toTag: 'ours' })).header('To')).toBe(
      'sip:alice@example.com;tag=there',
    );
  });

  it('carries Record-Route from 101 to 299, and Timestamp in 100 (sections 8.2.6.1, 12.1.1)', () => {
    const routes = ['<sip:p1;lr>', '<sip:p2;lr>'];
    expect([101, 180, 200, 299].map((status) => respond({ status }).headers('Record-Route'))).toEqual(Array(4).fill(routes));
    expect([100, 300, 486].map((status) => respond({ status }).headers('Record-Route'))).toEqual([[], [], []]);
    expect([100, 180, 200].map((status) => respond({ status }).header('Timestamp'))).toEqual(['54', undefined, undefined]);
  });

  it('has its own reason phrase, fields and body', () => {
    const headers = [['Retry-After', '5']] as const;
    const response = respond({ status: 503, reason: 'Später [bald]', headers, body: Buffer.from([0, 255]) });
    expect([response.reason, response.header('Retry-After'), [...response.body]]).toEqual(['Später [bald]', '5', [0, 255]]);
  });

  it('is refused when it would be none, or another message', () => {
    for (const status of [99, 700, 200.5, Number.NaN]) expect(() => respond({ status })).toThrow('status');
    for (const evil of ['a\r\nb', 'a\nb', 'a\0b']) {
      expect(() => respond({ status: 200, reason: evil })).toThrow('reason');
      expect(() => respond({ status: 200, toTag: evil })).toThrow('tag');
      expect(() => respond({ status: 200, headers: [['X', evil]] })).toThrow('X');
    }
    expect(() => respond({ status: 200, toTag: 'a b' })).toThrow('tag');
  });

  it('to a faulty request brings back what that one brought', () => {
    const { answer } = readFault({ over: { From: undefined, 'Call-ID': undefined, To: 'To: "open <sip:a@b>' } });
    const written = buildResponse(answer?.request ?? request, { status: answer?.status ?? 0, toTag: 'ours' });
    expect(Buffer.from(written).toString().split('\r\n')).toEqual([
      'SIP/2.0 400 Bad Request',
      'Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKpaper;rport',
      'To: "open <sip:a@b>;tag=ours',
      'CSeq: 7 MESSAGE',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  it('to a folded request is written on lines of its own', () => {
    const folded = readRequest({ over: { From: 'From: "Bob"\r\n <sip:bob@example.com>\r\n ;tag=1' } });
    expect(Buffer.from(buildResponse(folded, { status: 200 })).toString()).toContain(
      '\r\nFrom: "Bob" <sip:bob@example.com> ;tag=1\r\n',
    );
  });

  it('to a truncated request brings no torn line back', () => {
    const torn = paper({ over: { From: undefined }, more: ['From: <sip:a@b>;tag=1\rX: y'] });
    const { answer } = readFault(torn.subarray(0, -3));
    expect(Buffer.from(buildResponse(answer?.request ?? request, { status: 400 })).toString()).toContain(
      '\r\nFrom: <sip:a@b>;tag=1 X: y\r\n',
    );
  });
});
