import type { LocateRequest } from '@offhook/core';
import { createManualAmbient } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createDnsLocator, type DnsLocatorOptions, type DnsRecord, zoneResolver } from '../src/index.ts';
import { a, aaaa, guideList, guideZone, naptr, shown, srv } from './zones.ts';

const auto: LocateRequest = { host: 'tri.example', port: undefined, protocol: 'auto' };
const udp: LocateRequest = { host: 'sip.example', port: undefined, protocol: 'udp' };
const bySrv: LocateRequest = { ...udp, srv: true, autoPrefix: true };

/** A zone, its locator and what reaches the zone. */
function world(records: readonly DnsRecord[], options: Partial<DnsLocatorOptions> = {}) {
  const ambient = createManualAmbient();
  const asked: string[] = [];
  const zone = zoneResolver(records, { onQuery: (type, name) => asked.push(`${type} ${name}`) });
  const locator = createDnsLocator({ ambient, resolver: zone, ...options });
  return { ambient, asked, zone, locator, list: async (request: LocateRequest) => shown(await locator.locate(request)) };
}

describe('transport AUTO', () => {
  it('RED-100 takes every protocol that NAPTR names, best first, in one ranked list', async () => {
    const { locator } = world(guideZone);
    const entries = await locator.locate(auto);
    expect(shown(entries)).toEqual(guideList);
    expect(entries.map(({ rank }) => rank)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(entries.map(({ name }) => name))).toEqual(new Set(['tri.example']));
  });

  it('RED-102 uses 6 NAPTR and 12 SRV records', async () => {
    const many = Array.from({ length: 8 }, (_, n) => [
      naptr('many.example', 'SIP+D2U', `_sip._udp.s${n}.example`, { order: n }),
      ...Array.from({ length: 3 }, (_, i) => srv(`_sip._udp.s${n}.example`, `192.0.2.${n * 3 + i}`, { priority: i })),
    ]).flat();
    const { list, asked } = world(many);
    expect(await list({ ...auto, host: 'many.example' })).toEqual(Array.from({ length: 12 }, (_, i) => `192.0.2.${i}:5060 udp`));
    expect(asked.filter((question) => question.startsWith('SRV'))).toHaveLength(6);
  });

  it('asks SRV of TLS, TCP and UDP where there is no NAPTR (RFC 3263 section 4.1)', async () => {
    const { list, asked } = world([
      srv('_sip._udp.sip.example', '192.0.2.2'),
      srv('_sips._tcp.sip.example', '192.0.2.1', { port: 5061 }),
    ]);
    expect(await list({ ...auto, host: 'sip.example' })).toEqual(['192.0.2.1:5061 tls', '192.0.2.2:5060 udp']);
    expect(asked).toEqual([
      'NAPTR sip.example',
      'SRV _sips._tcp.sip.example',
      'SRV _sip._tcp.sip.example',
      'SRV _sip._udp.sip.example',
    ]);
  });

  it('is UDP where there is neither', async () => {
    const { list } = world([a('sip.example', '192.0.2.1')]);
    expect(await list({ ...auto, host: 'sip.example' })).toEqual(['192.0.2.1:5060 udp']);
  });

  it('passes over NAPTR records of other services, flags and forms', async () => {
    const { list } = world([
      naptr('sip.example', 'E2U+sip', '_sip._udp.wrong.example', { order: 1 }),
      naptr('sip.example', 'SIP+D2S', '_sip._sctp.wrong.example', { order: 2 }),
      naptr('sip.example', 'SIP+D2U', 'wrong.example', { order: 3, flags: 'a' }),
      naptr('sip.example', 'SIP+D2U', '', { order: 4, regexp: '!^.*$!sip:wrong.example!' }),
      naptr('sip.example', 'sip+d2t', '_sip._tcp.right.example', { order: 5, flags: 'S' }),
      srv('_sip._tcp.right.example', '192.0.2.1'),
    ]);
    expect(await list({ ...auto, host: 'sip.example' })).toEqual(['192.0.2.1:5060 tcp']);
  });
});

