import { describe, expect, it } from 'vitest';
import { readDate, readDeltaSeconds, readQ, readRetryAfter } from '../src/codec/field-values.ts';
import { reasonPhrase } from '../src/codec/reason-phrase.ts';
import { readFault, readRequest, readResponse, verdict } from './support/messages.ts';

const request = (start: string) => verdict({ start, over: { CSeq: 'CSeq: 7 MESSAGE' } });

describe('a request line (RFC 3261 section 7.1)', () => {
  it('is a method, a URI and a version, one blank apart', () => {
    expect(readRequest({ start: 'MESSAGE sip:a%25b;x@[2001:db8::1]:5070;p?h=1 SIP/2.0' })).toMatchObject({
      method: 'MESSAGE',
      uri: 'sip:a%25b;x@[2001:db8::1]:5070;p?h=1',
    });
  });

  it('has any token for a method, in the case it was sent', () => {
    const method = "!interesting-Method0123456789_*+`.%indeed'~";
    expect(readRequest({ start: `${method} sip:a@b SIP/2.0` })).toMatchObject({ method, cseq: { method } });
    expect(verdict({ start: 'message sip:a@b SIP/2.0', over: { CSeq: 'CSeq: 7 MESSAGE' } })).toBe('cseq-method 400');
  });

  it('takes any scheme: whether it is served is decided above (M11)', () => {
    for (const uri of ['tel:+1201;phone-context=x', 'sips:h', 'sip:h', 'urn:service:sos', 'nobody-knows:it']) {
      expect(request(`MESSAGE ${uri} SIP/2.0`)).toBe('taken');
    }
  });

  it.each([
    'MESSAGE sip:a b@h SIP/2.0',
    'MESSAGE  sip:a@h SIP/2.0',
    'MESSAGE sip:a@h  SIP/2.0',
    'MESSAGE sip:a@h SIP/2.0 ',
    'MESSAGE <sip:a@h> SIP/2.0',
    'MESSAGE "sip:a@h" SIP/2.0',
    'MESSAGE a@h SIP/2.0',
    'MESSAGE sip: SIP/2.0',
    'MESSAGE sip:a\tb@h SIP/2.0',
    'MESSAGE sip:a@h HTTP/1.1',
    'MESSAGE sip:a@h',
    'MESSAGE  SIP/2.0',
    'MESSAGE SIP/2.0',
  ])('is answered 400 when it is %j', (start) => {
    expect(request(start)).toBe('start-line 400');
  });

  it('of another version is answered 505 (section 21.5.6); the name of the protocol has any case', () => {
    expect(request('MESSAGE sip:a@h SIP/7.0')).toBe('version 505');
    expect(request('MESSAGE sip:a@h sip/2.0')).toBe('taken');
  });

  it.each(['', ' sip:a@h SIP/2.0', 'ME(SSAGE sip:a@h SIP/2.0', 'INVITE', '\u0000'])('is none at all when it is %j', (start) => {
    expect(request(start)).toBe('start-line');
  });

  it('of an ACK is never answered, whatever is wrong (section 17)', () => {
    expect(readFault({ start: 'ACK sip:a b SIP/2.0' }).answer).toBeUndefined();
    expect(readFault({ start: 'ACK sip:a@b SIP/2.0', over: { To: undefined } }).answer).toBeUndefined();
  });
});

describe('a status line (RFC 3261 section 7.2)', () => {
  it.each([
    ['SIP/2.0 200 OK', 200, 'OK'],
    ['SIP/2.0 486 Busy [line 2] here', 486, 'Busy [line 2] here'],
    ['SIP/2.0 404 Не найдено 🚀', 404, 'Не найдено 🚀'],
    ['SIP/2.0 100 ', 100, ''],
    ['SIP/2.0 100', 100, ''],
    ['sip/2.0 699 = 2**3 * 5', 699, '= 2**3 * 5'],
  ])('is read from %j, brackets and empty phrases included (P2)', (start, status, reason) => {
    expect(readResponse({ start })).toMatchObject({ status, reason });
  });

  it.each([
    'SIP/2.0 099 x',
    'SIP/2.0 700 x',
    'SIP/2.0 2000 x',
    'SIP/2.0 4294967301 x',
    'SIP/2.0 20 x',
    'SIP/2.0  200 x',
    'SIP/2.0',
    'SIP/x 200 OK',
  ])('is dropped when it is %j', (start) => {
    expect(verdict({ start })).toBe('start-line');
  });

  it('of another version is dropped', () => {
    expect(verdict({ start: 'SIP/3.0 200 OK' })).toBe('version');
  });
});

