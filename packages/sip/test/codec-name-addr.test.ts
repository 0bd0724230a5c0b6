import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatNameAddr, readNameAddr } from '../src/codec/name-addr.ts';
import { read } from './support/messages.ts';

const plain = (text: string) => {
  const value = readNameAddr(text);
  return value && [value.display, value.uri, Object.fromEntries(value.params)];
};

describe('an address (RFC 3261 sections 20.10, 25.1)', () => {
  it.each([
    ['sip:bob@example.com', ['', 'sip:bob@example.com', {}]],
    ['<sip:bob@example.com>', ['', 'sip:bob@example.com', {}]],
    ['Bob <sip:bob@example.com>;tag=1', ['Bob', 'sip:bob@example.com', { tag: '1' }]],
    ['Bob\t B. <sip:b@h>', ['Bob\t B.', 'sip:b@h', {}]],
    ['"Bob"<sip:b@h>;tag=1', ['Bob', 'sip:b@h', { tag: '1' }]],
    ['"" <sip:b@h>', ['', 'sip:b@h', {}]],
    [' < sip:b@h > ; TAG = 1 ; flag', ['', 'sip:b@h', { tag: '1', flag: '' }]],
    ['<sip:b@h;p=1?Subject=x>;q=0.5', ['', 'sip:b@h;p=1?Subject=x', { q: '0.5' }]],
    [
      '<tel:+1-201-555-0123;phone-context=example.com>;tag=t',
      ['', 'tel:+1-201-555-0123;phone-context=example.com', { tag: 't' }],
    ],
    ['tel:911;tag=t', ['', 'tel:911', { tag: 't' }]],
    ['<urn:service:sos>', ['', 'urn:service:sos', {}]],
    ['*', ['', '*', {}]],
    ['* ;expires=0', ['', '*', { expires: '0' }]],
  ])('is read from %j', (text, expected) => {
    expect(plain(text)).toEqual(expected);
  });

  it('without brackets leaves its parameters to the field (section 20.10)', () => {
    expect(plain('sip:b@h;tag=1;user=phone')).toEqual(['', 'sip:b@h', { tag: '1', user: 'phone' }]);
    expect(plain('sip:b@h;x="<y>"')).toEqual(['', 'sip:b@h', { x: '<y>' }]);
  });

  it('has the first of two equal parameters, quoted ones without their quotes', () => {
    expect(plain('<sip:b@h>;tag=1;tag=2')?.[2]).toEqual({ tag: '1' });
    expect(plain('<sip:b@h>;x="a;b,\\"c\\""junk;y=2')?.[2]).toEqual({ x: 'a;b,"c"', y: '2' });
    expect(plain('<sip:b@h>;+sip.instance="<urn:uuid:1>"')?.[2]).toEqual({ '+sip.instance': '<urn:uuid:1>' });
  });

  it('keeps its tag when junk stands in front of it: losing the tag would lose the dialog', () => {
    expect(plain('<sip:b@h>x;tag=1')?.[2]).toEqual({ tag: '1' });
    expect(plain('<sip:b@h>;;;tag=1;')?.[2]).toEqual({ tag: '1' });
  });

  it.each([
    '',
    ' ',
    'bob',
    'bob@example.com',
    '<>',
    '< >',
    '<sip:b@h',
    '"Bob <sip:b@h>',
    '"Bob" sip:b@h',
    '"Bob"',
    '1sip:b@h',
    '"\\"<sip:b@h>',
  ])('cannot be read from %j', (text) => {
    expect(readNameAddr(text)).toBeUndefined();
  });

  it('with an unquoted display name outside the grammar is read all the same (P2)', () => {
    expect(plain('Jörg Müller <sip:j@h>')).toEqual(['Jörg Müller', 'sip:j@h', {}]);
    expect(plain('Bell, Alexander (desk) <sip:a@h>;tag=1')).toEqual(['Bell, Alexander (desk)', 'sip:a@h', { tag: '1' }]);
  });
});

