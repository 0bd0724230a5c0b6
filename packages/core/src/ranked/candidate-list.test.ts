import { describe, expect, it } from 'vitest';
import { type ExtConfig, lineConfig, type PhoneConfig, phoneConfig } from '../config/line.ts';
import type { LocateRequest, Locator, RankedEntry } from '../contracts/locator.ts';
import { TransportError } from '../errors.ts';
import { type CandidateList, candidateList } from './candidate-list.ts';

const never = Number.POSITIVE_INFINITY;
const noChance = (): number => expect.unreachable('nothing is drawn');

/** Knows these names, each with its addresses, and hears what is asked. */
function locatorOf(names: Readonly<Record<string, readonly string[]>>) {
  const asked: LocateRequest[] = [];
  const locator: Locator = {
    async locate(request) {
      asked.push(request);
      const { host, port, protocol } = request;
      const addresses = names[host];
      if (addresses === undefined) throw new TransportError('E_TRANSPORT_UNRESOLVED', `${host} has no address`);
      return addresses.map(
        (address): RankedEntry => ({
          host: address,
          port: port ?? 5060,
          protocol: protocol === 'auto' ? 'udp' : protocol,
          rank: 0,
          name: host,
          validUntilMs: 60_000,
        }),
      );
    },
  };
  return { locator, asked };
}

interface Given {
  readonly ext: Partial<ExtConfig>;
  readonly phone?: Partial<PhoneConfig>;
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly random?: () => number;
  readonly previous?: CandidateList;
}

const listOf = ({ ext, phone, names = {}, random = noChance, previous }: Given) => {
  const line = lineConfig({ id: '1000', ext: { userId: '1000', ...ext }, phone: phoneConfig(phone) });
  return candidateList(line, locatorOf(names).locator, random, previous);
};

const shown = ({ entries }: CandidateList): readonly string[] =>
  entries.map(
    ({ host, port, protocol, rank, survivability }) => `${rank} ${host}:${port} ${protocol}${survivability ? ' gateway' : ''}`,
  );

describe('a static SRV list', () => {
  const proxy = 'v.example:SRV=a:5060:p=0:A=192.0.2.1|b:p=1:A=192.0.2.2';

  it('RED-104 is ranked: a then b, fallback active, valid for ever', async () => {
    const list = await listOf({ ext: { proxy } });
    expect(list).toMatchObject({ ranked: true, validUntilMs: never, missing: [] });
    expect(list.entries).toEqual([
      {
        host: '192.0.2.1',
        port: 5060,
        protocol: 'udp',
        rank: 0,
        name: 'a',
        serverName: 'a',
        validUntilMs: never,
        survivability: false,
      },
      {
        host: '192.0.2.2',
        port: 5060,
        protocol: 'udp',
        rank: 1,
        name: 'b',
        serverName: 'b',
        validUntilMs: never,
        survivability: false,
      },
    ]);
  });

  it('stands in Outbound Proxy as well, and speaks what SIP Transport says', async () => {
    const list = await listOf({ ext: { proxy: 'r.example', outboundProxy: proxy.replace(':5060', ''), sipTransport: 'TLS' } });
    expect(shown(list)).toEqual(['0 192.0.2.1:5061 tls', '1 192.0.2.2:5061 tls']);
  });

  it('draws by weight inside a priority, as an SRV answer does, and holds to the choice', async () => {
    const ext = { proxy: 'v:SRV=a:w=10|b:w=30' };
    const names = { a: ['192.0.2.1'], b: ['192.0.2.2'] };
    const list = await listOf({ ext, names, random: () => 0.9 });
    expect(shown(list)).toEqual(['0 192.0.2.2:5060 udp', '1 192.0.2.1:5060 udp']);
    expect(shown(await listOf({ ext, names, random: () => 0 }))).toEqual(['0 192.0.2.1:5060 udp', '1 192.0.2.2:5060 udp']);
    expect(shown(await listOf({ ext, names, previous: list }))).toEqual(shown(list));
  });

  it('Based on SRV Port puts entries with the port of the first before the others (D-16)', async () => {
    const ext = { proxy: 'v:SRV=a:5060|b:5080:p=1|c:p=2', proxyRedundancyMethod: 'Based on SRV Port' } as const;
    const names = { a: ['192.0.2.1'], b: ['192.0.2.2'], c: ['192.0.2.3'] };
    expect(shown(await listOf({ ext, names }))).toEqual(['0 192.0.2.1:5060 udp', '1 192.0.2.3:5060 udp', '2 192.0.2.2:5080 udp']);
  });

  it('leaves out a name without an address and says which', async () => {
    const list = await listOf({ ext: { proxy: 'v:SRV=a|b:p=1' }, names: { b: ['192.0.2.2'] } });
    expect(shown(list)).toEqual(['0 192.0.2.2:5060 udp']);
    expect(list).toMatchObject({ missing: ['a'], ranked: false, validUntilMs: 60_000 });
  });

  it('names a server once: the first place counts', async () => {
    const ext = { proxy: 'v:SRV=a:A=192.0.2.1,2001:db8::1|b:p=1:A=2001:db8:0::1,192.0.2.2' };
    expect(shown(await listOf({ ext }))).toEqual(['0 192.0.2.1:5060 udp', '0 2001:db8::1:5060 udp', '1 192.0.2.2:5060 udp']);
  });
});

