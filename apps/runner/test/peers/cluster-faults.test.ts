import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fast, type TestCluster } from './support/cluster.ts';
import { type ClusterScene, openClusterScene } from './support/cluster-scene.ts';
import type { JetStream } from './support/jetstream.ts';
import type { Kamailio, SeenRequest } from './support/kamailio.ts';
import { startNats } from './support/nats.ts';
import { probe } from './support/prober.ts';
import { type CommandResult, offhook } from './support/runner.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

const count = 60;
/** Refreshes are far away: every REGISTER that comes after the start is one too many. */
const registerExpires = 3_600;

let stage: Stage;
let servers: ClusterScene['servers'];
let jetStream: JetStream;
let cluster: TestCluster;

async function open(edges: readonly string[], diskMb?: number): Promise<void> {
  ({ stage, servers, jetStream, cluster } = await openClusterScene(fast, diskMb));
  for (const name of edges) await cluster.edge(name);
}

const desk = (values = {}) => dualTemplate(...servers, { registerExpires, ...values });
const registers = (): readonly SeenRequest[] =>
  servers.flatMap(({ requests }) => requests.filter(({ method }) => method === 'REGISTER'));
/** Users of all REGISTER requests that were not among those. */
const usersSince = (asked: readonly SeenRequest[]): readonly string[] => {
  const known = new Set(asked);
  return [...new Set(registers().flatMap((seen) => (known.has(seen) ? [] : [seen.user])))].sort();
};

/** What of a member must not change when others have faults. */
const standing = async (): Promise<unknown> =>
  (await cluster.status()).members.map(({ id, session, status }) => [id, session, status?.slots]);
const said = (name: string): string => (cluster.members.get(name)?.log ?? []).join('\n');
const code = ({ errors }: CommandResult): string => /"code":"(E_\w+)"/.exec(errors)?.[1] ?? errors;