describe('what is asked', () => {
  it.each([
    ['udp', '_sip._udp.sip.example'],
    ['tcp', '_sip._tcp.sip.example'],
    ['tls', '_sips._tcp.sip.example'],
  ] as const)('RED-105 Auto Prefix with %s: %s', async (protocol, name) => {
    const { list, asked } = world([srv(name, '192.0.2.1', { port: 5099 })]);
    expect(await list({ ...bySrv, protocol })).toEqual([`192.0.2.1:5099 ${protocol}`]);
    expect(asked).toEqual([`SRV ${name}`]);
  });

  it('without Auto Prefix the name itself, as it is written', async () => {
    const { locator, asked } = world([srv('_sip._udp.sip.example', '192.0.2.1')]);
    const request = { ...udp, host: '_sip._udp.sip.example', srv: true };
    expect(await locator.locate(request)).toMatchObject([{ host: '192.0.2.1', name: 'sip.example' }]);
    expect(await locator.locate({ ...request, autoPrefix: true })).toMatchObject([{ host: '192.0.2.1', name: 'sip.example' }]);
    expect(asked).toEqual(['SRV _sip._udp.sip.example']);
  });

  it('RED-111 a written port: addresses alone', async () => {
    const { list, asked } = world([a('sip.example', '192.0.2.1'), ...guideZone]);
    expect(await list({ ...bySrv, port: 5080, families: ['ipv4'] })).toEqual(['192.0.2.1:5080 udp']);
    expect(await list({ ...auto, host: 'sip.example', port: 5080, families: ['ipv4'] })).toEqual(['192.0.2.1:5080 udp']);
    expect(asked).toEqual(['A sip.example']);
  });

  it.each(['192.0.2.1', '2001:db8::1'])('nothing for a literal: %s', async (host) => {
    const { locator, asked } = world([]);
    expect(await locator.locate({ ...auto, host })).toEqual([
      { host, port: 5060, protocol: 'udp', rank: 0, name: host, validUntilMs: Number.POSITIVE_INFINITY },
    ]);
    expect(asked).toEqual([]);
  });

  it('addresses, where there is no SRV record (RFC 3263 section 4.2)', async () => {
    const { locator } = world([a('sip.example', '192.0.2.1'), aaaa('sip.example', '2001:db8::1'), a('sip.example', '192.0.2.2')]);
    const entries = await locator.locate(bySrv);
    expect(shown(entries)).toEqual(['192.0.2.1:5060 udp', '192.0.2.2:5060 udp', '2001:db8::1:5060 udp']);
    expect(entries.map(({ rank }) => rank)).toEqual([0, 0, 0]);
  });

  it('one question at a time, however many want its answer', async () => {
    const { locator, asked } = world(guideZone);
    const askers = Array.from({ length: 100 }, (_, n) => locator.locate({ ...auto, asker: `line ${n}` }));
    expect((await Promise.all(askers)).map(shown)).toEqual(askers.map(() => guideList));
    expect(new Set(asked).size).toBe(asked.length);
  });
});

describe('the choice by weight (D-26)', () => {
  const pair = (ttlS = 300) => [
    srv('_sip._udp.sip.example', '192.0.2.10', { weight: 10, ttlS }),
    srv('_sip._udp.sip.example', '192.0.2.30', { weight: 30, ttlS }),
  ];

  it('RED-107 is made once: the same list until its lifetime ends', async () => {
    const { locator, ambient } = world(pair());
    const first = await locator.locate(bySrv);
    for (let n = 0; n < 100; n++) expect(await locator.locate(bySrv)).toBe(first);
    await ambient.elapse(299_999);
    expect(await locator.locate(bySrv)).toBe(first);
  });

  it('RED-106 is made for each line by itself, so that lines spread: 25 % and 75 %', async () => {
    const { locator } = world(pair());
    let tens = 0;
    for (let n = 0; n < 10_000; n++) {
      const hosts = (await locator.locate({ ...bySrv, asker: `line ${n}` })).map(({ host }) => host);
      expect(hosts).toHaveLength(2);
      if (hosts[0] === '192.0.2.10') tens++;
    }
    expect(tens / 10_000).toBeGreaterThan(0.23);
    expect(tens / 10_000).toBeLessThan(0.27);
  });

  it('stays over a new answer with the same records, in whatever order they come', async () => {
    const { locator, ambient, zone } = world(pair(60));
    const askers = Array.from({ length: 20 }, (_, n) => ({ ...bySrv, asker: `line ${n}` }));
    const before = await Promise.all(askers.map(async (asker) => shown(await locator.locate(asker))));
    await ambient.elapse(60_000);
    zone.replace(pair(60).reverse());
    expect(await Promise.all(askers.map(async (asker) => shown(await locator.locate(asker))))).toEqual(before);
    zone.replace([srv('_sip._udp.sip.example', '192.0.2.40')]);
    await ambient.elapse(60_000);
    expect(shown(await locator.locate(bySrv))).toEqual(['192.0.2.40:5060 udp']);
  });

  it('RED-108 Based on SRV Port: 1st, 3rd, 2nd', async () => {
    const ports = [5060, 5080, 5060].map((port, i) => srv('_sip._udp.sip.example', `192.0.2.${i + 1}`, { port, priority: i }));
    const { list } = world(ports);
    expect(await list({ ...bySrv, method: 'srv-port' })).toEqual([
      '192.0.2.1:5060 udp',
      '192.0.2.3:5060 udp',
      '192.0.2.2:5080 udp',
    ]);
  });

  it('RED-110 switches the family inside a priority', async () => {
    const { list } = world(
      [1, 2].flatMap((n) => [
        srv('_sip._udp.sip.example', `p${n}.example`, { priority: n }),
        a(`p${n}.example`, `192.0.2.${n}`),
        aaaa(`p${n}.example`, `2001:db8::${n}`),
      ]),
    );
    expect(await list({ ...bySrv, families: ['ipv6', 'ipv4'] })).toEqual([
      '2001:db8::1:5060 udp',
      '192.0.2.1:5060 udp',
      '2001:db8::2:5060 udp',
      '192.0.2.2:5060 udp',
    ]);
    expect(await list({ ...bySrv, families: ['ipv6'] })).toEqual(['2001:db8::1:5060 udp', '2001:db8::2:5060 udp']);
  });
});

