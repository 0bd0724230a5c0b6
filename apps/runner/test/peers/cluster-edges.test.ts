import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClusterScene, openClusterScene } from './support/cluster-scene.ts';
import type { Binding, Kamailio, SeenRequest } from './support/kamailio.ts';
import { probe } from './support/prober.ts';
import { drawRates, mostInOneSecond } from './support/rate-curve.ts';
import { report, tell } from './support/report.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

/* docs/cluster.md: an edge owns the Contact of its lines. Where it ends they register once more through another one, in turns. */

/** Refreshes are far away: every REGISTER after the start is one that the edge has caused. */
const registerExpires = 3_600;

const registers = ({ requests }: Kamailio, sinceMs = 0): readonly SeenRequest[] =>
  requests.filter(({ method, atMs }) => method === 'REGISTER' && atMs >= sinceMs);
const portOf = ({ contact }: Binding): number => Number(/@[^:;]+:(\d+)/.exec(contact)?.[1]);
const byUser = async (server: Kamailio): Promise<ReadonlyMap<string, Binding>> =>
  new Map((await server.bindings()).map((binding) => [binding.user, binding]));
const usersAt = (bindings: ReadonlyMap<string, Binding>, port: number): ReadonlySet<string> =>
  new Set([...bindings.values()].filter((binding) => portOf(binding) === port).map(({ user }) => user));

/** Each of these users has been registered once more at both. */
const allSaved = (servers: ClusterScene['servers'], users: ReadonlySet<string>, sinceMs: number): boolean =>
  servers.every((server) => {
    const saved = registers(server, sinceMs).filter(({ outcome, user }) => outcome === 'saved' && users.has(user));
    return new Set(saved.map(({ user }) => user)).size === users.size;
  });

describePeers('an edge of 3,000 dual lines is killed', ['kamailio', 'nats-server'], () => {
  const count = 3_000;
  const registersPerS = 300;
  const ports = { dies: 0, lives: 0 };
  let world: ClusterScene;

  beforeAll(async () => {
    world = await openClusterScene({ registersPerS });
    const { cluster, stage } = world;
    Object.assign(ports, { dies: stage.network.port(), lives: stage.network.port() });
    await cluster.edge('edge-1', { port: ports.dies });
    await cluster.edge('edge-2', { port: ports.lives });
    for (const name of ['host-1', 'host-2', 'host-3']) await cluster.host(name);
    await cluster.apply(dualTemplate(...world.servers, { registerExpires }), [{ from: 1_000, count }]);
    await cluster.settled(2 * count, 120_000);
  }, 180_000);
  afterAll(() => world?.stage.close(), 60_000);

  it('its lines are registered through the other one within 30 s, and no registrar is asked too fast', {
    timeout: 120_000,
  }, async () => {
    const { servers, cluster, stage } = world;
    const before = await Promise.all(servers.map(byUser));
    const lost = usersAt(before[0] ?? new Map(), ports.dies);
    expect(lost.size).toBeGreaterThan(count / 3);
    const asked = servers.map((server) => registers(server).length);

    const killedMs = (await cluster.members.get('edge-1')?.kill()) ?? 0;
    await until('its lines are registered elsewhere', 60_000, () => allSaved(servers, lost, killedMs));
    const tookMs = Math.max(...servers.flatMap((server) => registers(server, killedMs).map(({ atMs }) => atMs))) - killedMs;

    const rates = servers.map((server) => mostInOneSecond(registers(server).map(({ atMs }) => atMs)));
    const moved = servers.map((server, i) => registers(server).length - (asked[i] ?? 0));
    await tell('cluster-edges-killed', { lost: lost.size, tookMs, moved, rates });
    await report(
      'cluster-edges.svg',
      drawRates({
        title: `${count} dual lines, an edge with ${lost.size} of them is killed; at most ${registersPerS} REGISTER/s`,
        servers: servers.map((server, i) => ({
          server: i === 0 ? 'primary' : 'alternate',
          atMs: registers(server).map(({ atMs }) => atMs),
        })),
        bound: registersPerS,
        marks: [
          { atMs: killedMs, what: 'kill -9 edge-1' },
          { atMs: killedMs + tookMs, what: `${(tookMs / 1_000).toFixed(1)} s later the last` },
        ],
      }),
    );
    expect(tookMs).toBeLessThan(30_000);
    for (const rate of rates) expect(rate).toBeLessThanOrEqual(registersPerS);

    await cluster.settled(2 * count, 10_000);
    for (const [i, server] of servers.entries()) {
      // Exactly one binding for each user: the Contact at the dead edge is gone.
      const bindings = await server.bindings();
      expect(bindings).toHaveLength(count);
      expect(new Set(bindings.map(({ user }) => user)).size).toBe(count);
      expect(bindings.filter((binding) => portOf(binding) !== ports.lives)).toEqual([]);
      expect(bindings.filter(({ user, callId }) => before[i]?.get(user)?.callId !== callId)).toEqual([]);
      // Nobody else was disturbed.
      expect(registers(server, killedMs).filter(({ user }) => !lost.has(user))).toEqual([]);
    }
    const contacts = (await servers[1].bindings()).filter(({ user }) => lost.has(user)).map(({ contact }) => contact);
    const probes = await probe(stage.network, contacts, 20_000);
    expect(probes.filter(({ status }) => status !== 200)).toEqual([]);
  });
});

