import { buckets, type MemberRecord } from '@offhook/cluster';
import { createMemoryBus, createSubjects, encodeJson, systemAmbient } from '@offhook/core';
import { createMemoryKeyValueServer } from '@offhook/core/testkit';
import type { LineStatus } from '@offhook/runtime';
import type { MemberStatus } from '@offhook/runtime/cluster';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterDoor } from '../src/cluster/door.ts';
import * as cluster from '../src/commands/cluster.ts';
import { apply, type ClusterPlan } from '../src/commands/cluster-apply.ts';
import { createOutput } from '../src/output.ts';
import { collector } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';

/* Commands to a cluster whose members are played. */

const ambient = systemAmbient();
const subjects = createSubjects('test');
let folder: Folder;
let door: ClusterDoor;

beforeEach(() => {
  folder = makeFolder();
  const bus = createMemoryBus({ ambient });
  door = {
    cluster: 'test',
    ambient,
    bus,
    subjects,
    values: createMemoryKeyValueServer(ambient).client(),
    close: () => bus.drain(),
  };
});
afterEach(async () => {
  await door.close();
  folder.remove();
});

async function tell<T>(
  act: (output: ReturnType<typeof createOutput>) => Promise<T>,
  json = false,
): Promise<{ readonly code: T; readonly out: string; readonly err: string }> {
  const [out, err] = [collector(), collector()];
  const code = await act(createOutput(json, { stdout: out.stream, stderr: err.stream }));
  return { code, out: out.text(), err: err.text() };
}

/** A member as its record shows it, which answers what it is given; nothing: it hangs. */
async function play(
  id: string,
  role: MemberRecord['role'],
  answers: Readonly<Record<string, unknown>> = {},
  state: MemberRecord['state'] = 'up',
): Promise<void> {
  const startedAtMs = ambient.now() - 90_000;
  const record = { ...{ id, role, state, startedAtMs }, session: 's', weight: 1, build: '0.1.0', info: {} };
  const members = await door.values.bucket(buckets('test').members);
  await members.put(`m.${id}`, encodeJson(record));
  if (Object.keys(answers).length === 0) return;
  door.bus.subscribe(subjects.member(id), (message) => {
    const { command } = JSON.parse(Buffer.from(message.payload).toString()) as { readonly command: string };
    message.respond(encodeJson({ ok: true, value: answers[command] }));
  });
}

const host = (id: string, slots: number, more: Partial<MemberStatus> = {}): MemberStatus => ({
  ...{ id, role: 'host', state: 'up', revision: 4, slots, lines: 1_200, registered: 2_400, calls: 7, heldBack: 0 },
  ...more,
});
const edge: MemberStatus = {
  ...{ id: 'edge-1', role: 'edge', state: 'up', revision: 4 },
  ...{ listening: ['192.0.2.5:5060 udp', '192.0.2.5:5060 tcp'], flows: 2_400 },
};

describe('offhook cluster status', () => {
  it('shows members in columns, and ends with 0 when all is well', async () => {
    await play('edge-1', 'edge', { status: edge });
    await play('host-1', 'host', { status: host('host-1', 512) });
    await play('host-2', 'host', { status: host('host-2', 512, { heldBack: 3 }) });
    await play('host-3', 'host', {}, 'left');
    const { code, out, err } = await tell((output) => cluster.status(door, output));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      'test: 1,024 of 1,024 slots owned, 2,400 lines, 4,800 legs registered, 14 calls',
      '  no configuration yet; give it one: offhook cluster apply FILE',
      '  member  role  state  config  slots  lines   legs  calls',
      '  edge-1  edge  up          4      -      -      -      -  2,400 flows, listens on 192.0.2.5:5060 udp, 192.0.2.5:5060 tcp',
      '  host-1  host  up          4    512  1,200  2,400      7',
      '  host-2  host  up          4    512  1,200  2,400      7  3 messages held back',
      '  host-3  host  left        -      -      -      -      -  started 90 s ago',
    ]);
  });

  it('names a member that does not answer, and one that has a fault, and ends with 1', async () => {
    await play('host-1', 'host', { status: host('host-1', 1_024, { fault: 'configuration 5 is not in force here: no' }) });
    await play('host-2', 'host');
    const { code, out } = await tell((output) => cluster.status(door, output));
    expect(code).toBe(1);
    expect(out).toMatch(/^ {2}host-2 .* does not answer$/m);
    expect(out).toContain('\n    configuration 5 is not in force here: no');
    const { out: json } = await tell((output) => cluster.status(door, output), true);
    expect(JSON.parse(json)).toMatchObject({ cluster: 'test', slotsOwned: 1_024, members: [{ id: 'host-1' }, { id: 'host-2' }] });
  });

  it('says what to start where there is nobody', async () => {
    const { code, out } = await tell((output) => cluster.status(door, output));
    expect(code).toBe(1);
    expect(out).toContain('no members; start some: offhook edge, offhook host');
  });
});