describe('lifetimes', () => {
  it('a list ends with the first of its records', async () => {
    const { locator, ambient } = world([
      naptr('sip.example', 'SIP+D2U', '_sip._udp.sip.example', { ttlS: 900 }),
      srv('_sip._udp.sip.example', 'p1.example', { ttlS: 600 }),
      a('p1.example', '192.0.2.1', 60),
    ]);
    const [entry] = await locator.locate({ ...auto, host: 'sip.example' });
    expect(entry?.validUntilMs).toBe(ambient.now() + 60_000);
  });

  it('what is still true is not asked again', async () => {
    const { locator, ambient, asked } = world([
      srv('_sip._udp.sip.example', 'p1.example', { ttlS: 600 }),
      a('p1.example', '192.0.2.1', 60),
    ]);
    await locator.locate({ ...bySrv, families: ['ipv4'] });
    await ambient.elapse(60_000);
    await locator.locate({ ...bySrv, families: ['ipv4'] });
    expect(asked).toEqual(['SRV _sip._udp.sip.example', 'A p1.example', 'A p1.example']);
  });

  it('0 holds for this once', async () => {
    const { locator, ambient, asked } = world([srv('_sip._udp.sip.example', '192.0.2.1', { ttlS: 0 })]);
    const [entry] = await locator.locate(bySrv);
    expect(entry?.validUntilMs).toBe(ambient.now());
    await locator.locate(bySrv);
    expect(asked).toHaveLength(2);
  });

  it('that there is nothing is believed for as long as the zone says, at most 300 s', async () => {
    const { locator, ambient, asked } = world([]);
    const request = { ...udp, families: ['ipv4'] as const };
    const miss = () => expect(locator.locate(request)).rejects.toMatchObject({ code: 'E_TRANSPORT_UNRESOLVED' });
    await miss();
    await ambient.elapse(59_999);
    await miss();
    expect(asked).toHaveLength(1);
    await ambient.elapse(1);
    await miss();
    expect(asked).toHaveLength(2);
  });
});

