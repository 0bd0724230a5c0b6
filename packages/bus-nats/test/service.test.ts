import { systemAmbient } from '@offhook/core';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announceService, createNatsBus, type NatsBus } from '../src/index.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';

const ambient = systemAmbient();
const identity = { name: 'offhook-edge', id: 'e1', version: '0.1.0-rc.1', metadata: { cluster: 'local' } };
const open = { name: 'open', subject: 'offhook.local.edge.e1.open' } as const;
const shared = {
  name: 'directory',
  subject: 'offhook.local.directory',
  queue: 'directory',
  metadata: { answers: 'json' },
} as const;

describeNats('service discovery (NATS ADR-32)', () => {
  let server: NatsServer;
  let bus: NatsBus;
  let stranger: NatsConnection;
  beforeAll(async () => {
    server = await startNatsServer();
    bus = await createNatsBus({ servers: server.address, ambient });
    stranger = await connect({ servers: server.address });
  });
  afterAll(async () => {
    await Promise.all([bus.drain(), stranger.close()]);
    await server.stop();
  });

  const ask = async (subject: string): Promise<unknown> => (await stranger.request(subject, '', { timeout: 5_000 })).json();

  /** All that answer before a request made afterwards is answered. */
  async function askAll(subject: string): Promise<unknown[]> {
    const inbox = `_INBOX.test.${subject}`;
    const answers: unknown[] = [];
    stranger.subscribe(inbox, { callback: (_, message) => void answers.push(message.json()) });
    stranger.publish(subject, '', { reply: inbox });
    await ask('$SRV.PING.offhook-edge.e1');
    return answers;
  }

  it('answers PING, INFO and STATS to all, to its kind and to itself', async () => {
    const service = announceService(bus, { ...identity, description: 'edge e1', endpoints: [open, shared], ambient });
    await bus.flush();
    for (const tail of ['', '.offhook-edge', '.offhook-edge.e1']) {
      expect(await ask(`$SRV.PING${tail}`)).toEqual({ type: 'io.nats.micro.v1.ping_response', ...identity });
      expect(await ask(`$SRV.INFO${tail}`)).toEqual({
        type: 'io.nats.micro.v1.info_response',
        ...identity,
        description: 'edge e1',
        endpoints: [
          { name: 'open', subject: open.subject, queue_group: '', metadata: {} },
          { name: 'directory', subject: shared.subject, queue_group: 'directory', metadata: { answers: 'json' } },
        ],
      });
      expect(await ask(`$SRV.STATS${tail}`)).toMatchObject({ type: 'io.nats.micro.v1.stats_response', ...identity });
    }
    for (const tail of ['.offhook-host', '.offhook-edge.e2'])
      await expect(ask(`$SRV.PING${tail}`)).rejects.toThrow('no responders');
    await service.stop();
  });

  it('counts requests, errors and time', async () => {
    const startMs = Math.floor(ambient.now());
    const service = announceService(bus, { ...identity, endpoints: [open, shared], ambient });
    service.note('open', 2);
    service.note('open', 1.000003, 'E_TRANSPORT_REFUSED');
    await bus.flush();
    const stats = (await ask('$SRV.STATS.offhook-edge.e1')) as { readonly started: string };
    expect(stats).toEqual({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      endpoints: [
        {
          name: 'open',
          subject: open.subject,
          queue_group: '',
          num_requests: 2,
          num_errors: 1,
          last_error: 'E_TRANSPORT_REFUSED',
          processing_time: 3_000_003,
          average_processing_time: 1_500_001,
        },
        {
          name: 'directory',
          subject: shared.subject,
          queue_group: 'directory',
          num_requests: 0,
          num_errors: 0,
          last_error: '',
          processing_time: 0,
          average_processing_time: 0,
        },
      ],
    });
    expect(Date.parse(stats.started)).toBeGreaterThanOrEqual(startMs);
    await service.stop();
  });

  it('lets every member answer, until it stops', async () => {
    const members = ['e1', 'e2', 'e3'].map((id) => announceService(bus, { ...identity, id, ambient }));
    await bus.flush();
    const ids = async (): Promise<unknown[]> => (await askAll('$SRV.PING')).map((answer) => (answer as { id: string }).id).sort();
    expect(await ids()).toEqual(['e1', 'e2', 'e3']);
    await members[2]?.stop();
    expect(await ids()).toEqual(['e1', 'e2']);
    await Promise.all(members.map((member) => member.stop()));
    await expect(ask('$SRV.PING')).rejects.toThrow('no responders');
  });
});
