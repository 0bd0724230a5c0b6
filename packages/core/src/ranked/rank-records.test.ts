import { describe, expect, it } from 'vitest';
import type { AddressFamily } from '../contracts/locator.ts';
import { applyMethod, byFamily, orderRecords, rankRecords, type ServerRecord } from './rank-records.ts';

/** Uniform numbers of a seed (mulberry32): the same draws in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const record = (name: string, priority: number, weight: number) => ({ name, priority, weight });
const noChance = (): number => expect.unreachable('a single record asks for no chance');

/** How often each name is drawn first. */
function firsts(records: readonly ReturnType<typeof record>[], draws = 10_000): Record<string, number> {
  const random = seeded(1);
  const counts: Record<string, number> = {};
  for (let i = 0; i < draws; i++) {
    const name = orderRecords(records, random)[0]?.name ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe('the order of records (RFC 2782)', () => {
  it('is that of priorities, lowest first', () => {
    const records = [record('c', 30, 1), record('a', 10, 1), record('b', 20, 1)];
    expect(orderRecords(records, noChance).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('RED-106 shares one priority out by weight: 25 % and 75 % of 10,000 draws, give or take 2', () => {
    const { a = 0, b = 0 } = firsts([record('a', 10, 10), record('b', 10, 30)]);
    expect(a).toBeGreaterThan(2_300);
    expect(a).toBeLessThan(2_700);
    expect(a + b).toBe(10_000);
  });

  it('draws the second among what is left, and loses none', () => {
    const records = [record('a', 1, 50), record('b', 1, 30), record('c', 1, 20)];
    const random = seeded(2);
    const seconds = { b: 0, c: 0 };
    for (let i = 0; i < 10_000; i++) {
      const names = orderRecords(records, random).map(({ name }) => name);
      expect([...names].sort()).toEqual(['a', 'b', 'c']);
      if (names[0] === 'a') seconds[names[1] as 'b' | 'c']++;
    }
    expect(seconds.b / (seconds.b + seconds.c)).toBeCloseTo(0.6, 1);
  });

  it('gives weight 0 a small chance beside others, and an equal one among its like', () => {
    const beside = firsts([record('z', 1, 0), record('a', 1, 99)]);
    expect(beside.z).toBeGreaterThan(50);
    expect(beside.z).toBeLessThan(150);
    const { x = 0 } = firsts([record('x', 1, 0), record('y', 1, 0)]);
    expect(x / 10_000).toBeCloseTo(0.5, 1);
  });
});

describe('Proxy Redundancy Method', () => {
  const ports = [5060, 5080, 5060].map((port, i) => ({ port, place: i + 1 }));

  it('RED-108 Based on SRV Port: entries with the port of the first come first, none is dropped (D-16)', () => {
    expect(applyMethod(ports, 'srv-port').map(({ place }) => place)).toEqual([1, 3, 2]);
  });

  it('Normal: as they are', () => {
    expect(applyMethod(ports)).toEqual(ports);
    expect(applyMethod([], 'srv-port')).toEqual([]);
  });
});

describe('addresses of a list (RED-110, table 5.2)', () => {
  const v4 = (n: number): string => `192.0.2.${n}`;
  const v6 = (n: number): string => `2001:db8::${n}`;
  const server = (n: number, ...addresses: string[]): ServerRecord => ({
    name: `p${n}.example`,
    port: 5060,
    protocol: 'udp',
    addresses,
    validUntilMs: 1,
  });
  const both = [server(1, v4(1), v6(1)), server(2, v4(2), v6(2))];
  const oneFamily = [server(1, v6(1)), server(2, v4(2), v6(2))];

  it.each<[string, readonly AddressFamily[], readonly ServerRecord[], readonly string[]]>([
    ['Dual, IPv4', ['ipv4', 'ipv6'], both, [v4(1), v6(1), v4(2), v6(2)]],
    ['Dual, IPv6', ['ipv6', 'ipv4'], both, [v6(1), v4(1), v6(2), v4(2)]],
    ['Dual, IPv4, P1 has IPv6 alone', ['ipv4', 'ipv6'], oneFamily, [v6(1), v4(2), v6(2)]],
    ['Dual, IPv6, P1 has IPv6 alone', ['ipv6', 'ipv4'], oneFamily, [v6(1), v6(2), v4(2)]],
    ['IPv4 only', ['ipv4'], both, [v4(1), v4(2)]],
    ['IPv6 only', ['ipv6'], both, [v6(1), v6(2)]],
  ])('%s', (_, families, records, expected) => {
    expect(rankRecords(records, families).map(({ host }) => host)).toEqual(expected);
  });

  it('each server has a rank of its own, which its addresses share', () => {
    expect(rankRecords(both).map(({ rank }) => rank)).toEqual([0, 0, 1, 1]);
    expect(rankRecords(both)[2]).toEqual({
      host: v4(2),
      port: 5060,
      protocol: 'udp',
      name: 'p2.example',
      rank: 1,
      validUntilMs: 1,
    });
  });

  it('addresses of one family keep their order', () => {
    expect(byFamily([v6(1), v4(2), v4(1)])).toEqual([v4(2), v4(1), v6(1)]);
  });
});