describe('when DNS fails (D-26)', () => {
  it('RED-109 the last list goes on, is asked for again every 30 s, and gives way to a new one', async () => {
    const { list, locator, ambient, zone, asked } = world(guideZone);
    await list(auto);
    zone.setDead(true);
    await ambient.elapse(300_000);
    const stale = await locator.locate(auto);
    expect(shown(stale)).toEqual(guideList);
    expect(stale[0]?.validUntilMs).toBe(ambient.now() + 30_000);
    expect(ambient.logged.length).toBeGreaterThan(0);
    const before = asked.length;
    await list(auto);
    expect(asked).toHaveLength(before);
    zone.setDead(false);
    zone.replace([naptr('tri.example', 'SIP+D2U', '_sip._udp.new.example'), srv('_sip._udp.new.example', '7.7.7.7')]);
    await ambient.elapse(30_000);
    expect(await list(auto)).toEqual(['7.7.7.7:5060 udp']);
  });

  it('a slow resolver holds up nobody who has an older answer', async () => {
    const { list, locator, ambient } = world([], { resolver: { query: async (name) => slow(name) } });
    let isSlow = false;
    const slow = (name: string) =>
      isSlow ? new Promise<never>(() => {}) : Promise.resolve({ records: [srv(name, '192.0.2.1', { ttlS: 60 })] });
    await list(bySrv);
    isSlow = true;
    await ambient.elapse(60_000);
    const later = locator.locate(bySrv);
    await ambient.elapse(1_800);
    expect(shown(await later)).toEqual(['192.0.2.1:5060 udp']);
  });

  it('a zone that has lost everything keeps the last list as well', async () => {
    const { list, ambient, zone } = world([srv('_sip._udp.sip.example', '192.0.2.1')]);
    await list(bySrv);
    zone.replace([]);
    await ambient.elapse(300_000);
    expect(await list(bySrv)).toEqual(['192.0.2.1:5060 udp']);
  });

  it('without a list it is a failure: addresses are no substitute for SRV records that nobody could tell', async () => {
    const { locator, zone } = world([a('sip.example', '192.0.2.1')]);
    zone.setDead(true);
    await expect(locator.locate(bySrv)).rejects.toMatchObject({ code: 'E_TRANSPORT_UNRESOLVED' });
  });

  it('a resolver that knows no NAPTR costs no service', async () => {
    const zone = zoneResolver([srv('_sip._udp.sip.example', '192.0.2.1')]);
    const resolver = {
      query: (name: string, type: Parameters<typeof zone.query>[1]) =>
        type === 'NAPTR' ? Promise.reject(new Error('NOTIMP')) : zone.query(name, type),
    };
    const { locator, ambient } = world([], { resolver });
    const [entry] = await locator.locate({ ...auto, host: 'sip.example' });
    expect(entry).toMatchObject({ host: '192.0.2.1', validUntilMs: ambient.now() + 30_000 });
  });

  it('a server without an address is left out, and asked for again', async () => {
    const { locator, ambient, zone } = world([
      srv('_sip._udp.sip.example', 'gone.example', { priority: 1, ttlS: 9_000 }),
      srv('_sip._udp.sip.example', '192.0.2.2', { priority: 2, ttlS: 9_000 }),
    ]);
    const [entry] = await locator.locate(bySrv);
    expect(entry).toMatchObject({ host: '192.0.2.2', validUntilMs: ambient.now() + 60_000 });
    zone.replace([a('gone.example', '192.0.2.1')]);
    await ambient.elapse(60_000);
    expect(shown(await locator.locate(bySrv))).toEqual(['192.0.2.1:5060 udp', '192.0.2.2:5060 udp']);
  });

  it('a service that is decidedly not there (RFC 2782) is no reason to ask for addresses', async () => {
    const { locator } = world([srv('_sip._udp.sip.example', '.'), a('sip.example', '192.0.2.1')]);
    await expect(locator.locate(bySrv)).rejects.toMatchObject({ message: expect.stringContaining('target "."') });
  });

  it('says which name, and which families', async () => {
    await expect(world([]).locator.locate({ ...udp, families: ['ipv6'] })).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNRESOLVED',
      message: 'Host name sip.example has no ipv6 address. Check its spelling and the DNS servers.',
    });
  });
});

describe('names that the system knows', () => {
  const hosts = (names: Readonly<Record<string, readonly string[]>>) => {
    const looked: string[] = [];
    const lookup = async (name: string): Promise<readonly string[]> => {
      looked.push(name);
      const found = names[name];
      if (found === undefined) throw new Error('ENOTFOUND');
      return found;
    };
    return { lookup, looked };
  };

  it('come first for plain names, and are believed for a minute', async () => {
    const { lookup, looked } = hosts({ 'sip.example': ['192.0.2.7'] });
    const { locator, ambient, asked } = world([a('sip.example', '192.0.2.1')], { lookup, systemFirst: true });
    expect(await locator.locate(udp)).toMatchObject([{ host: '192.0.2.7', validUntilMs: ambient.now() + 60_000 }]);
    await locator.locate(udp);
    expect({ asked, looked }).toEqual({ asked: [], looked: ['sip.example'] });
  });

  it('come last where DNS servers are given, and for targets of SRV records', async () => {
    const { lookup } = hosts({ 'sip.example': ['192.0.2.7'], 'pbx.lan': ['192.0.2.8'] });
    const { list } = world([a('sip.example', '192.0.2.1')], { lookup });
    expect(await list(udp)).toEqual(['192.0.2.1:5060 udp']);
    expect(await list({ ...udp, host: 'pbx.lan' })).toEqual(['192.0.2.8:5060 udp']);
    const targets = world([srv('_sip._udp.sip.example', 'pbx.lan')], { lookup, systemFirst: true });
    expect(await targets.list(bySrv)).toEqual(['192.0.2.8:5060 udp']);
  });

  it('take at most 5 s to be asked', async () => {
    const { locator, ambient } = world([a('sip.example', '192.0.2.1')], {
      lookup: () => new Promise(() => {}),
      systemFirst: true,
    });
    const found = locator.locate(udp);
    await ambient.elapse(5_000);
    expect(shown(await found)).toEqual(['192.0.2.1:5060 udp']);
    expect(ambient.timers).toBe(0);
  });
});
