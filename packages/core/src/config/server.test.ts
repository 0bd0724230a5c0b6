import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIpLiteral, parseServer, parseServerList } from './server.ts';

describe('server addresses (redundancy 3.1)', () => {
  it.each([
    ['sip.example.net', { host: 'sip.example.net', port: undefined, protocol: undefined, list: [] }],
    [' sip.example.net:5080 ', { host: 'sip.example.net', port: 5080, protocol: undefined, list: [] }],
    ['192.0.2.1:5070;transport=tcp', { host: '192.0.2.1', port: 5070, protocol: 'tcp', list: [] }],
    ['a.example;TLS', { host: 'a.example', port: undefined, protocol: 'tls', list: [] }],
    ['[2001:db8::1]:5080', { host: '2001:db8::1', port: 5080, protocol: undefined, list: [] }],
    ['[::1]', { host: '::1', port: undefined, protocol: undefined, list: [] }],
    ['2001:db8::1', { host: '2001:db8::1', port: undefined, protocol: undefined, list: [] }],
    ['_sip._udp.example.net', { host: '_sip._udp.example.net', port: undefined, protocol: undefined, list: [] }],
  ])('reads %j', (text, expected) => {
    expect(parseServer(text)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    'host:',
    'host:0',
    'host:65536',
    'host:50x',
    'ho st',
    '-host',
    'host;transport=sctp',
    'host;tcp;tls',
    '[2001:db8::1',
    '[host]',
    '[]:5060',
    '999.1.1.1',
    '1.2.3',
    'sip:host',
    'a@b',
    'a\r\nb',
    '[1:2:3:4:5:6:7:8:9]',
    '[1.2.3.4::]',
  ])('refuses %j', (text) => {
    expect(parseServer(text)).toBeUndefined();
  });

  it('knows IPv4 and IPv6 literals', () => {
    expect(['192.0.2.1', '::', '::1', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.1', 'fe80::1:2'].map(isIpLiteral)).not.toContain(false);
    expect(['1.2.3', '256.1.1.1', 'g::1', '1::2::3', '1:2:3', 'fe80::1%eth0', '::1.2.3'].map(isIpLiteral)).not.toContain(true);
  });

  it('never throws, whatever is written', () => {
    fc.assert(fc.property(fc.string(), (text) => parseServer(text) === undefined || parseServer(text)?.host !== ''));
  });
});

describe('static lists (redundancy 3.1.1, D-33)', () => {
  it('RED-104 reads an SRV list with priorities and addresses', () => {
    expect(parseServer('v.example:SRV=a:5060:p=0:A=192.0.2.1|b:p=1:A=192.0.2.2')?.list).toEqual([
      { host: 'a', port: 5060, priority: 0, weight: 1, addresses: ['192.0.2.1'] },
      { host: 'b', port: undefined, priority: 1, weight: 1, addresses: ['192.0.2.2'] },
    ]);
  });

  it('reads a weight with and without w=', () => {
    expect(parseServerList('a:5070:p=2:w=30|b:5071:40')).toMatchObject([
      { port: 5070, priority: 2, weight: 30 },
      { port: 5071, priority: 0, weight: 40 },
    ]);
  });

  it('reads an address list as entries of one rank', () => {
    const spec = parseServer('v.example:5070:A=192.0.2.1,192.0.2.2');
    expect(spec).toMatchObject({ host: 'v.example', port: 5070 });
    expect(spec?.list.map(({ port, priority, addresses }) => [port, priority, addresses])).toEqual([
      [5070, 0, ['192.0.2.1']],
      [5070, 0, ['192.0.2.2']],
    ]);
  });

  it.each(['v:SRV=', 'v:A=host', 'v:SRV=a|', 'v:SRV=a:p=x', 'v:SRV=a:70000', ':SRV=a'])('refuses %j', (text) => {
    expect(parseServer(text)).toBeUndefined();
  });
});