describe('a display name (RFC 3261 section 25.1, P7)', () => {
  it('is unescaped when read and escaped when written', () => {
    expect(readNameAddr('"a \\"b\\" \\\\ \\c" <sip:b@h>')?.display).toBe('a "b" \\ c');
    expect(formatNameAddr({ display: 'a "b" \\ c', uri: 'sip:b@h', params: new Map() })).toBe('"a \\"b\\" \\\\ c" <sip:b@h>');
  });

  it('may hold what looks like an address', () => {
    expect(plain('"<sip:x@y>;tag=0" <sip:b@h>;tag=1')).toEqual(['<sip:x@y>;tag=0', 'sip:b@h', { tag: '1' }]);
  });

  it.each(['\r\n', '\r', '\n', '\0'])('with %j in it is never written: that would be a header injection', (end) => {
    const display = `Bob${end}Route: <sip:evil@x>`;
    expect(() => formatNameAddr({ display, uri: 'sip:b@h', params: new Map() })).toThrow(/one line/);
    expect(() => formatNameAddr({ display: '', uri: 'sip:b@h', params: new Map([['x', display]]) })).toThrow(/one line/);
  });

  it('never ends its line or its quotes, whatever it holds (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (display) => {
        if (/[\r\n\0]/.test(display)) return;
        expect(plain(formatNameAddr({ display, uri: 'sip:b@h', params: new Map([['tag', '1']]) }))).toEqual([
          display,
          'sip:b@h',
          { tag: '1' },
        ]);
      }),
      { seed: 1 },
    );
  });
});

describe('writing an address', () => {
  it('quotes parameters that are no token, and feature tags always (RFC 3840 section 9)', () => {
    const params = new Map([
      ['tag', 'a-1'],
      ['lr', ''],
      ['x', 'a b'],
      ['received', '[2001:db8::1]'],
      ['colon', ':'],
      ['+sip.rendering', 'no'],
    ]);
    expect(formatNameAddr({ display: '', uri: 'sip:b@h', params })).toBe(
      '<sip:b@h>;tag=a-1;lr;x="a b";received=[2001:db8::1];colon=":";+sip.rendering="no"',
    );
  });

  it('refuses a URI that would break out of its brackets, or a parameter that would break out of its name', () => {
    for (const uri of ['', 'sip:b@h>;tag=1', 'sip:a b@h', 'sip:b@h\r\nX: y', '"sip:b@h"']) {
      expect(() => formatNameAddr({ display: '', uri, params: new Map() })).toThrow(/URI/);
    }
    for (const name of ['', 'a b', 'a;b', 'a=b', 'a,b', 'a>']) {
      expect(() => formatNameAddr({ display: '', uri: 'sip:b@h', params: new Map([[name, '1']]) })).toThrow(/parameter/);
    }
  });

  it('writes the asterisk of an unregistration bare (section 10.2.2)', () => {
    expect(formatNameAddr({ display: '', uri: '*', params: new Map() })).toBe('*');
  });
});

describe('Contact (RFC 3261 section 20.10, P2)', () => {
  it('may be an asterisk, and the message is taken', () => {
    expect(read({ start: 'REGISTER sip:example.com SIP/2.0', more: ['Contact: *'] }).contacts).toMatchObject([{ uri: '*' }]);
  });

  it('is a list over lines and commas, tel URIs among them', () => {
    const more = ['Contact: "Bob" <sip:b@h>;expires=60, <tel:+1201>', 'm: sip:c@h;q=0.1'];
    expect(read({ more }).contacts.map(({ uri, params }) => [uri, ...params])).toEqual([
      ['sip:b@h', ['expires', '60']],
      ['tel:+1201'],
      ['sip:c@h', ['q', '0.1']],
    ]);
  });

  it('that cannot be read does not hide the others', () => {
    expect(read({ more: ['Contact: <sip:b@h>, nobody, <sip:c@h>'] }).contacts.map(({ uri }) => uri)).toEqual([
      'sip:b@h',
      'sip:c@h',
    ]);
  });
});
