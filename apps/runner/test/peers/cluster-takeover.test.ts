import { afterAll, beforeAll, expect, it } from 'vitest';
import { fast, type TestCluster } from './support/cluster.ts';
import { type ClusterScene, openClusterScene } from './support/cluster-scene.ts';
import type { Kamailio, SeenRequest } from './support/kamailio.ts';
import { probe } from './support/prober.ts';
import { createSipp, type Sipp } from './support/sipp.ts';
import type { Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

/** Refreshes are far away: every REGISTER that comes after the start is one too many. */
const registerExpires = 3_600;

const registers = (server: Kamailio): readonly SeenRequest[] => server.requests.filter(({ method }) => method === 'REGISTER');

/** Each registration as its server knows it: whose, by which Call-ID, at which CSeq. */
async function known(server: Kamailio): Promise<ReadonlyMap<string, { readonly callId: string; readonly cseq: number }>> {
  return new Map((await server.bindings()).map(({ user, callId, cseq }) => [user, { callId, cseq }]));
}

describePeers('a line host of 3,000 dual lines is killed', ['kamailio', 'sipp', 'nats-server'], () => {
  const count = 3_000;
  let stage: Stage;
  let servers: ClusterScene['servers'];
  let cluster: TestCluster;
  let sipp: Sipp;

  beforeAll(async () => {
    ({ stage, servers, cluster } = await openClusterScene());
    sipp = stage.keep(createSipp(stage.network, stage.folder));
    for (const name of ['edge-1', 'edge-2']) await cluster.edge(name);
    for (const name of ['host-1', 'host-2', 'host-3']) await cluster.host(name);
    await cluster.apply(dualTemplate(...servers, { registerExpires }), [{ from: 1_000, count }]);
    await cluster.settled(2 * count, 90_000);
  }, 150_000);
  afterAll(() => stage?.close(), 60_000);

  it('its lines answer elsewhere within 10 s, and no registrar hears of it', { timeout: 120_000 }, async () => {
    const lines = await cluster.lines();
    expect(lines).toHaveLength(count);
    const lost = lines.filter(({ host }) => host === 'host-2').map(({ user }) => user);
    expect(lost.length).toBeGreaterThan(count / 4);
    const before = await Promise.all(servers.map(known));
    const asked = servers.map((server) => registers(server).length);
    const contacts = (await servers[0].bindings()).filter(({ user }) => lost.includes(user)).map(({ contact }) => contact);

    const killedMs = await cluster.members.get('host-2')?.kill();
    const probes = await probe(stage.network, contacts, 20_000);
    const took = probes.map(({ atMs }) => atMs - (killedMs ?? 0));
    expect(probes.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...took)).toBeLessThan(10_000);

    const party = await sipp.called('9000', 1);
    await sipp.register(party, servers[0]);
    const call = await cluster.ask('call', lost[0] ?? '', '9000', '--duration', '1');
    expect(call).toMatchObject({ code: 0, value: { answered: true } });

    const { members, lines: left } = await cluster.settled(2 * count, 10_000);
    expect(left).toBe(count);
    expect(members.find(({ id }) => id === 'host-2')?.state).toBe('dead');
    const own = (server: Kamailio): readonly SeenRequest[] => registers(server).filter(({ user }) => user !== '9000');
    expect(servers.map((server) => own(server).length)).toEqual(asked);
    const after = await Promise.all(servers.map(known));
    for (const [i, users] of before.entries()) for (const [user, leg] of users) expect(after[i]?.get(user)).toEqual(leg);
  });
});

describePeers('a line host is killed where members are fast', ['kamailio', 'nats-server'], () => {
  const count = 600;
  let stage: Stage;
  let servers: ClusterScene['servers'];
  let cluster: TestCluster;

  beforeAll(async () => {
    ({ stage, servers, cluster } = await openClusterScene(fast));
    for (const name of ['edge-1', 'edge-2']) await cluster.edge(name);
    for (const name of ['host-1', 'host-2', 'host-3']) await cluster.host(name);
    await cluster.apply(dualTemplate(...servers, { registerExpires: 60 }), [{ from: 1_000, count }]);
    await cluster.settled(2 * count, 60_000);
  }, 120_000);
  afterAll(() => stage?.close(), 60_000);

  it('its lines answer within 3 s, and refresh with the same Call-ID and a higher CSeq', { timeout: 120_000 }, async () => {
    const lost = new Set((await cluster.lines()).filter(({ host }) => host === 'host-1').map(({ user }) => user));
    const contacts = (await servers[0].bindings()).filter(({ user }) => lost.has(user)).map(({ contact }) => contact);
    const before = await Promise.all(servers.map(known));
    const killedMs = await cluster.members.get('host-1')?.kill();
    const probes = await probe(stage.network, contacts, 10_000);
    expect(Math.max(...probes.map(({ atMs }) => atMs - (killedMs ?? 0)))).toBeLessThan(3_000);

    // Every leg of every line is refreshed once more: all of them have come and none has begun anew.
    await cluster.ask('cluster', 'status');
    for (const [i, server] of servers.entries()) {
      const refreshed = (): boolean => {
        const saved = server.requests.filter(({ outcome, atMs }) => outcome === 'saved' && atMs > (killedMs ?? 0));
        return new Set(saved.map(({ user }) => user)).size === count;
      };
      await until('every leg refreshes', 60_000, refreshed);
      for (const { user, callId, cseq, outcome } of server.requests) {
        if (outcome !== 'saved') continue;
        expect(callId).toBe(before[i]?.get(user)?.callId);
        expect(cseq).toBeGreaterThan(0);
      }
      const after = await known(server);
      for (const [user, leg] of before[i] ?? []) expect(after.get(user)?.cseq).toBeGreaterThan(leg.cseq);
    }
  });
});