describePeers('a cluster with faults', ['kamailio', 'nats-server'], () => {
  const members = ['edge-1', 'edge-2', 'host-1', 'host-2', 'host-3'];

  beforeAll(async () => {
    await open(['edge-1', 'edge-2']);
    for (const name of ['host-1', 'host-2']) await cluster.host(name, { env: { PEERS_SECRET: 'secret' } });
    await cluster.host('host-3');
    await cluster.apply(desk(), [{ from: 1_000, count }]);
    await cluster.settled(2 * count, 60_000);
  }, 120_000);
  afterAll(() => stage?.close(), 60_000);

  it('every member is found by the tools of NATS, which count its commands', { timeout: 30_000 }, async () => {
    const found = (await cluster.raw('$SRV.PING', '', 5)) as readonly { readonly id: string; readonly name: string }[];
    expect(found.map(({ id }) => id).sort()).toEqual(members);
    for (const { id, name } of found) expect(name).toBe(`offhook-${id.slice(0, -2)}`);
    const [info] = await cluster.raw('$SRV.INFO.offhook-host.host-1', '');
    const endpoints = ['status', 'lines', 'counters', 'drain'].map((name) =>
      expect.objectContaining({ name, subject: 'offhook.peers.member.host-1' }),
    );
    expect(info).toMatchObject({ metadata: { cluster: 'peers' }, endpoints });
    const asked = async (): Promise<number | undefined> => {
      const [stats] = (await cluster.raw('$SRV.STATS.offhook-host.host-1', '')) as readonly {
        readonly endpoints: readonly { readonly name: string; readonly num_requests: number }[];
      }[];
      return stats?.endpoints.find(({ name }) => name === 'status')?.num_requests;
    };
    const before = await asked();
    await cluster.status();
    expect(await asked()).toBe((before ?? 0) + 1);
  });

  it.each([
    ['host', 'host-1'],
    ['edge', 'edge-1'],
  ] as const)('a second %s of one name ends, and the first does not notice', { timeout: 30_000 }, async (role, name) => {
    const [asked, before] = [registers(), await standing()];
    const refused = await cluster.refused(role, name);
    expect([refused.code, code(refused)]).toEqual([3, 'E_CLUSTER_NAME']);
    expect(refused.errors).toContain(
      `A member with the name \\"${name}\\" runs already in this cluster; it goes on undisturbed.`,
    );
    expect(usersSince(asked)).toEqual([]);
    expect(await standing()).toEqual(before);
    expect(said(name)).toBe('');
  });

  it('lines are added, changed and withdrawn, and nobody else hears of it', { timeout: 60_000 }, async () => {
    const asked = registers();
    const applied = await cluster.apply(desk(), [
      { from: 1_000, count: count - 2 },
      { userId: '1058', displayName: 'Anna' },
      { userId: '2000' },
    ]);
    expect(applied).toMatchObject({ code: 0, value: { applied: true } });
    const lines = (applied.value as { readonly lines: readonly { readonly line: string; readonly what: string }[] }).lines;
    expect(lines.map(({ line, what }) => `${line} ${what}`).sort()).toEqual(['1058 changed', '1059 removed', '2000 added']);
    const bound = async (server: Kamailio): Promise<readonly string[]> => (await server.bindings()).map(({ user }) => user);
    await until('registrars know', 20_000, async () => {
      const [users, others] = await Promise.all(servers.map(bound));
      return [users, others].every((each) => each?.includes('2000') && !each.includes('1059'));
    });
    await cluster.settled(2 * count, 20_000);
    expect(usersSince(asked)).toEqual(['1059', '2000']);
    const again = await cluster.ask('cluster', 'apply', join(stage.folder, 'lines.yaml'), '--yes');
    expect(again).toMatchObject({ code: 0, value: { applied: false, lines: [] } });
  });

  it('a file with a fault is refused, with its place, and changes nothing', { timeout: 30_000 }, async () => {
    const path = join(stage.folder, 'faulty.yaml');
    await writeFile(path, 'lines:\n  - { userId: "1000", proxy: 192.0.2.1, displayNam: x }\n  - { proxy: 1 2 }\n');
    const before = await cluster.status();
    const refused = await cluster.ask('cluster', 'apply', path, '--yes', '--strict');
    expect([refused.code, code(refused)]).toEqual([2, 'E_CONFIG_INVALID']);
    expect(refused.errors).toMatch(/"at":\{"file":"[^"]*faulty\.yaml","line":2,"column":\d+\}/);
    expect((await cluster.status()).configuration).toEqual(before.configuration);
  });

  it('of two who write at once one is told that it came second', { timeout: 30_000 }, async () => {
    const path = async (name: string, displayName: string): Promise<string> => {
      const at = join(stage.folder, name);
      const lines = [
        { template: 'desk', from: 1_000, count: count - 1, displayName },
        { template: 'desk', userId: '2000' },
      ];
      await writeFile(at, JSON.stringify({ templates: { desk: desk() }, lines }));
      return at;
    };
    const files = [await path('a.yaml', 'Anna'), await path('b.yaml', 'Bert')];
    const answers = await Promise.all(files.map((file) => cluster.ask('cluster', 'apply', file, '--yes')));
    // They may also come one after the other: then both count, the later one in full.
    for (const answer of answers) expect([0, 3]).toContain(answer.code);
    for (const answer of answers.filter((each) => each.code === 3)) expect(code(answer)).toBe('E_CLUSTER_CONFIG');
    expect(answers.some((answer) => answer.code === 0)).toBe(true);
  });

  it('a host without a secret goes on as it is, and says so', { timeout: 60_000 }, async () => {
    const [asked, { members: before }] = [registers(), await cluster.status()];
    const applied = await cluster.apply(desk({ password: { env: 'PEERS_SECRET' } }), [
      { from: 1_000, count: count - 1 },
      { userId: '2000' },
    ]);
    expect(applied).toMatchObject({ code: 0, value: { applied: true } });
    const seen = await until('host-3 has a fault', 10_000, async () => {
      const answer = await cluster.ask('cluster', 'status');
      const host = (answer.value as Awaited<ReturnType<TestCluster['status']>>).members.find(({ id }) => id === 'host-3');
      return host?.status?.fault !== undefined && { answer, host };
    });
    expect(seen.answer.code).toBe(1);
    expect(seen.host.status?.fault).toContain('environment variable PEERS_SECRET');
    // Edges need no secrets.
    const { members: now } = seen.answer.value as Awaited<ReturnType<TestCluster['status']>>;
    expect(now.filter(({ status }) => status?.fault !== undefined).map(({ id }) => id)).toEqual(['host-3']);
    expect(seen.host.status).toMatchObject({ lines: before.find(({ id }) => id === 'host-3')?.status?.lines });
    expect(usersSince(asked)).toEqual([]);
    await cluster.apply(desk(), [{ from: 1_000, count: count - 1 }, { userId: '2000' }]);
    await until('the fault is gone', 10_000, async () => (await cluster.ask('cluster', 'status')).code === 0);
    await cluster.settled(2 * count, 20_000);
    expect(usersSince(asked)).toEqual([]);
  });

  it('a line whose record is garbage registers anew when its host dies, and its neighbours do not', {
    timeout: 60_000,
  }, async () => {
    const asked = registers();
    const lines = (await cluster.lines()).filter(({ host }) => host === 'host-3');
    const [victim] = lines;
    for (const leg of ['primary', 'alternate'])
      await cluster.raw(`$KV.offhook_peers_ledger.l.${victim?.slot}.${victim?.key}.${leg}`, 'no json {');
    await cluster.members.get('host-3')?.kill();
    await cluster.settled(2 * count, 20_000);
    expect(usersSince(asked)).toEqual([victim?.user]);
    const key = `l.${victim?.slot}.${victim?.key}.primary`;
    const log = `${said('host-1')}\n${said('host-2')}`.split('\n').filter((line) => line.includes(key));
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('a record of the ledger cannot be used; its line begins anew');
    expect(log[0]).toContain('it is not a JSON object');
  });

  it('a host that hangs is shut out, and comes back when it lives again', { timeout: 60_000 }, async () => {
    const asked = registers();
    cluster.members.get('host-2')?.child.signal('SIGSTOP');
    const state = async () => (await cluster.status()).members.find(({ id }) => id === 'host-2')?.state;
    await until('host-2 is shut out', 20_000, async () => (await state()) === 'dead');
    await cluster.settled(2 * count, 20_000);
    cluster.members.get('host-2')?.child.signal('SIGCONT');
    await until('host-2 is back', 20_000, async () => (await state()) === 'up');
    await cluster.settled(2 * count, 20_000);
    expect(usersSince(asked)).toEqual([]);
    const drained = await cluster.ask('cluster', 'drain', 'host-9');
    expect([drained.code, code(drained)]).toEqual([3, 'E_CLUSTER_MEMBER']);
    expect(drained.errors).toMatch(/There are: .*host-2/);
  });
});

/** It throws for one line alone: when a request has failed, or as soon as the line is judged. */
const poison = `
const claim = { aspect: 'route', hold: 'exclusive', because: 'It is asked for', remedy: 'Set X Mechanism to auto.', parameter: 'xMechanism' };
export const manifest = Object.freeze({
  name: 'poison', kind: 'mechanism', api: 1, title: 'Poison',
  claims({ ext }) {
    if (ext.userId === '1001') throw new Error('claims poison');
    return ext.xMechanism === 'poison' ? [claim] : [];
  },
});
export const create = () => ({
  manifest,
  decide(facts, event) {
    if (event.type === 'request.failed') throw new Error('decides poison');
    return { next: 'send', leg: 'primary', rule: 'poison:send', source: 'test' };
  },
});
`;

describePeers('a cluster with a poisoned line', ['kamailio', 'nats-server'], () => {
  beforeAll(async () => {
    await open(['edge-1']);
    await writeFile(join(stage.folder, 'poison.mjs'), poison);
    for (const name of ['host-1', 'host-2']) await cluster.host(name, { plugins: ['./poison.mjs'] });
    const others = { from: 1_002, count: 10 };
    await cluster.apply(desk(), [{ userId: '1000', xMechanism: 'poison', dualRegistration: false }, { userId: '1001' }, others]);
    await cluster.settled(23, 60_000);
  }, 120_000);
  afterAll(() => stage?.close(), 60_000);

  const lineOf = async (id: string) => (await cluster.lines()).find((line) => line.id === id);

  /** It fails so many times, each time for longer, and is as it was. */
  async function fails(times: number): Promise<void> {
    const line = await until('the line is there', 20_000, () => lineOf('1000'));
    const pauses = (): readonly number[] =>
      [...said(line.host).matchAll(/"line":"1000","pauseMs":(\d+)/g)].map(([, ms]) => Number(ms));
    for (let time = 1; time <= times; time++) {
      await until('the line is as it was', 20_000, async () => (await lineOf('1000'))?.route === 'onTop');
      const call = JSON.stringify({ command: 'call', args: { target: 'nobody' } });
      await cluster.raw(`offhook.peers.line.${line.slot}.${line.key}.cmd`, call);
      await until('the line fails', 10_000, () => pauses().length === time);
    }
    expect((await lineOf('1000'))?.route).toBe('failed');
    expect(pauses()).toEqual(Array.from({ length: times }, (_, i) => 1_000 * 2 ** i));
  }

  it('it is kept apart, on its host and on the next one, and its neighbours do not notice', { timeout: 90_000 }, async () => {
    expect(await lineOf('1001')).toMatchObject({
      degraded: true,
      refusals: [{ code: 'E_PLUGIN_INVALID', asked: 'auto', message: expect.stringContaining('claims() failed') }],
    });
    const [asked, before] = [registers(), await standing()];
    await fails(4);
    expect(await standing()).toEqual(before);
    await until('the line is back', 20_000, async () => (await lineOf('1000'))?.route === 'onTop');
    await cluster.members.get((await lineOf('1000'))?.host ?? '')?.kill();
    await cluster.settled(23, 20_000);
    await fails(3);
    await cluster.settled(23, 20_000);
    expect(usersSince(asked)).toEqual([]);
  });
});

describePeers('a cluster whose disk is full', ['kamailio', 'nats-server'], () => {
  const few = 20;

  beforeAll(async () => {
    await open(['edge-1'], 12);
    for (const name of ['host-1', 'host-2']) await cluster.host(name);
    await cluster.apply(desk(), [{ from: 1_000, count: few }]);
    await cluster.settled(2 * few, 60_000);
  }, 120_000);
  afterAll(() => stage?.close(), 60_000);

  /** Nothing was lost: the same owners, the same registrations, every line answers. */
  async function goesOn(before: unknown, asked: readonly SeenRequest[]): Promise<void> {
    await cluster.settled(2 * few, 30_000);
    expect(await standing()).toEqual(before);
    const contacts = (await servers[0].bindings()).map(({ contact }) => contact);
    const probes = await probe(stage.network, contacts, 10_000);
    expect(probes.filter(({ status }) => status === 200)).toHaveLength(few);
    expect(usersSince(asked)).toEqual([]);
  }

  it('by another user of JetStream: the log says what to do, and all goes on when there is room', {
    timeout: 90_000,
  }, async () => {
    const [asked, before] = [registers(), await standing()];
    const stream = { name: 'other', subjects: ['other'], storage: 'file', retention: 'limits', num_replicas: 1, discard: 'old' };
    await cluster.raw('$JS.API.STREAM.CREATE.other', JSON.stringify(stream));
    const more = 'x'.repeat(100_000);
    await until('JetStream takes no more', 30_000, async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => cluster.raw('other', more)));
      return answers.some(([answer]) => JSON.stringify(answer).includes('error'));
    });
    await until('the members say so', 10_000, () =>
      ['edge-1', 'host-1', 'host-2'].every((name) => said(name).includes('free its disk or raise its JetStream limits')),
    );
    await cluster.raw('$JS.API.STREAM.DELETE.other', '');
    await goesOn(before, asked);
  });

  it('for good: the same, once there is room and nats-server was started again', { timeout: 90_000 }, async () => {
    const [asked, before] = [registers(), await standing()];
    await jetStream.fill();
    await until('the members say so', 20_000, () =>
      ['edge-1', 'host-1', 'host-2'].every((name) => said(name).includes('make room if it is full, then restart nats-server')),
    );
    await jetStream.free();
    await jetStream.kill();
    await jetStream.start();
    await goesOn(before, asked);
  });
});

describePeers('a nats-server without JetStream', ['nats-server'], () => {
  it.each(['host', 'edge'])('is nothing for %s, which says how to start it', { timeout: 30_000 }, async (role) => {
    const alone = await openStage();
    try {
      const { url } = alone.keep(await startNats(alone.network));
      const refused = await offhook(alone.network, [role, '--name', 'one', '--bus', url]);
      expect([refused.code, code(refused)]).toEqual([3, 'E_KV_UNAVAILABLE']);
      expect(refused.errors).toContain('-js -sd DIR');
    } finally {
      await alone.close();
    }
  });
});
