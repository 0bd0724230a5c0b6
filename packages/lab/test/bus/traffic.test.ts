import { encodeJson } from '@offhook/core';
import { expect, test } from 'vitest';
import { createWorld, dualLine, singleLine } from '../../src/index.ts';
import { openClusterWorld } from '../cluster/cluster-world.ts';
import { document } from './document.ts';
import { createJudge } from './traffic.ts';

/* The schemas are true: a day in the life of three lines, and every message of it is as docs/asyncapi.json says. */

const voiceMailServer = '$USER@$PROXY';
const proxy = 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2|s3:p=2:A=10.0.0.3';

test('all that crosses the bus of a runtime is as it is said', async () => {
  const judge = createJudge();
  const world = await createWorld({
    split: true,
    servers: ['s3'],
    lines: [
      dualLine({ voiceMailServer }),
      singleLine({ userId: '1002', proxy }),
      singleLine({ userId: '1003', sipTransport: 'TCP' }),
      singleLine({ userId: '1004', register: false }),
      dualLine({ userId: '1005', xMechanism: 'broadsoft' }),
    ],
    prepare: (made) => {
      made.bus.subscribe('>', judge.hear);
    },
  });
  const { runtime } = world;
  const ask = (subject: string, value: Uint8Array) => world.until(world.bus.request(subject, value, { timeoutMs: 1_000 }));
  const command = (name: string, args?: Readonly<Record<string, unknown>>, line = '1001') => world.line(line).command(name, args);
  const refused = (name: string, args?: Readonly<Record<string, unknown>>, line?: string) =>
    expect(command(name, args, line)).rejects.toThrow();

  const party = await world.party('2000');
  await world.run(1);
  await command('call', { target: '2000' });
  await world.run(2);
  await command('status');
  await command('hangup', {});
  const calling = party.call('1001');
  await world.run(1);
  await command('answer');
  await world.run(1);
  calling.hangUp();
  await world.until(party.request('MESSAGE', '1001', [['Content-Type', 'text/plain']], new TextEncoder().encode('hello')));
  const direct = party.call('sip:1002@10.0.0.9:5060');
  await world.run(1);
  direct.hangUp();
  await command('message', { target: '2000', text: 'hello' });
  await command('options', { target: '2000' }, '1002');
  world.p.mailboxes.put('1001', 2, 1);
  await world.run(1);

  world.p.silence();
  world.wire.hangUp('10.0.0.1', 'reset');
  for (const line of ['1001', '1002']) await command('call', { target: '2000' }, line);
  await world.run(60);
  for (const line of ['1001', '1002', '1003', '1004', '1005']) {
    await command('explain', {}, line);
    await command('hangup', {}, line);
  }
  world.wire.refuse('10.0.0.2');
  await world.run(4_000);
  await command('explain', {}, '1002');
  world.wire.heal();
  world.p.clear();
  await world.run(1_300);

  await command('policy', { mechanism: 'ranked-list' }, '1002');
  await command('policy', { mechanism: 'auto', restart: true }, '1003');
  await refused('policy', { mechanism: 'broadsoft' });
  await command('explain', {});
  await command('restart');
  await refused('hangup', { call: 'c9' });
  await ask(runtime.subjects.control, encodeJson({ command: 'lines' }));
  await ask(runtime.subjects.control, encodeJson({ command: 'counters', args: {} }));
  await ask(runtime.subjects.edge('edge', 'stats'), new Uint8Array(0));
  await world.run(40);
  await world.stop();

  expect(judge.judged.filter(({ faults }) => faults.length > 0)).toEqual([]);
  const heard = new Set(judge.judged.map(({ name }) => name));
  // Members are there in clusters alone.
  expect(Object.keys(document.components.messages).filter((name) => !heard.has(name))).toEqual(['memberCommand', 'memberReply']);
});

test('all that crosses the bus of a cluster is as it is said, epochs and members included', async () => {
  const judge = createJudge();
  const world = await openClusterWorld();
  world.bus.subscribe('>', judge.hear);
  await world.edge('edge-1');
  const [first] = [await world.host('host-1'), await world.host('host-2')];
  await world.apply([dualLine(), singleLine({ userId: '1002' })]);
  await world.run(20);
  await world.command('1001', 'explain');
  expect((await world.lines('host-1')).length + (await world.lines('host-2')).length).toBe(2);
  await world.until(first?.kill() ?? Promise.resolve());
  await world.run(10);
  await world.command('1001', 'message', { target: '2000', text: 'hello' });
  await world.command('1002', 'restart');
  await world.run(10);
  await world.stop();

  expect(judge.judged.filter(({ faults }) => faults.length > 0)).toEqual([]);
  const heard = new Set(judge.judged.map(({ name }) => name));
  expect([...heard]).toEqual(expect.arrayContaining(['memberCommand', 'memberReply', 'open', 'opened', 'sipOut', 'sipIn']));
});
