import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { freeEndpoint, openRawSocket } from './support/raw-socket.ts';
import { openTo, type Station, startStation } from './support/station.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('ICMP errors (D-18)', () => {
  const stations: Station[] = [];
  const start = async (...options: Parameters<typeof startStation>): Promise<Station> => {
    const station = await startStation(...options);
    stations.push(station);
    return station;
  };
  afterEach(async () => {
    for (const { transport } of stations.splice(0)) await transport.stop();
  });

  it('reports a port nobody listens on within 50 ms', async () => {
    const station = await start();
    const { flow, remote } = await openTo(station, await freeEndpoint('127.0.0.1'));
    const sentAt = performance.now();
    station.transport.send(flow, text('REGISTER sip:a SIP/2.0\r\n\r\n'));
    await station.host.until(() => station.host.failures.length > 0);
    expect(performance.now() - sentAt).toBeLessThan(50);
    expect(station.host.failures[0]).toMatchObject({ flow, remote, reason: 'refused' });
    expect(station.host.failures[0]?.detail).toBe(
      `UDP 127.0.0.1:${remote.port}: nobody listens there (ICMP port unreachable) (ECONNREFUSED)`,
    );
  });

  it('sends a message again whose sending met the error of an earlier one', async () => {
    const station = await start();
    const nobody = await freeEndpoint('127.0.0.1');
    const { flow } = await openTo(station, nobody);
    const late = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
    station.transport.send(flow, text('earlier'));
    // In the same turn: the error waits in the socket, and now somebody listens.
    late.bind(nobody.port, nobody.host);
    station.transport.send(flow, text('later'));
    const [bytes] = (await once(late, 'message')) as [Buffer];
    late.close();
    expect(bytes.toString()).toBe('later');
    expect(station.host.failures.map(({ reason }) => reason)).toEqual(['refused']);
  });

  it('reports a refusal on the flow that met it, not on others', async () => {
    const station = await start();
    const peer = await openRawSocket('127.0.0.1');
    const good = await openTo(station, peer.local);
    const bad = await openTo(station, await freeEndpoint('127.0.0.1'));
    station.transport.send(bad.flow, text('x'));
    station.transport.send(good.flow, text('y'));
    await station.host.until(() => station.host.failures.length > 0);
    await peer.hears(1);
    await peer.close();
    expect(station.host.failures.map(({ flow }) => flow)).toEqual([bad.flow]);
  });

  it('serves next hops beyond the limit without ICMP errors', async () => {
    const station = await start({ host: '0.0.0.0', maxConnectedPeers: 1 });
    const peer = await openRawSocket('127.0.0.1');
    await openTo(station, await freeEndpoint('127.0.0.1'));
    const dead = await openTo(station, await freeEndpoint('127.0.0.1'));
    const alive = await openTo(station, peer.local);
    expect(alive.local).toEqual({ host: '127.0.0.1', port: station.at.port });
    station.transport.send(dead.flow, text('into the void'));
    station.transport.send(alive.flow, text('hello'));
    await peer.hears(1);
    peer.send(text('answer'), alive.local);
    await station.host.until(() => station.host.messages.length > 0);
    await peer.close();
    expect(peer.heard[0]).toEqual({ text: 'hello', from: alive.local });
    expect(station.host.failures).toEqual([]);
  });

  it('makes room for another next hop when one is closed', async () => {
    const station = await start({ maxConnectedPeers: 1 });
    const first = await openTo(station, await freeEndpoint('127.0.0.1'));
    station.transport.close(first.flow);
    const second = await openTo(station, await freeEndpoint('127.0.0.1'));
    station.transport.send(second.flow, text('x'));
    await station.host.until(() => station.host.failures.length > 0);
    expect(station.host.failures[0]).toMatchObject({ flow: second.flow, reason: 'refused' });
  });
});
