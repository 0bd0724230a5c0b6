import { describe, expect, test } from 'vitest';
import { createHostLocator } from './host-locator.ts';

const { locate } = createHostLocator();

describe('addresses of a host', () => {
  test.each(['192.0.2.1', '2001:db8::1'])('a literal (%s) is its own address and needs no look-up', async (host) => {
    expect(await locate({ host, port: 5080, protocol: 'tcp' })).toEqual([
      { host, port: 5080, protocol: 'tcp', rank: 0, name: host, validUntilMs: Number.POSITIVE_INFINITY },
    ]);
  });

  test.each([
    ['udp', 5060],
    ['tcp', 5060],
    ['tls', 5061],
  ] as const)('without a port it is that of %s: %i', async (protocol, port) => {
    expect(await locate({ host: '192.0.2.1', port: undefined, protocol })).toMatchObject([{ port }]);
  });

  test('a name is what the system resolves, IPv4 first', async () => {
    const found = await locate({ host: 'localhost', port: 5060, protocol: 'udp' });
    expect(found[0]).toMatchObject({ host: '127.0.0.1', name: 'localhost' });
  });

  test('of the families that are wanted', async () => {
    const request = { host: 'localhost', port: 5060, protocol: 'udp' } as const;
    expect(await locate({ ...request, families: ['ipv4'] })).toMatchObject([{ host: '127.0.0.1' }]);
    await expect(locate({ ...request, host: '127.0.0.1', families: ['ipv6'] })).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNRESOLVED',
    });
  });

  test('a name without an address is E_TRANSPORT_UNRESOLVED and says which', async () => {
    await expect(locate({ host: 'nowhere.invalid', port: undefined, protocol: 'udp' })).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNRESOLVED',
      message: expect.stringContaining('nowhere.invalid'),
    });
  });
});
