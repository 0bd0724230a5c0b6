import type { RuntimeCounters } from '@offhook/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClusterScene, openClusterScene } from './support/cluster-scene.ts';
import type { Cable } from './support/jetstream.ts';
import { probe } from './support/prober.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

const count = 300;

/** Two edges, three hosts, and 300 dual lines whose refreshes are far away: whatever a registrar hears after the start is too much. */
interface Scene extends ClusterScene {
  readonly cable: Cable;
  /** REGISTERs that the registrars have seen. */
  registers(): readonly number[];
  /** Call-ID and CSeq of every binding. */
  bindings(): Promise<readonly string[]>;
  /** Line by line, the host that runs it. */
  owners(): Promise<Readonly<Record<string, string>>>;
  /** Contacts of the lines of a host. */
  contactsOf(host: string): Promise<readonly string[]>;
  droppedStale(): Promise<number>;
}

/** `host-2` is at the end of a cable of its own; in its environment stands what is given. */
async function openScene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const scene = await openClusterScene();
  const { servers, cluster } = scene;
  const cable = await scene.jetStream.cable();
  for (const name of ['edge-1', 'edge-2']) await cluster.edge(name);
  for (const name of ['host-1', 'host-3']) await cluster.host(name);
  await cluster.host('host-2', { bus: cable.url, env });
  await cluster.apply(dualTemplate(...servers, { registerExpires: 3_600 }), [{ from: 1_000, count }]);
  await cluster.settled(2 * count, 60_000);
  const owners = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await cluster.lines()).map(({ id, host }) => [id, host]));
  return {
    ...{ ...scene, cable, owners },
    registers: () => servers.map(({ requests }) => requests.filter(({ method }) => method === 'REGISTER').length),
    async bindings() {
      const all = await Promise.all(servers.map((server) => server.bindings()));
      return all.flatMap((users, i) => users.map(({ user, callId, cseq }) => `${i} ${user} ${callId} ${cseq}`)).sort();
    },
    async contactsOf(host) {
      const own = new Set(Object.entries(await owners()).flatMap(([line, at]) => (at === host ? [line] : [])));
      return (await servers[0].bindings()).flatMap(({ user, contact }) => (own.has(user) ? [contact] : []));
    },
    async droppedStale() {
      const { value } = await cluster.ask('counters');
      return (value as RuntimeCounters).edge?.droppedStale ?? 0;
    },
  };
}

const isDead = (scene: Scene, host: string) => async (): Promise<boolean> =>
  (await scene.cluster.status()).members.some(({ id, state }) => id === host && state === 'dead');

/** It has no session now, and no lines. */
const isOutside = (scene: Scene, host: string) => async (): Promise<boolean> =>
  (await scene.cluster.status()).members.some(({ id, status }) => id === host && status?.lines === 0);

/** Of a session of its own: after a verdict it is a new one. */
const hasLines = (scene: Scene, host: string) => async (): Promise<boolean> =>
  (await scene.cluster.status()).members.some(
    ({ id, state, status }) => id === host && state === 'up' && (status?.lines ?? 0) > count / 6,
  );

describePeers('a line host that stands still beyond its fence', ['kamailio', 'nats-server'], () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  }, 120_000);
  afterAll(() => scene?.stage.close(), 60_000);

  it('says nothing when it goes on, is told that its time is over, and comes back clean', { timeout: 90_000 }, async () => {
    const before = { registers: scene.registers(), bindings: await scene.bindings() };
    const contacts = await scene.contactsOf('host-2');
    expect(contacts.length).toBeGreaterThan(count / 6);
    const { child } = scene.cluster.members.get('host-2') ?? (await scene.cluster.host('host-2'));

    child.signal('SIGSTOP');
    // Questions of this time wait for it in its connection.
    const probes = await probe(scene.stage.network, contacts, 20_000);
    expect(probes).toHaveLength(contacts.length);
    child.signal('SIGCONT');
    await until('it knows that its time is over', 20_000, isOutside(scene, 'host-2'));
    await until('it has its lines again', 40_000, hasLines(scene, 'host-2'));
    await scene.cluster.settled(2 * count, 20_000);
    expect(await scene.droppedStale()).toBe(0);
    expect({ registers: scene.registers(), bindings: await scene.bindings() }).toEqual(before);
  });

  it('that is cut off from NATS alone is replaced, and comes back clean', { timeout: 90_000 }, async () => {
    const before = { registers: scene.registers(), bindings: await scene.bindings() };
    const contacts = await scene.contactsOf('host-2');
    scene.cable.pull();
    await until('it is declared dead', 15_000, isDead(scene, 'host-2'));
    expect(await probe(scene.stage.network, contacts, 20_000)).toHaveLength(contacts.length);
    scene.cable.mend();
    await until('it has its lines again', 40_000, hasLines(scene, 'host-2'));
    await scene.cluster.settled(2 * count, 20_000);
    expect({ registers: scene.registers(), bindings: await scene.bindings() }).toEqual(before);
  });

  it.each([3, 10])(
    'NATS is gone for %i s: no line moves, no registration is lost, nothing is sent twice',
    {
      timeout: 90_000,
    },
    async (seconds) => {
      const before = { registers: scene.registers(), bindings: await scene.bindings(), owners: await scene.owners() };
      await scene.jetStream.kill();
      const goneMs = Date.now();
      await until(`${seconds} s are over`, 20_000, () => Date.now() - goneMs > seconds * 1_000);
      await scene.jetStream.start();
      await scene.cluster.settled(2 * count, 30_000);
      const contacts = await scene.contactsOf('host-1');
      expect(await probe(scene.stage.network, contacts, 20_000)).toHaveLength(contacts.length);
      expect({ registers: scene.registers(), bindings: await scene.bindings(), owners: await scene.owners() }).toEqual(before);
    },
  );
});

describePeers('a line host without its own gate, that stands still beyond its fence', ['kamailio', 'nats-server'], () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene({ OFFHOOK_ROGUE_HOST: '1' });
  }, 120_000);
  afterAll(() => scene?.stage.close(), 60_000);

  it('sends what it may not: the edges drop all of it', { timeout: 90_000 }, async () => {
    const before = { registers: scene.registers(), bindings: await scene.bindings() };
    const contacts = await scene.contactsOf('host-2');
    const { child } = scene.cluster.members.get('host-2') ?? (await scene.cluster.host('host-2'));
    child.signal('SIGSTOP');
    const probes = await probe(scene.stage.network, contacts, 20_000);
    child.signal('SIGCONT');
    // It answers every question of that time, each to the edge that asked.
    const stale = await until('stale answers come', 20_000, async () => {
      const dropped = await scene.droppedStale();
      return dropped >= probes.length && dropped;
    });
    expect(stale).toBeGreaterThanOrEqual(contacts.length);
    expect({ registers: scene.registers(), bindings: await scene.bindings() }).toEqual(before);
  });
});
