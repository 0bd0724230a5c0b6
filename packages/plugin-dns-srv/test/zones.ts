import type { RankedEntry } from '@offhook/core';
import type { DnsRecord, NaptrRecord, SrvRecord } from '../src/index.ts';

/** Records in short. */
export const a = (name: string, address: string, ttlS = 300): DnsRecord => ({ type: 'A', name, address, ttlS });
export const aaaa = (name: string, address: string, ttlS = 300): DnsRecord => ({ type: 'AAAA', name, address, ttlS });
export const srv = (name: string, target: string, more: Partial<SrvRecord> = {}): SrvRecord => ({
  ...{ type: 'SRV', name, target, priority: 0, weight: 1, port: 5060, ttlS: 300 },
  ...more,
});
export const naptr = (name: string, services: string, replacement: string, more: Partial<NaptrRecord> = {}): NaptrRecord => ({
  ...{ type: 'NAPTR', name, services, replacement, order: 10, preference: 10, flags: 's', regexp: '', ttlS: 300 },
  ...more,
});

/** The zone of the guide: three protocols, two servers each. @source redundancy reference RED-100 (AG12) */
export const guideZone: readonly DnsRecord[] = [
  naptr('tri.example', 'SIP+D2U', '_sip._udp.tri.example', { order: 50, preference: 90 }),
  naptr('tri.example', 'SIPS+D2T', '_sips._tcp.tri.example', { order: 50, preference: 50 }),
  naptr('tri.example', 'SIP+D2T', '_sip._tcp.tri.example', { order: 50, preference: 70 }),
  ...(
    [
      ['_sips._tcp', 1],
      ['_sip._tcp', 3],
      ['_sip._udp', 5],
    ] as const
  ).flatMap(([service, n]) => [
    srv(`${service}.tri.example`, `p${n + 1}.tri.example`, { priority: 2 }),
    srv(`${service}.tri.example`, `p${n}.tri.example`, { priority: 1, port: 5061 }),
  ]),
  ...[1, 2, 3, 4, 5, 6].map((n) => a(`p${n}.tri.example`, `${n}.${n}.${n}.${n}`)),
];

export const guideList: readonly string[] = [
  '1.1.1.1:5061 tls',
  '2.2.2.2:5060 tls',
  '3.3.3.3:5061 tcp',
  '4.4.4.4:5060 tcp',
  '5.5.5.5:5061 udp',
  '6.6.6.6:5060 udp',
];

export const shown = (entries: readonly RankedEntry[]): readonly string[] =>
  entries.map(({ host, port, protocol }) => `${host}:${port} ${protocol}`);
