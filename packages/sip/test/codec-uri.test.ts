import { describe, expect, it } from 'vitest';
import { formatSipUri, isLooseRoute, readSipUri, uriLine, uriTransport } from '../src/codec/sip-uri.ts';

const plain = (text: string) => {
  const uri = readSipUri(text);
  return uri && { ...uri, params: Object.fromEntries(uri.params), headers: Object.fromEntries(uri.headers) };
};
const uri = (text: string) => {
  const found = readSipUri(text);
  if (found === undefined) throw new Error(`no URI: ${text}`);
  return found;
};

describe('a SIP URI (RFC 3261 section 19.1.1)', () => {
  it('has a user, a password, a host, a port, parameters and headers', () => {
    expect(plain('sip:bob:secret@Example.com:5070;Transport=TCP;lr?Subject=x&priority=urgent')).toEqual({
      scheme: 'sip',
      user: 'bob',
      password: 'secret',
      host: 'Example.com',
      port: 5070,
      params: { transport: 'TCP', lr: '' },
      headers: { Subject: 'x', priority: 'urgent' },
    });
    expect(plain('SIPS:example.com')).toMatchObject({ scheme: 'sips', user: '', host: 'example.com', port: undefined });
  });

  it('keeps its user part untouched: `;`, `?`, `/` and escapes are part of the name (section 19.1.4, P1, P8)', () => {
    for (const user of ['user;par=x', 'a%25b', 'a%3bb', 'a?b/c', '%00', '%ZZ', '1;phone-context=+1', 'a;b:pw']) {
      const text = `sip:${user}@example.com`;
      expect(formatSipUri(uri(text))).toBe(text);
    }
    expect(uri('sip:alice;day=tuesday@example.com')).toMatchObject({ user: 'alice;day=tuesday', host: 'example.com' });
    expect(uri('sip:alice;day=tuesday@example.com').params.size).toBe(0);
  });

  it('has IPv6 literals in brackets, and reads them without', () => {
    expect(plain('sip:a@[2001:db8::9:1]:5060;lr')).toMatchObject({ host: '2001:db8::9:1', port: 5060, params: { lr: '' } });
    expect(plain('sip:[::ffff:192.0.2.1]')).toMatchObject({ user: '', host: '::ffff:192.0.2.1', port: undefined });
    for (const text of ['sip:a@[2001:db8::1]', 'sip:a@[2001:db8::1]:5060']) expect(formatSipUri(uri(text))).toBe(text);
  });

  it('of a telephone is its number (RFC 3966 section 3)', () => {
    expect(plain('tel:+1-201-555-0123;phone-context=example.com')).toMatchObject({
      scheme: 'tel',
      user: '+1-201-555-0123',
      host: '',
      params: { 'phone-context': 'example.com' },
    });
    expect(formatSipUri(uri('tel:911;phone-context=+1'))).toBe('tel:911;phone-context=+1');
  });

  it.each([
    'sip:',
    'sip:@h',
    'sip:a@',
    'sip:a@h:0',
    'sip:a@h:65536',
    'sip:a@h:',
    'sip:a@h:x',
    'sip:a@[::1',
    'sip:a@::1',
    'sip:a@b@c',
    'sip:a b@h',
    'sip:a@h>',
    'sip:a@h\r\nX: y',
    'tel:',
    'http://h',
    'example.com',
    '',
  ])('is not %j', (text) => {
    expect(readSipUri(text)).toBeUndefined();
  });

  it('is written as it was read, empty values and headers included', () => {
    for (const text of ['sip:h', 'sips:a:@h:1;x;y=z', 'sip:a@h?Subject=&X=1', 'sip:a@h;p=[::1]?a=b%26c']) {
      expect(formatSipUri(uri(text))).toBe(text);
    }
  });

  it('is refused by the writer when a part would break out of it', () => {
    const safe = uri('sip:a@h');
    for (const user of ['a b', 'a>', 'a\r\nX: y', '"a"']) expect(() => formatSipUri({ ...safe, user })).toThrow(/SIP URI/);
    expect(() => formatSipUri({ ...safe, params: new Map([['x', '1>\r\n']]) })).toThrow(/SIP URI/);
  });

  it('tells the transport: that named, else TLS for sips (section 26.2.2)', () => {
    expect(
      ['sip:h', 'sip:h;transport=TCP', 'sips:h', 'sips:h;transport=tcp', 'sips:h;transport=ws'].map((text) =>
        uriTransport(uri(text)),
      ),
    ).toEqual([undefined, 'tcp', 'tls', 'tls', 'ws']);
  });

  it('is a loose route by its lr, with or without a value', () => {
    expect(['sip:h;lr', 'sip:h;lr=on', 'sip:h', 'sip:lr@h'].map((text) => isLooseRoute(uri(text)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('names the line of a Contact of ours, whatever the case', () => {
    expect(['sip:a@h;line=ABC2', 'sip:a@h;line', 'sip:a@h'].map((text) => uriLine(uri(text)))).toEqual([
      'abc2',
      undefined,
      undefined,
    ]);
  });
});
