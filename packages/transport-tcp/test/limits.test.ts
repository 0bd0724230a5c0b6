import { once } from 'node:events';
import { HostRecorder, sampleMessage } from '@offhook/core/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { createTcpTransport } from '../src/index.ts';
import { connectRaw, freeEndpoint, listenRaw, type RawServer } from './support/raw-stream.ts';
import { createRealAmbient } from './support/real-ambient.ts';
import { openTo, type Station, startStation } from './support/station.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function station(...options: Parameters<typeof startStation>): Promise<Station> {
  const started = await startStation(...options);
  cleanup.push(() => started.transport.stop());
  return started;
}

async function server(): Promise<RawServer> {
  const listening = await listenRaw('127.0.0.1');
  cleanup.push(() => listening.close());
  return listening;
}

describe('accepted connections', () => {
  it.each([{ maxAccepted: 1 }, { maxAcceptedPerHost: 1 }])('are turned away beyond %o', async (limits) => {
    const us = await station({ limits });
    const first = await connectRaw(us.at);
    cleanup.push(() => first.close());
    const second = await connectRaw(us.at);
    await once(second.socket, 'close');
    expect(us.host.drops).toEqual(['limit']);
    first.send(sampleMessage('still served'));
    await us.host.until(() => us.host.messages.length === 1);
  });

  it('make room when they end', async () => {
    const us = await station({ limits: { maxAccepted: 1 } });
    const first = await connectRaw(us.at);
    first.send(sampleMessage('one'));
    await us.host.until(() => us.host.messages.length === 1);
    await first.close();
    await us.host.until(() => us.host.failures.length === 1);
    const second = await connectRaw(us.at);
    cleanup.push(() => second.close());
    second.send(sampleMessage('two'));
    await us.host.until(() => us.host.messages.length === 2);
    expect(us.host.drops).toEqual([]);
  });
});

describe('outgoing connections', () => {
  it('work without listening, and hear requests too', async () => {
    const peer = await server();
    const host = new HostRecorder();
    const transport = createTcpTransport({}, createRealAmbient());
    cleanup.push(() => transport.stop());
    expect(await transport.start(host)).toEqual([]);
    const { flow } = await transport.open({ remote: peer.at, owner: 'line/primary', timeoutMs: 1_000 });
    const stream = await peer.accepted();
    stream.send(sampleMessage('INVITE'));
    await host.until(() => host.messages.length === 1);
    expect(host.messages[0]?.flow).toBe(flow);
  });

  it('leave from the configured ports', async () => {
    const [one, two] = [await server(), await server()];
    const { port } = await freeEndpoint('127.0.0.1');
    const us = await station({ localHost: '127.0.0.1', localPorts: { min: port, max: port } });
    const open = await openTo(us, one.at, 'first/primary');
    expect(open.local).toEqual({ host: '127.0.0.1', port });
    await expect(openTo(us, one.at, 'second/primary')).rejects.toMatchObject({ code: 'E_TRANSPORT_REJECTED' });
    // Another remote is another 4-tuple.
    await expect(openTo(us, two.at, 'second/primary')).resolves.toMatchObject({ local: { port } });
  });

  it('try the next port of the range when one is taken by a listener', async () => {
    const [peer, holder] = [await server(), await server()];
    const us = await station({ localHost: '127.0.0.1', localPorts: { min: holder.at.port, max: holder.at.port + 20 } });
    const { local } = await openTo(us, peer.at);
    expect(local.port).toBeGreaterThan(holder.at.port);
  });
});
