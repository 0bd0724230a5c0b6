import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { type ClusterWorld, openClusterWorld, type WorldMember } from './cluster-world.ts';

const count = 30;
const users = Array.from({ length: count }, (_, n) => String(1_000 + n));
const lines = users.map((userId) => dualLine({ userId, registerExpires: 3_600 }));

/** REGISTER requests that both registrars have seen. */
const registers = ({ p, a }: ClusterWorld): number =>
  p.seen({ method: 'REGISTER' }).length + a.seen({ method: 'REGISTER' }).length;

describe('a cluster of two edges and three line hosts', () => {
  let world: ClusterWorld;
  let hosts: readonly WorldMember[];

  beforeEach(async () => {
    world = await openClusterWorld();
    for (const id of ['edge-1', 'edge-2']) await world.edge(id);
    hosts = [await world.host('host-1'), await world.host('host-2'), await world.host('host-3')];
    await world.apply(lines);
    await world.run(20);
  });
  afterEach(() => world.stop());

  const total = (of: 'slots' | 'lines' | 'registered'): number => hosts.reduce((sum, host) => sum + (host.status()[of] ?? 0), 0);

  it('owns every slot once, and registers both legs of every line', () => {
    expect({ slots: total('slots'), lines: total('lines'), registered: total('registered') }).toEqual({
      slots: 1_024,
      lines: count,
      registered: 2 * count,
    });
    for (const host of hosts) expect(host.status().lines).toBeGreaterThan(0);
    expect(world.p.bindings()).toHaveLength(count);
  });

  it('goes on with the lines of a host that is killed, and no registrar hears of it', async () => {
    const asked = registers(world);
    await world.until(hosts[0]?.kill() ?? Promise.resolve());
    hosts = hosts.slice(1);
    await world.run(4);
    expect({ slots: total('slots'), lines: total('lines'), registered: total('registered') }).toEqual({
      slots: 1_024,
      lines: count,
      registered: 2 * count,
    });
    expect(registers(world)).toBe(asked);
  });

  it('hands the lines of a host that is drained over; it answers before it ends', async () => {
    const asked = registers(world);
    expect(await world.drain('host-1')).toMatchObject({ id: 'host-1', role: 'host' });
    await world.until(hosts[0]?.ended ?? Promise.resolve());
    hosts = hosts.slice(1);
    await world.run(1);
    expect({ slots: total('slots'), lines: total('lines'), registered: total('registered') }).toEqual({
      slots: 1_024,
      lines: count,
      registered: 2 * count,
    });
    expect(registers(world)).toBe(asked);
  });
});
