import { describe, expect, it } from 'vitest';
import { buildRequest } from '../src/codec/build-message.ts';
import { paper, read, readFault, readRequest, verdict } from './support/messages.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const length = (line: string | undefined) => ({ 'Content-Length': line });

describe('the body of a datagram (RFC 3261 sections 18.3, 20.14)', () => {
  it('is as long as Content-Length says, and what lies behind is dropped', () => {
    expect(text(read({ over: length('Content-Length: 5'), body: 'hello, world' }).body)).toBe('hello');
    expect(read({ over: length('l: 0'), body: 'hello' }).body).toHaveLength(0);
  });

  it('ends with the datagram when Content-Length is missing', () => {
    expect(text(read({ over: length(undefined), body: 'hello' }).body)).toBe('hello');
    expect(read({ over: length(undefined) }).body).toHaveLength(0);
  });

  it('is refused with 400 when it is shorter than announced; such a response is dropped', () => {
    expect(verdict({ over: length('Content-Length: 6'), body: 'hello' })).toBe('short-body 400');
    expect(verdict({ start: 'SIP/2.0 200 OK', over: length('Content-Length: 6'), body: 'hello' })).toBe('short-body');
    expect(verdict({ over: length(`Content-Length: ${'9'.repeat(400)}`), body: 'hello' })).toBe('short-body 400');
  });

  it.each(['-1', '+5', '5.0', '0x5', '5;x', 'five', '', '5 5', '٥'])('is refused when Content-Length is %j', (value) => {
    expect(verdict({ over: length(`Content-Length: ${value}`), body: 'hello' })).toBe('bad-content-length 400');
  });

  it('is refused when Content-Length stands twice, whether or not both agree', () => {
    expect(verdict({ more: ['Content-Length: 0', 'l: 0'] })).toBe('duplicate-content-length 400');
    expect(verdict({ more: ['Content-Length: 0', 'Content-Length: 4'], body: 'abcd' })).toBe('duplicate-content-length 400');
  });

  it('may be announced with leading zeros, on a folded line', () => {
    expect(text(read({ over: length('Content-Length:\r\n 0005'), body: 'hello, world' }).body)).toBe('hello');
  });

  it('is counted in bytes, not in characters (P4)', () => {
    const body = 'Grüße 🚀';
    const bytes = paper({ over: length(`Content-Length: ${Buffer.byteLength(body)}`), body: `${body} and more` });
    expect(text(read(bytes).body)).toBe(body);
  });

  it('survives whatever its bytes are, empty lines and NULs included (P4)', () => {
    const body = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.from('\r\n\r\nVia: x\r\n')]);
    expect(Buffer.from(read({ body }).body).equals(body)).toBe(true);
    const request = { method: 'MESSAGE', uri: 'sip:a@b', headers: readRequest().fields.slice(1, -1), body };
    expect(Buffer.from(read(buildRequest(request, 'SIP/2.0/UDP a;branch=z9hG4bKx')).body).equals(body)).toBe(true);
  });

  it('shares the bytes of the message instead of copying them', () => {
    const bytes = paper({ body: 'hello' });
    expect(read(bytes).body.buffer).toBe(bytes.buffer);
  });

  it('of a refused request is at hand, as far as it came', () => {
    const { answer } = readFault({ over: { ...length('Content-Length: 9'), To: undefined }, body: 'hello' });
    expect(text(answer?.request.body ?? new Uint8Array())).toBe('hello');
  });
});
