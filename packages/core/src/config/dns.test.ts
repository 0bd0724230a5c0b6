import { describe, expect, it } from 'vitest';
import { readResolver } from './dns.ts';
import { parseRuntimeConfig, readRuntimeConfig } from './read-runtime.ts';

describe('dns.servers', () => {
  it.each([
    ['192.0.2.53', { host: '192.0.2.53', port: 53 }],
    ['192.0.2.53:5353', { host: '192.0.2.53', port: 5353 }],
    ['[2001:db8::1]:5353', { host: '2001:db8::1', port: 5353 }],
    ['2001:db8::1', { host: '2001:db8::1', port: 53 }],
  ])('reads %s', (text, expected) => {
    expect(readResolver(text)).toEqual(expected);
  });

  it.each(['', 'dns.example', '192.0.2.53;tcp', 'v:A=192.0.2.53', '192.0.2.53:0'])('refuses %j', (text) => {
    expect(readResolver(text)).toBeUndefined();
  });

  it('is part of the configuration, and says what is allowed', () => {
    expect(parseRuntimeConfig({ dns: { servers: ['192.0.2.53'] } }).dns).toEqual({ servers: ['192.0.2.53'] });
    expect(parseRuntimeConfig({}).dns).toEqual({});
    const { config, findings } = readRuntimeConfig({ dns: { servers: ['dns.example'] } });
    expect(config).toBeUndefined();
    expect(findings).toMatchObject([
      {
        code: 'value.invalid',
        path: 'dns.servers[0]',
        allowed: 'an IP address, with a port or without: [2001:db8::1]:5353',
      },
    ]);
  });
});

describe('local addresses that lines ask for', () => {
  const listen = (sipTransport: string, phone = {}) =>
    parseRuntimeConfig({ phone, lines: [{ id: '1', proxy: 'p.example', sipTransport }] }).edge.listen;

  it('AUTO may speak every protocol', () => {
    expect(listen('AUTO')).toEqual([
      { protocol: 'udp', host: '0.0.0.0', port: 5060 },
      { protocol: 'tcp', host: '0.0.0.0', port: 0 },
      { protocol: 'tls', host: '0.0.0.0', port: 0, connectOnly: true },
    ]);
  });

  it('IP Mode IPv6 only', () => {
    expect(listen('UDP', { ipMode: 'IPv6 only' })).toEqual([{ protocol: 'udp', host: '::', port: 5060 }]);
  });
});