describe('essential fields (RFC 3261 sections 8.1.1, 20)', () => {
  it.each(['From', 'To', 'Call-ID', 'CSeq'])('%s once and only once', (name) => {
    const lower = name.toLowerCase();
    expect(verdict({ over: { [name]: undefined } })).toBe(`missing-${lower} 400`);
    expect(verdict({ over: { [name]: `${name}:` } })).toBe(`bad-${lower} 400`);
    expect(verdict({ more: [`${name}: 7 MESSAGE <sip:a@b>`] })).toBe(`duplicate-${lower} 400`);
    expect(verdict({ start: 'SIP/2.0 200 OK', over: { [name]: undefined } })).toBe(`missing-${lower}`);
  });

  it('CSeq is a number below 2^32 and the method of the request (sections 8.1.1.5, 20.16)', () => {
    const cseq = (value: string) => verdict({ over: { CSeq: `CSeq: ${value}` } });
    expect(['0 MESSAGE', '0007 MESSAGE', '4294967295 MESSAGE', '7\t MESSAGE'].map(cseq)).toEqual(Array(4).fill('taken'));
    expect(['4294967296 MESSAGE', '-1 MESSAGE', '7', 'MESSAGE', '7 MES SAGE', '7MESSAGE', '7 M@'].map(cseq)).toEqual(
      Array(7).fill('bad-cseq 400'),
    );
    expect(cseq('7 INVITE')).toBe('cseq-method 400');
  });

  it('that are lacking leave the answer to what is there', () => {
    const { answer } = readFault({ over: { From: undefined, CSeq: undefined } });
    expect(answer?.request).toMatchObject({ callId: 'paper-1@198.51.100.1', cseq: { number: 0, method: '' }, from: { uri: '' } });
  });
});

describe('small values', () => {
  it('seconds are digits, at most 2^32 - 1 (RFC 3261 sections 20.19, 25.1)', () => {
    expect(['3600', ' 0 ', '007', '99999999999999999999'].map(readDeltaSeconds)).toEqual([3600, 0, 7, 4_294_967_295]);
    expect(['', '-1', '1.5', '1e3', '60s', '٣', undefined].map(readDeltaSeconds)).toEqual(Array(7).fill(undefined));
  });

  it('q is between 0 and 1 with three decimals (RFC 3261 section 25.1)', () => {
    expect(['0', '1', '0.5', '1.000', '0.', ' 0.123 '].map(readQ)).toEqual([0, 1, 0.5, 1, 0, 0.123]);
    expect(['1.1', '0.1234', '-0', '.5', '2', '', undefined].map(readQ)).toEqual(Array(7).fill(undefined));
  });

  it('Retry-After has comments and a duration (RFC 3261 section 20.33)', () => {
    expect(readRetryAfter('18000;duration=3600')).toEqual({ delayS: 18_000, durationS: 3600 });
    expect(readRetryAfter(' 120 (in a (nested; duration=1 \\) ) meeting) ; Duration = 5')).toEqual({ delayS: 120, durationS: 5 });
    expect(readRetryAfter('5')).toEqual({ delayS: 5 });
    for (const text of ['', 'x', '5x', '(5)', undefined]) expect(readRetryAfter(text)).toBeUndefined();
  });

  it('Date is in GMT and names a day that exists (RFC 3261 section 20.17)', () => {
    expect(readDate('Sat, 13 Nov 2010 23:29:00 GMT')).toBe(Date.UTC(2010, 10, 13, 23, 29, 0));
    for (const text of [
      'Fri, 01 Jan 2010 16:00:00 EST',
      'Tue, 30 Feb 2010 00:00:00 GMT',
      'Sat, 13 Nov 2010 24:00:00 GMT',
      'x',
      undefined,
    ]) {
      expect(readDate(text)).toBeUndefined();
    }
  });

  it('a status without a registered phrase has that of its class (RFC 3261 section 21)', () => {
    expect([200, 486, 299, 499, 599, 699].map(reasonPhrase)).toEqual([
      'OK',
      'Busy Here',
      'OK',
      'Request Failed',
      'Server Failed',
      'Declined',
    ]);
  });
});
