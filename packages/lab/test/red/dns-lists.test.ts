import type { DnsRecord } from '@offhook/plugin-dns-srv';
import { describe, expect, test } from 'vitest';
import { type Side, singleLine, type World, type WorldOptions, worldAddresses, worldDomain } from '../../src/index.ts';
import { dial, play } from './story.ts';

/* Section 9.5 for whole lines: the servers of a list come from DNS. The act begins at 1 s. */

type Line = NonNullable<WorldOptions['lines']>[number];

const address = (side: Side, ttlS = 300): DnsRecord => ({
  type: 'A',
  name: `${side}.${worldDomain}`,
  ttlS,
  address: worldAddresses[side].host,
});

const srv = (
  side: Side,
  priority: number,
  ttlS = 300,
  more: { readonly weight?: number; readonly service?: string } = {},
): DnsRecord => ({
  type: 'SRV',
  name: `${more.service ?? '_sip._udp'}.${worldDomain}`,
  ttlS,
  priority,
  weight: more.weight ?? 1,
  port: 5060,
  target: `${side}.${worldDomain}`,
});

/** SRV records of these, best first, and their addresses. */
const ranked = (sides: readonly Side[], ttlS = 300): readonly DnsRecord[] => [
  ...sides.map((side, priority) => srv(side, priority, ttlS)),
  ...sides.map((side) => address(side, ttlS)),
];

const playZone = (zone: readonly DnsRecord[], line: Line, options: WorldOptions, act: (world: World) => Promise<void>) =>
  play(
    {
      lines: [singleLine({ proxy: worldDomain, useDnsSrv: true, dnsSrvAutoPrefix: true, ...line })],
      servers: ['s3'],
      zone,
      ...options,
    },
    async (world) => {
      await world.party('2000');
      await world.runTo(1);
      await act(world);
    },
  );

const first = (world: World, method: string, sinceS = 0): readonly (readonly [string, number])[] =>
  world.sent(method, { sinceS, first: true }).map(([to, atS]) => [to, Math.round(atS * 1000) / 1000]);
const where = (world: World): readonly (string | undefined)[] => [
  world.line().status().route,
  world
    .line()
    .status()
    .servers?.find(({ current }) => current)?.server,
];

describe('9.5 lists from DNS', () => {
  test('SRV: the best one registers, the next one serves when it is silent (RFC 3263 section 4.3)', () =>
    playZone(ranked(['p', 'a']), {}, {}, async (world) => {
      expect(where(world)).toEqual(['onTop', '10.0.0.1:5060;udp']);
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(17);
      expect(first(world, 'INVITE')).toEqual([
        ['p', 1],
        ['a', 17],
      ]);
    }));

  test('AUTO: NAPTR ranks TCP above UDP, and a line fails over from one to the other (AG12)', () => {
    const naptr = (order: number, services: string, replacement: string): DnsRecord => ({
      type: 'NAPTR',
      name: worldDomain,
      ttlS: 300,
      order,
      preference: 1,
      flags: 's',
      services,
      regexp: '',
      replacement: `${replacement}.${worldDomain}`,
    });
    const zone = [
      naptr(1, 'SIP+D2T', '_sip._tcp'),
      naptr(2, 'SIP+D2U', '_sip._udp'),
      srv('p', 0, 300, { service: '_sip._tcp' }),
      srv('a', 0),
      address('p'),
      address('a'),
    ];
    return playZone(zone, { sipTransport: 'AUTO', autoRegisterWhenFailover: true }, {}, async (world) => {
      expect(where(world)).toEqual(['onTop', '10.0.0.1:5060;tcp']);
      world.wire.refuse('10.0.0.1');
      await world.run(5);
      expect(where(world)).toEqual(['failedOver', '10.0.0.2:5060;udp']);
    });
  });

  test('DNS dead from the start: the line waits as after any failure, and registers when names are found (5.4, 5.8)', () =>
    playZone(ranked(['p', 'a']), {}, { prepare: ({ zone }) => zone.setDead(true) }, async (world) => {
      expect(world.line().status().route).toBe('outOfService');
      await expect(dial(world)).resolves.toMatchObject({ state: 'ended' });
      world.zone.setDead(false);
      await world.runTo(120);
      expect(where(world)).toEqual(['onTop', '10.0.0.1:5060;udp']);
    }));

  test('dns.changed, the server in use is still listed: it is kept, and left by the rules when it is no longer the best (6.3)', () =>
    playZone(ranked(['p', 'a'], 60), { proxyFallbackIntvl: 600 }, {}, async (world) => {
      world.zone.replace(ranked(['s3', 'p', 'a'], 60));
      await world.runTo(100);
      expect(where(world)).toEqual(['failedOver', '10.0.0.1:5060;udp']);
      await world.runTo(800);
      expect(where(world)).toEqual(['onTop', '10.0.0.3:5060;udp']);
    }));

  test('dns.changed, the server in use is gone: the line moves, without a DOWN mark (6.3)', () =>
    playZone(ranked(['p', 'a'], 60), {}, {}, async (world) => {
      world.zone.replace(ranked(['a', 's3'], 60));
      await world.runTo(100);
      expect(where(world)).toEqual(['onTop', '10.0.0.2:5060;udp']);
      expect(world.a.bindings()).toHaveLength(1);
    }));

  test('dns.changed during a call: the line moves when the call has ended (6.3)', () =>
    playZone(ranked(['p', 'a'], 60), {}, {}, async (world) => {
      await dial(world);
      world.zone.replace(ranked(['a', 's3'], 60));
      await world.runTo(100);
      expect(where(world)[1]).toBe('10.0.0.1:5060;udp');
      await world.line().command('hangup');
      await world.run(1);
      expect(where(world)).toEqual(['onTop', '10.0.0.2:5060;udp']);
    }));
});