describePeers('an edge of 600 dual lines', ['kamailio', 'nats-server'], () => {
  const registersPerS = 100;
  const users = { udp: { from: 1_000, count: 300 }, tcp: { from: 2_000, count: 300 } } as const;
  const count = users.udp.count + users.tcp.count;
  const ports = { first: 0, second: 0 };
  let world: ClusterScene;

  beforeAll(async () => {
    world = await openClusterScene({ registersPerS });
    const { cluster, stage } = world;
    Object.assign(ports, { first: stage.network.port(), second: stage.network.port() });
    await cluster.edge('edge-1', { port: ports.first });
    await cluster.edge('edge-2', { port: ports.second });
    for (const name of ['host-1', 'host-2']) await cluster.host(name);
    await cluster.apply(dualTemplate(...world.servers, { registerExpires }), [
      { ...users.udp, sipTransport: 'UDP' },
      { ...users.tcp, sipTransport: 'TCP' },
    ]);
    await cluster.settled(2 * count, 60_000);
  }, 120_000);
  afterAll(() => world?.stage.close(), 60_000);

  it('that is killed and started again at once: UDP lines send nothing, TCP lines register once', {
    timeout: 120_000,
  }, async () => {
    const { servers, cluster, stage } = world;
    const before = await Promise.all(servers.map(byUser));
    const own = [...usersAt(before[0] ?? new Map(), ports.first)];
    const streams = new Set(own.filter((user) => Number(user) >= users.tcp.from));
    expect(streams.size).toBeGreaterThan(50);
    expect(own.length - streams.size).toBeGreaterThan(50);

    const killedMs = (await cluster.members.get('edge-1')?.kill()) ?? 0;
    await cluster.edge('edge-1', { port: ports.first });
    const backMs = Date.now() - killedMs;
    await until('TCP lines are registered again', 60_000, () => allSaved(servers, streams, killedMs));
    await cluster.settled(2 * count, 20_000);

    const extra = servers.map((server) => registers(server, killedMs));
    const figures = {
      backMs,
      udp: own.length - streams.size,
      tcp: streams.size,
      registers: extra.map(({ length }) => length),
      rates: extra.map((seen) => mostInOneSecond(seen.map(({ atMs }) => atMs))),
    };
    await tell('cluster-edges-restarted', figures);
    for (const [i, server] of servers.entries()) {
      expect(extra[i]?.filter(({ user }) => !streams.has(user))).toEqual([]);
      expect(extra[i]).toHaveLength(streams.size);
      const after = await byUser(server);
      expect(after.size).toBe(count);
      for (const [user, binding] of before[i] ?? [])
        expect(after.get(user)).toMatchObject({ callId: binding.callId, contact: binding.contact });
    }
    for (const rate of figures.rates) expect(rate).toBeLessThanOrEqual(registersPerS);
    const contacts = own.flatMap((user) => before[0]?.get(user)?.contact ?? []);
    const probes = await probe(stage.network, contacts, 20_000);
    expect(probes.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('that is drained: its lines move in turns, then it ends with 0', { timeout: 120_000 }, async () => {
    const { servers, cluster } = world;
    const before = await Promise.all(servers.map(byUser));
    const own = usersAt(before[0] ?? new Map(), ports.first);
    expect(own.size).toBeGreaterThan(100);
    const edge = cluster.members.get('edge-1');
    const drainedMs = Date.now();
    expect(await cluster.ask('cluster', 'drain', 'edge-1')).toMatchObject({ code: 0 });
    const ending = await edge?.child.ended;
    const tookMs = Date.now() - drainedMs;

    const extra = servers.map((server) => registers(server, drainedMs));
    const rates = extra.map((seen) => mostInOneSecond(seen.map(({ atMs }) => atMs)));
    await tell('cluster-edges-drained', { lines: own.size, tookMs, registers: extra.map(({ length }) => length), rates });
    expect(ending?.code).toBe(0);
    const { members } = await cluster.settled(2 * count, 10_000);
    expect(members.find(({ id }) => id === 'edge-1')?.state).toBe('left');
    for (const [i, server] of servers.entries()) {
      const bindings = await server.bindings();
      expect(bindings).toHaveLength(count);
      expect(bindings.filter((binding) => portOf(binding) !== ports.second)).toEqual([]);
      expect(bindings.filter(({ user, callId }) => before[i]?.get(user)?.callId !== callId)).toEqual([]);
      expect(new Set(extra[i]?.map(({ user }) => user))).toEqual(own);
      expect(rates[i]).toBeLessThanOrEqual(registersPerS);
    }
  });
});
