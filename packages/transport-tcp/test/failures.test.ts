import { once } from 'node:events';
import { Socket } from 'node:net';
import { sampleMessage } from '@offhook/core/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { readFailure } from '../src/errno.ts';
import { tcpManifest } from '../src/index.ts';
import { StreamTransport } from '../src/stream-transport.ts';
import { createManualAmbient } from './support/manual-ambient.ts';
import { connectRaw, listenRaw, type RawServer, reset } from './support/raw-stream.ts';
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

const failed = ({ host }: Station): Promise<void> => host.until(() => host.failures.length > 0);

describe('lost connections', () => {
  it('reports a reset', async () => {
    const [peer, us] = [await server(), await station()];
    const { flow, remote } = await openTo(us, peer.at);
    reset((await peer.accepted()).socket);
    await failed(us);
    expect(us.host.failures[0]).toMatchObject({ flow, remote, reason: 'reset' });
    expect(us.host.failures[0]?.detail).toBe(`TCP 127.0.0.1:${remote.port}: the peer reset the connection (ECONNRESET)`);
  });

  it('hands on nothing of a message cut off by the end of the stream', async () => {
    const [peer, us] = [await server(), await station()];
    await openTo(us, peer.at);
    const stream = await peer.accepted();
    stream.socket.end(sampleMessage('half', new Uint8Array(100)).subarray(0, 80));
    await failed(us);
    expect(us.host.failures[0]?.reason).toBe('closed');
    expect(us.host.messages).toEqual([]);
  });

  it('resets a peer that does not read, and no other', async () => {
    const [peer, us] = [await server(), await station({ limits: { maxQueuedBytes: 100_000 } })];
    const deaf = await openTo(us, peer.at, 'deaf/primary');
    (await peer.accepted()).socket.pause();
    const good = await openTo(us, peer.at, 'good/primary');
    const listener = await peer.accepted();
    const large = sampleMessage('large', new Uint8Array(60_000));
    for (let n = 0; n < 500 && us.host.failures.length === 0; n++) {
      us.transport.send(deaf.flow, large);
      await new Promise(setImmediate);
    }
    us.transport.send(good.flow, sampleMessage('fine'));
    await listener.heard(0);
    expect(us.host.failures).toMatchObject([{ flow: deaf.flow, reason: 'error' }]);
    expect(us.host.failures[0]?.detail).toContain('the peer does not read');
  });
});

describe('peers that stall', () => {
  it('ends a stream whose message does not become whole in time', async () => {
    const ambient = createManualAmbient();
    const us = await station({}, ambient);
    const stranger = await connectRaw(us.at);
    cleanup.push(() => stranger.close());
    stranger.send(sampleMessage('whole'));
    stranger.send(sampleMessage('half').subarray(0, 20));
    await us.host.until(() => us.host.messages.length === 1 && ambient.timers === 1);
    ambient.advance(31_999);
    stranger.send(sampleMessage('half').subarray(20, 25));
    expect(us.host.drops).toEqual([]);
    ambient.advance(1);
    await failed(us);
    expect(us.host.drops).toEqual(['stalled']);
    expect(us.host.failures[0]).toMatchObject({
      reason: 'rejected',
      detail: expect.stringContaining('no whole message within 32000 ms'),
    });
  });

  it('ends a connection that never says anything', async () => {
    const ambient = createManualAmbient();
    const us = await station({}, ambient);
    const stranger = await connectRaw(us.at);
    const closed = once(stranger.socket, 'close');
    // Accepted when its clock runs.
    while (ambient.timers === 0) await new Promise(setImmediate);
    ambient.advance(32_000);
    await closed;
    await failed(us);
    expect(us.host.failures[0]?.reason).toBe('rejected');
  });

  it('lets an idle connection that has spoken stand', async () => {
    const ambient = createManualAmbient();
    const us = await station({}, ambient);
    const stranger = await connectRaw(us.at);
    cleanup.push(() => stranger.close());
    stranger.send(sampleMessage('hello'));
    await us.host.until(() => us.host.messages.length === 1);
    ambient.advance(3_600_000);
    stranger.send(sampleMessage('again'));
    await us.host.until(() => us.host.messages.length === 2);
    expect(us.host.failures).toEqual([]);
  });
});

describe('connections that do not come about', () => {
  /** A network that swallows every SYN. */
  function silentNetwork() {
    const ambient = createManualAmbient();
    const wiring = {
      manifest: tcpManifest,
      readyEvent: 'connect',
      dial: () => new Socket(),
      readFailure,
      serve: () => {
        throw new Error('does not listen');
      },
    };
    return { ambient, transport: new StreamTransport(wiring, {}, ambient) };
  }
  const nowhere = { remote: { host: '192.0.2.1', port: 5060 }, owner: 'line/primary', timeoutMs: 16_000 };

  it('gives up after timeoutMs (RED-35)', async () => {
    const { ambient, transport } = silentNetwork();
    await transport.start({ message() {}, flowFailed() {}, dropped() {} });
    const opening = transport.open(nowhere);
    ambient.advance(15_999);
    expect(ambient.timers).toBe(1);
    ambient.advance(1);
    await expect(opening).rejects.toMatchObject({
      code: 'E_TRANSPORT_TIMEOUT',
      message: 'TCP 192.0.2.1:5060: no answer within 16000 ms',
    });
    await transport.stop();
  });

  it('gives up when it is stopped', async () => {
    const { transport } = silentNetwork();
    await transport.start({ message() {}, flowFailed() {}, dropped() {} });
    const opening = transport.open(nowhere);
    await transport.stop();
    await expect(opening).rejects.toMatchObject({ code: 'E_TRANSPORT_CLOSED' });
  });

  it('forgets a failed attempt: the next open tries again', async () => {
    const us = await station();
    const gone = await listenRaw('127.0.0.1');
    await gone.close();
    await expect(openTo(us, gone.at)).rejects.toMatchObject({ code: 'E_TRANSPORT_REFUSED' });
    const back = await listenRaw('127.0.0.1', gone.at.port);
    cleanup.push(() => back.close());
    await expect(openTo(us, back.at)).resolves.toMatchObject({ remote: back.at });
  });
});
