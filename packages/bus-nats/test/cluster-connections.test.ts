import { type BusError, systemAmbient } from '@offhook/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClusterConnections, connectCluster } from '../src/index.ts';
import { type Folder, makeFolder } from './nats-files.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { recordLog, settleBuses, wait } from './open-bus.ts';

const { log } = recordLog();
const ambient = systemAmbient({ log });
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describeNats('connectCluster', () => {
  let folder: Folder;
  let server: NatsServer;
  let member: ClusterConnections;
  let other: ClusterConnections;
  beforeAll(async () => {
    folder = await makeFolder();
    server = await startNatsServer(['-js', '-sd', folder.path]);
    member = await connectCluster({ servers: server.address, ambient, name: 'host-1' });
    other = await connectCluster({ servers: server.address, ambient, name: 'host-2' });
  });
  afterAll(async () => {
    await Promise.all([member.close(), other.close()]);
    await server.stop();
    await folder.remove();
  });

  it('carries traffic and control', async () => {
    const seen: string[] = [];
    other.bus.subscribe('offhook.local.line.>', ({ subject }) => seen.push(subject));
    other.control.subscribe('offhook.local.member.host-2', (command) => command.respond(bytes(1)));
    await Promise.all([other.bus.flush(), other.control.flush()]);
    member.bus.publish('offhook.local.line.1.abc.sip', bytes());
    await settleBuses(member.bus, other.bus);
    expect(seen).toEqual(['offhook.local.line.1.abc.sip']);
    const answer = await member.control.request('offhook.local.member.host-2', bytes(), { timeoutMs: 5_000 });
    expect([...answer.payload]).toEqual([1]);
  });

  it('writes heartbeats in time while traffic is more than the server takes', async () => {
    const bucket = await member.values.bucket('members');
    let revision = await bucket.put('m.1', bytes(0), 0);
    let isFlooding = true;
    const flood = async (): Promise<void> => {
      while (isFlooding) {
        for (let n = 0; n < 20_000; n++) member.bus.publish('offhook.local.line.1.abc.sip', new Uint8Array(500));
        await wait(ambient, 20);
      }
    };
    const flooded = flood();
    const tookMs: number[] = [];
    for (let beat = 0; beat < 20; beat++) {
      const startMs = ambient.now();
      revision = await bucket.put('m.1', bytes(beat), revision);
      tookMs.push(ambient.now() - startMs);
      await wait(ambient, 50);
    }
    isFlooding = false;
    await flooded;
    expect(member.bus.status().dropped.messages).toBeGreaterThan(0);
    expect(member.control.status().dropped).toEqual({ messages: 0, facts: 0 });
    expect(Math.max(...tookMs)).toBeLessThan(1_000);
  }, 30_000);

  it('closes both, twice without harm', async () => {
    const brief = await connectCluster({ servers: server.address, ambient });
    await Promise.all([brief.close(), brief.close()]);
    await brief.close();
    expect([brief.bus.status().state, brief.control.status().state]).toEqual(['closed', 'closed']);
    await expect(brief.values.bucket('members')).rejects.toMatchObject({ code: 'E_KV_UNAVAILABLE' });
  });

  it('fails with E_BUS_CONNECT where nobody listens', async () => {
    const refused = connectCluster({ servers: '127.0.0.1:1', ambient });
    await expect(refused).rejects.toMatchObject({ code: 'E_BUS_CONNECT' } satisfies Partial<BusError>);
  });
});