describe('servers of one rank', () => {
  it('RED-103 two addresses of a name: failover can be, fallback cannot', async () => {
    const list = await listOf({ ext: { proxy: 'p.example' }, names: { 'p.example': ['192.0.2.1', '192.0.2.2'] } });
    expect(shown(list)).toEqual(['0 192.0.2.1:5060 udp', '0 192.0.2.2:5060 udp']);
    expect(list).toMatchObject({ ranked: false, validUntilMs: 60_000 });
  });

  it('so are the addresses of a static A list', async () => {
    const list = await listOf({ ext: { proxy: 'v.example:5070:A=192.0.2.1,192.0.2.2' } });
    expect(shown(list)).toEqual(['0 192.0.2.1:5070 udp', '0 192.0.2.2:5070 udp']);
    expect(list).toMatchObject({ ranked: false, validUntilMs: never });
    expect(list.entries[1]).toMatchObject({ serverName: 'v.example' });
  });
});

describe('what the locator is asked', () => {
  const asked = async (ext: Partial<ExtConfig>, phone: Partial<PhoneConfig> = {}) => {
    const { locator, asked: requests } = locatorOf({ 'p.example': ['192.0.2.1', '2001:db8::1'] });
    await candidateList(lineConfig({ id: '7', ext: { userId: '7', ...ext }, phone: phoneConfig(phone) }), locator, noChance);
    return requests[0];
  };
  const plain = { host: 'p.example', port: undefined, families: ['ipv4', 'ipv6'], method: 'normal', asker: '7' };

  it.each<[string, Partial<ExtConfig>, Partial<LocateRequest>]>([
    ['addresses', {}, { protocol: 'udp', srv: false }],
    ['SRV', { useDnsSrv: true, sipTransport: 'TCP' }, { protocol: 'tcp', srv: true, autoPrefix: false }],
    ['SRV with a prefix', { useDnsSrv: true, dnsSrvAutoPrefix: true }, { protocol: 'udp', srv: true, autoPrefix: true }],
    ['NAPTR, then SRV', { sipTransport: 'AUTO' }, { protocol: 'auto', srv: true }],
    ['by port', { useDnsSrv: true, proxyRedundancyMethod: 'Based on SRV Port' }, { srv: true, method: 'srv-port' }],
  ])('%s', async (_, ext, expected) => {
    expect(await asked({ proxy: 'p.example', ...ext })).toMatchObject({ ...plain, ...expected });
  });

  it('a transport written with the server wins over AUTO', async () => {
    expect(await asked({ proxy: 'p.example;transport=tcp', sipTransport: 'AUTO' })).toMatchObject({ protocol: 'tcp' });
  });

  it.each<[PhoneConfig['ipMode'], PhoneConfig['sipIpPreference'], readonly string[]]>([
    ['Dual', 'IPv4', ['ipv4', 'ipv6']],
    ['Dual', 'IPv6', ['ipv6', 'ipv4']],
    ['IPv4 only', 'IPv6', ['ipv4']],
    ['IPv6 only', 'IPv4', ['ipv6']],
  ])('IP Mode %s, preference %s: families %j', async (ipMode, sipIpPreference, families) => {
    expect(await asked({ proxy: 'p.example' }, { ipMode, sipIpPreference })).toMatchObject({ families });
  });
});

describe('the gateways of the site', () => {
  const survivabilityProxy = 'gw1.example:A=192.0.2.8|gw2.example:5070:A=192.0.2.9';
  const names = { 'p.example': ['192.0.2.1'] };

  it('stand below every normal server, one after another', async () => {
    const list = await listOf({ ext: { proxy: 'p.example', survivabilityProxy }, names });
    expect(shown(list)).toEqual(['0 192.0.2.1:5060 udp', '1 192.0.2.8:5060 udp gateway', '2 192.0.2.9:5070 udp gateway']);
    expect(list.entries[1]).toMatchObject({ serverName: 'gw1.example' });
    expect(list.ranked).toBe(true);
  });

  it('RED-127 are the list when no normal server can be found', async () => {
    const list = await listOf({ ext: { proxy: 'gone.example', survivabilityProxy } });
    expect(shown(list)).toEqual(['0 192.0.2.8:5060 udp gateway', '1 192.0.2.9:5070 udp gateway']);
    expect(list.missing).toEqual(['gone.example']);
  });

  it('RED-129 Survivability Test Mode: nothing else is used, nor asked for', async () => {
    const { locator, asked } = locatorOf(names);
    const phone = phoneConfig({ survivabilityTestMode: true });
    const line = lineConfig({ id: '1', ext: { userId: '1', proxy: 'p.example', survivabilityProxy }, phone });
    expect(shown(await candidateList(line, locator, noChance))).toEqual([
      '0 192.0.2.8:5060 udp gateway',
      '1 192.0.2.9:5070 udp gateway',
    ]);
    expect(asked).toEqual([]);
  });

  it('Survivability Test Mode without gateways changes nothing', async () => {
    const list = await listOf({ ext: { proxy: 'p.example' }, phone: { survivabilityTestMode: true }, names });
    expect(shown(list)).toEqual(['0 192.0.2.1:5060 udp']);
  });
});

describe('no server at all', () => {
  it('rejects with the fault of the locator', async () => {
    const fault = { code: 'E_TRANSPORT_UNRESOLVED', message: 'gone.example has no address' };
    await expect(listOf({ ext: { proxy: 'gone.example' } })).rejects.toMatchObject(fault);
    await expect(listOf({ ext: { proxy: 'v:SRV=gone.example' } })).rejects.toMatchObject(fault);
  });

  it('says which families are wanted where the addresses are of another', async () => {
    const found = listOf({ ext: { proxy: 'v:A=192.0.2.1' }, phone: { ipMode: 'IPv6 only' } });
    await expect(found).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNRESOLVED',
      message: 'Line 1000 has no server with an ipv6 address: "v:A=192.0.2.1". Correct Proxy, or change IP Mode.',
    });
  });
});