describe('offhook cluster lines', () => {
  it('shows lines by host, and says which hosts are missing', async () => {
    const line = { id: '1000', mode: 'dual', route: 'failed', legs: [], calls: [], queued: 0, subscriptions: [], degraded: true };
    await play('host-1', 'host', { lines: { lines: [line as unknown as LineStatus] } });
    await play('host-2', 'host');
    const { code, out, err } = await tell((output) => cluster.lines(door, output));
    expect({ code, err }).toEqual({ code: 1, err: 'host-2 does not answer: its lines are missing here.' });
    expect(out).toContain('host-1\n1000  dual, failed: it begins anew after a pause, the log says why');
    const { out: json } = await tell((output) => cluster.lines(door, output), true);
    expect(JSON.parse(json)).toMatchObject([{ id: '1000', host: 'host-1' }]);
  });
});

describe('offhook cluster move and drain', () => {
  it('refuse a member that is not there, and name those that are', async () => {
    await play('host-1', 'host');
    await play('edge-1', 'edge', { drain: edge });
    await expect(cluster.move(door, '1000', 'edge-1', createOutput(true, process))).rejects.toThrow(
      'Cluster test has no line host "edge-1". There are: host-1.',
    );
    const { code, out } = await tell((output) => cluster.drain(door, 'host-1', output));
    expect({ code, out }).toEqual({ code: 1, out: 'host-1 does not answer.' });
    expect((await tell((output) => cluster.drain(door, 'edge-1', output), true)).code).toBe(0);
    const moved = await tell((output) => cluster.move(door, '1000', 'host-1', output), true);
    expect(JSON.parse(moved.out)).toMatchObject({ line: '1000', host: 'host-1' });
  });
});

describe('offhook cluster apply', () => {
  const yes = { yes: true, strict: false };
  const look = { yes: false, strict: false };
  const write = (lines: string, more = ''): string =>
    folder.write('lines.yaml', `${more}templates:\n  desk: { proxy: 192.0.2.1, password: { env: NOT_HERE } }\nlines:\n${lines}`);
  const text = async (path: string, options = look) => tell((output) => apply(door, path, options, output));
  const data = async (path: string, options = look): Promise<ClusterPlan> =>
    JSON.parse((await tell((output) => apply(door, path, options, output), true)).out) as ClusterPlan;

  it('shows what it would do, then does it; secrets are the business of hosts', async () => {
    const path = write('  - { template: desk, from: 1000, count: 300 }\n', 'bus: { url: "nats://x" }\n');
    const { code, out } = await text(path);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `${path}, the cluster has no configuration yet:`,
      '  added  1000 and 299 more',
      '  not applied here, each member reads its own: bus',
      'Not applied; add --yes.',
    ]);
    expect((await text(path, yes)).out).toMatch(/Applied\. "offhook cluster status" shows it take effect\.$/);
    expect((await text(path)).out).toBe(`${path} is in force already.`);
  });

  it('shows what becomes of changed and removed lines', async () => {
    await data(write('  - { template: desk, from: 1000, count: 3 }\n'), yes);
    const path = write(
      '  - { template: desk, userId: "1000", displayName: Anna }\n  - { template: desk, userId: "1001", proxy: 192.0.2.9 }\n',
    );
    const plan = await data(path);
    expect(plan).toMatchObject({ path, applied: false, ignored: [], revision: expect.any(Number) });
    expect(plan.lines.map(({ line, what }) => `${line} ${what}`).sort()).toEqual([
      '1000 changed',
      '1001 changed',
      '1002 removed',
    ]);
    const { out } = await text(path);
    expect(out).toContain(`${path}, after configuration ${plan.revision}:`);
    expect(out).toMatch(/^ {2}changed {2}Display Name: counts .* 1000$/m);
    expect(out).toMatch(/^ {2}changed {2}Proxy: .* 1001$/m);
    expect(out).toMatch(/^ {2}removed {2}1002$/m);
    expect((await data(path, yes)).applied).toBe(true);
  });

  it('refuses a faulty file, and one whose base has changed', async () => {
    await expect(data(write('  - { template: none }\n'), { yes: true, strict: true })).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      findings: expect.arrayContaining([expect.objectContaining({ at: expect.objectContaining({ line: 4 }) })]),
    });
    const config = await door.values.bucket(buckets('test').config);
    const late: ClusterDoor = {
      ...door,
      values: {
        bucket: async () => ({
          ...config,
          get: (key) => config.get(key),
          put: async (key, value, revision) => {
            await config.put(key, Buffer.from('somebody else'));
            return config.put(key, value, revision);
          },
        }),
      },
    };
    const path = write('  - { template: desk, userId: "1000" }\n');
    await expect(tell((output) => apply(late, path, yes, output))).rejects.toMatchObject({ code: 'E_CLUSTER_CONFIG' });
  });
});
