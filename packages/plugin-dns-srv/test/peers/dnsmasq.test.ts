import { createManualAmbient } from '@offhook/core/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDnsLocator, createDnsResolver, type DnsRecord } from '../../src/index.ts';
import { guideList, guideZone, shown, srv } from '../zones.ts';
import { type Dnsmasq, describeDnsmasq, startDnsmasq } from './dnsmasq-server.ts';

/** One record in the words of dnsmasq. */
function line(record: DnsRecord): string {
  switch (record.type) {
    case 'SRV':
      return `srv-host=${record.name},${record.target},${record.port},${record.priority},${record.weight}`;
    case 'NAPTR': {
      const { name, order, preference, flags, services, regexp, replacement } = record;
      return `naptr-record=${[name, order, preference, flags, services, regexp, replacement].join(',')}`;
    }
    case 'CNAME':
      return `cname=${record.name},${record.target}`;
    default:
      return `host-record=${record.name},${record.address}`;
  }
}

const zoneOf = (records: readonly DnsRecord[], ttlS: number): readonly string[] => [`local-ttl=${ttlS}`, ...records.map(line)];
const many = Array.from({ length: 14 }, (_, n) =>
  srv('_sip._udp.many.example', `a-rather-long-name-of-server-${n}.many.example`, { priority: n + 1 }),
);
const manyAddresses = many.map(({ target }, n): DnsRecord => ({ type: 'A', name: target, address: `192.0.2.${n + 1}`, ttlS: 0 }));
const alias: DnsRecord = { type: 'CNAME', name: 'alias.example', target: 'p1.tri.example', ttlS: 0 };
const auto = { host: 'tri.example', port: undefined, protocol: 'auto' } as const;

describeDnsmasq('servers by a real DNS server', () => {
  let dns: Dnsmasq;
  beforeAll(async () => {
    dns = await startDnsmasq(zoneOf([...guideZone, ...many, ...manyAddresses, alias], 120));
  });
  afterAll(() => dns.stop());

  const world = () => {
    const ambient = createManualAmbient();
    const resolver = createDnsResolver({ ambient, servers: [dns.address] });
    return { ambient, resolver, locator: createDnsLocator({ ambient, resolver }) };
  };

  it('RED-100 the zone of the guide over NAPTR, SRV and addresses', async () => {
    const { ambient, locator } = world();
    const entries = await locator.locate(auto);
    expect(shown(entries)).toEqual(guideList);
    expect(entries[0]?.validUntilMs).toBe(ambient.now() + 120_000);
  });

  it('RED-102 14 SRV records do not fit into a datagram: 12 of them are used, over TCP', async () => {
    const { locator } = world();
    const entries = await locator.locate({ host: '_sip._udp.many.example', port: undefined, protocol: 'udp', srv: true });
    expect(shown(entries)).toEqual(Array.from({ length: 12 }, (_, n) => `192.0.2.${n + 1}:5060 udp`));
  });

  it('aliases, and names that have nothing', async () => {
    const { resolver } = world();
    expect(await resolver.query('alias.example', 'A')).toMatchObject({
      records: [{ name: 'p1.tri.example', address: '1.1.1.1' }],
    });
    expect(await resolver.query('nobody.example', 'A')).toMatchObject({ records: [] });
    expect(await resolver.query('p1.tri.example', 'SRV')).toMatchObject({ records: [] });
  });

  it('RED-109 the list follows the zone and its lifetimes, and outlives the server', async () => {
    const { ambient, locator } = world();
    expect(shown(await locator.locate(auto))).toEqual(guideList);
    await dns.restart(
      zoneOf(
        guideZone.filter((record) => record.type !== 'NAPTR' || record.services === 'SIP+D2U'),
        30,
      ),
    );
    expect(shown(await locator.locate(auto))).toEqual(guideList);
    await ambient.elapse(120_000);
    const changed = await locator.locate(auto);
    expect(shown(changed)).toEqual(guideList.slice(4));
    expect(changed[0]?.validUntilMs).toBe(ambient.now() + 30_000);
    await dns.stop();
    await ambient.elapse(30_000);
    expect(shown(await locator.locate(auto))).toEqual(guideList.slice(4));
    expect(ambient.logged).not.toEqual([]);
    await expect(locator.locate({ ...auto, host: 'new.example' })).rejects.toMatchObject({ code: 'E_TRANSPORT_UNRESOLVED' });
  });
});
