import { fileURLToPath } from 'node:url';
import { createSubjects, lineKey, systemAmbient } from '@offhook/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announceService, type ClusterConnections, connectCluster } from '../src/index.ts';
import { type Folder, makeFolder } from './nats-files.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { recordLog, settleBuses, until } from './open-bus.ts';

const example = fileURLToPath(new URL('../../../examples/nats/nats-server.conf', import.meta.url));
const subjects = createSubjects('local');
const key = lineKey('1000');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const roles = ['edge', 'host', 'operator'] as const;
type Role = (typeof roles)[number];
const timeoutMs = 5_000;

describeNats('examples/nats/nats-server.conf', () => {
  let folder: Folder;
  let server: NatsServer;
  const members = {} as Record<Role, ClusterConnections>;
  const complaints = {} as Record<Role, string[]>;
  beforeAll(async () => {
    folder = await makeFolder();
    const passwords = roles.map((role) => [`OFFHOOK_${role.toUpperCase()}_PASSWORD`, `secret-of-${role}`]);
    server = await startNatsServer(['-c', example], -1, { OFFHOOK_NATS_FOLDER: folder.path, ...Object.fromEntries(passwords) });
    for (const role of roles) {
      const { log, lines } = recordLog();
      complaints[role] = lines;
      const ambient = systemAmbient({ log });
      members[role] = await connectCluster({ servers: server.address, ambient, user: role, password: `secret-of-${role}` });
    }
  });
  afterAll(async () => {
    await Promise.all(Object.values(members).map((member) => member.close()));
    await server.stop();
    await folder.remove();
  });

  it('lets an edge and a host carry the traffic of a line', async () => {
    const { edge, host } = members;
    const seen: string[] = [];
    host.bus.subscribe(subjects.slot(Number(subjects.line(key, 'sip').split('.')[3])), ({ subject }) => seen.push(subject));
    host.bus.subscribe(subjects.directory, (query) => query.respond(text(key)), { queue: subjects.directoryQueue });
    edge.bus.subscribe(subjects.edge('e1', 'open'), (query) => query.respond(text('flow')));
    for (const kind of ['send', 'close'] as const)
      edge.bus.subscribe(subjects.edge('e1', kind), ({ subject }) => seen.push(subject));
    await Promise.all([edge.bus.flush(), host.bus.flush()]);
    await host.bus.request(subjects.edge('e1', 'open'), text(''), { timeoutMs });
    await edge.bus.request(subjects.directory, text(''), { timeoutMs });
    for (const kind of ['sip', 'flow'] as const) edge.bus.publish(subjects.line(key, kind), text(''));
    for (const kind of ['send', 'close'] as const) host.bus.publish(subjects.edge('e1', kind), text(''));
    await settleBuses(edge.bus, host.bus);
    expect(seen.sort()).toEqual(
      [subjects.edge('e1', 'send'), subjects.edge('e1', 'close'), subjects.line(key, 'sip'), subjects.line(key, 'flow')].sort(),
    );
  });

  it('lets each keep what it has to keep', async () => {
    const { edge, host, operator } = members;
    const names = ['members', 'slots', 'ledger', 'config'] as const;
    for (const name of names) {
      const writer = name === 'config' ? operator : host;
      const bucket = await writer.values.bucket(`offhook_local_${name}`);
      await bucket.put('a.b', text(name), 0);
      expect(await bucket.entries('>')).toHaveLength(1);
    }
    const alive = await edge.values.bucket('offhook_local_members');
    await alive.put('m.e1', text('up'), 0);
    const slots = await edge.values.bucket('offhook_local_slots');
    const told: string[] = [];
    slots.watch('>', ({ key: told1 }) => told.push(told1));
    await until(systemAmbient(), () => told.length === 1);
    expect(await (await edge.values.bucket('offhook_local_config')).get('a.b')).toBeDefined();
    for (const name of names)
      expect(await (await operator.values.bucket(`offhook_local_${name}`)).entries('a.>')).toHaveLength(1);
  });

  it('lets an operator command members and lines, hear facts, and find who is there', async () => {
    const { edge, host, operator } = members;
    for (const subject of [subjects.line(key, 'cmd'), subjects.member('h1'), subjects.control])
      host.control.subscribe(subject, (command) => command.respond(text('done')));
    edge.control.subscribe(subjects.edge('e1', 'stats'), (question) => question.respond(text('{}')));
    const facts: string[] = [];
    operator.bus.subscribe(subjects.facts(), ({ subject }) => facts.push(subject));
    const announced = announceService(host.control, {
      name: 'offhook-host',
      id: 'h1',
      version: '0.1.0',
      ambient: systemAmbient(),
    });
    await Promise.all([host.control.flush(), edge.control.flush(), operator.bus.flush()]);
    for (const subject of [
      subjects.line(key, 'cmd'),
      subjects.member('h1'),
      subjects.control,
      subjects.edge('e1', 'stats'),
      '$SRV.PING',
    ])
      await operator.control.request(subject, text('{}'), { timeoutMs });
    host.bus.publish(subjects.fact(key, 'state'), text('{}'));
    await settleBuses(host.bus, operator.bus);
    expect(facts).toEqual([subjects.fact(key, 'state')]);
    await announced.stop();
    expect(Object.values(complaints).flat()).toEqual([]);
  });

  it.each<readonly [Role, string, string]>([
    ['edge', 'as a line to an edge', subjects.edge('e1', 'send')],
    ['edge', 'as a line to everybody', subjects.fact(key, 'state')],
    ['edge', 'commands', subjects.line(key, 'cmd')],
    ['edge', 'who owns a slot', '$KV.offhook_local_slots.s.1'],
    ['host', 'as an edge to a line', subjects.line(key, 'sip')],
    ['host', 'as an edge that lost a flow', subjects.line(key, 'flow')],
    ['host', 'what lines are', '$KV.offhook_local_config.a.b'],
    ['operator', 'as an edge', subjects.line(key, 'sip')],
    ['operator', 'as a line', subjects.edge('e1', 'send')],
    ['operator', 'who is alive', '$KV.offhook_local_members.m.e1'],
  ])('does not let the %s say: %s', async (role, _what, subject) => {
    const spoken = complaints[role].length;
    members[role].bus.publish(subject, text('forged'));
    await settleBuses(members[role].bus);
    expect(complaints[role].slice(spoken)).toEqual(['error: bus server complains']);
  });

  it.each<readonly [Role, string]>([
    ['edge', subjects.line(key, 'sip')],
    ['edge', subjects.facts()],
    ['host', subjects.edge('e1', 'send')],
    ['operator', subjects.line(key, 'sip')],
  ])('does not let the %s hear %s', async (role, subject) => {
    const spoken = complaints[role].length;
    members[role].bus.subscribe(subject, () => {});
    await settleBuses(members[role].bus);
    expect(complaints[role].slice(spoken)).toContain('error: bus subscription refused');
  });

  it('tells who may not read a bucket so', async () => {
    await expect(members.edge.values.bucket('offhook_local_ledger')).rejects.toMatchObject({
      code: 'E_KV_UNAVAILABLE',
      message: expect.stringMatching(
        /does not permit this user to publish .*ledger; correct its permissions; see docs\/nats.md$/,
      ),
    });
  });
});
