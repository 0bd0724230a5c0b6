import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dualLine, type Registrar } from '../../src/index.ts';
import { type ClusterWorld, openClusterWorld, type WorldMember } from './cluster-world.ts';

/* An edge of a cluster ends: its lines register through another one, in their turns (docs/cluster.md, scale reference D.3, D.5). */

const registersPerS = 10;
const count = 40;
const users = Array.from({ length: count }, (_, n) => String(1_000 + n));
/** Every other line is on a stream. */
const isStream = (user: string): boolean => Number(user) % 2 === 1;
const lines = users.map((userId) => dualLine({ userId, registerExpires: 3_600, sipTransport: isStream(userId) ? 'TCP' : 'UDP' }));

describe('a cluster of two edges and two line hosts', () => {
  let world: ClusterWorld;
  let edge: WorldMember;
  let other: WorldMember;
  let host: WorldMember;
  let second: WorldMember;
  let beganMs = 0;

  beforeEach(async () => {
    world = await openClusterWorld({ takeover: { registersPerS } });
    edge = await world.edge('edge-1');
    other = await world.edge('edge-2');
    host = await world.host('host-1');
    second = await world.host('host-2');
    await world.apply(lines);
    await world.run(30);
    beganMs = world.ambient.now();
  });
  afterEach(() => world.stop());

  const since = (at: Registrar) => at.seen({ method: 'REGISTER', sinceMs: beganMs });
  const askedBy = (at: Registrar): readonly string[] =>
    since(at).map(({ request }) => /^sips?:([^@]+)@/.exec(request.from.uri)?.[1] ?? '');
  const placeOf = (contact: string): string => /@([^:;]+)/.exec(contact)?.[1] ?? '';
  /** Users whose Contact is at that edge. */
  const usersAt = (place: string): readonly string[] =>
    users.filter((user) => world.p.bindings(user).some(({ contact }) => placeOf(contact) === place));
  /** The most within any one second. */
  const fastest = (at: Registrar): number => {
    const times = since(at).map(({ atMs }) => atMs);
    return Math.max(0, ...times.map((from) => times.filter((atMs) => atMs >= from && atMs < from + 1_000).length));
  };

  it('registers the lines of an edge that is killed through the other one, no faster than is allowed', async () => {
    const own = usersAt('10.0.1.1');
    expect(own.length).toBeGreaterThan(count / 4);
    await world.until(edge.kill());
    await world.run(20);
    for (const registrar of [world.p, world.a]) {
      expect(new Set(askedBy(registrar))).toEqual(new Set(own));
      expect(fastest(registrar)).toBeLessThanOrEqual(registersPerS);
      expect(registrar.bindings()).toHaveLength(count);
    }
    expect(usersAt('10.0.1.2')).toEqual(users);
  });

  it('leaves lines where they are when their edge is back under its name: those on streams register once', async () => {
    const own = usersAt('10.0.1.1');
    await world.until(edge.kill());
    await world.run(0.5);
    await world.edge('edge-1');
    await world.run(20);
    for (const registrar of [world.p, world.a]) {
      expect([...askedBy(registrar)].sort()).toEqual(own.filter(isStream));
      expect(fastest(registrar)).toBeLessThanOrEqual(registersPerS);
    }
    expect(usersAt('10.0.1.1')).toEqual(own);
  });

  it('keeps to what is allowed when a host is killed together with an edge', async () => {
    const own = usersAt('10.0.1.1');
    await world.until(Promise.all([edge.kill(), host.kill()]));
    await world.run(30);
    for (const registrar of [world.p, world.a]) {
      expect(new Set(askedBy(registrar))).toEqual(new Set(own));
      expect(fastest(registrar)).toBeLessThanOrEqual(registersPerS);
      expect(registrar.bindings()).toHaveLength(count);
    }
    expect(usersAt('10.0.1.2')).toEqual(users);
  });

  it('waits a moment for an edge that was killed together with a host: for datagrams nothing is sent', async () => {
    const own = usersAt('10.0.1.1');
    await world.until(Promise.all([edge.kill(), host.kill()]));
    await world.run(0.5);
    await world.edge('edge-1');
    await world.run(30);
    for (const registrar of [world.p, world.a]) expect(new Set(askedBy(registrar))).toEqual(new Set(own.filter(isStream)));
    expect(usersAt('10.0.1.1')).toEqual(own);
  });

  it('keeps to what is allowed when all of it is killed and started again: lines on streams register in their turns', async () => {
    await world.until(Promise.all([edge, other, host, second].map((member) => member.kill())));
    await world.run(10);
    for (const id of ['edge-1', 'edge-2']) await world.edge(id);
    for (const id of ['host-1', 'host-2']) await world.host(id);
    await world.run(30);
    for (const registrar of [world.p, world.a]) {
      expect(new Set(askedBy(registrar))).toEqual(new Set(users.filter(isStream)));
      // A host that joins begins one line before the others share with it.
      expect(fastest(registrar)).toBeLessThanOrEqual(registersPerS + 2);
      expect(registrar.bindings()).toHaveLength(count);
    }
  });
});

describe('an edge that drains', () => {
  it('waits for the last of its lines, however slowly they may register', async () => {
    const world = await openClusterWorld({ takeover: { registersPerS: 1 } });
    const edge = await world.edge('edge-1');
    await world.host('host-1');
    await world.apply(users.map((userId) => dualLine({ userId, registerExpires: 3_600 })));
    await world.run(4 * count);
    const left = (): number => world.p.bindings().filter(({ contact }) => contact.includes('@10.0.1.1:')).length;
    expect(left()).toBe(count);
    await world.edge('edge-2');
    expect(await world.drain('edge-1')).toMatchObject({ id: 'edge-1', flows: 2 });
    // One line in four seconds: half of what is allowed keeps room for two at once.
    await world.run(4 * count - 15);
    expect(left()).toBeGreaterThan(0);
    expect(edge.status().state).toBe('draining');
    await world.run(20);
    expect(left()).toBe(0);
    expect(edge.status().state).toBe('left');
    expect(world.p.bindings()).toHaveLength(count);
    await world.stop();
  });
});
