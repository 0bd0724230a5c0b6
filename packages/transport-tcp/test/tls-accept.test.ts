import { once } from 'node:events';
import type { Endpoint } from '@offhook/core';
import { sampleMessage } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createTlsTransport } from '../src/index.ts';
import { createAuthority } from './support/certificates.ts';
import { createCleanup } from './support/cleanup.ts';
import { createManualAmbient } from './support/manual-ambient.ts';
import { connectRaw, type RawStream } from './support/raw-stream.ts';
import { createRealAmbient } from './support/real-ambient.ts';
import { type Station, startTlsStation } from './support/station.ts';
import { authority, connectTls, loopback } from './support/tls-stream.ts';

const keep = createCleanup();
const station = (...options: Parameters<typeof startTlsStation>): Promise<Station> =>
  keep(startTlsStation(...options), ({ transport }) => transport.stop());
const stranger = (to: Endpoint): Promise<RawStream> => keep(connectRaw(to), (stream) => stream.close());
const listening = { listen: { host: '127.0.0.1', port: 0 }, tls: loopback };

describe('peers that connect', () => {
  it('find nobody without a certificate', async () => {
    expect(() => createTlsTransport({ listen: listening.listen }, createRealAmbient())).toThrow(
      'TLS cannot listen without a certificate: set edge.tls.cert and edge.tls.key.',
    );
    const us = createTlsTransport({}, createRealAmbient());
    expect(await us.start({ message() {}, flowFailed() {}, dropped() {} })).toEqual([]);
    await us.stop();
  });

  it('see our certificate and are heard and answered', async () => {
    const us = await station(listening);
    const peer = await keep(connectTls(us.at), (stream) => stream.close());
    peer.send(sampleMessage('INVITE'));
    await us.host.until(() => us.host.messages.length === 1);
    const [heard] = us.host.messages;
    expect(heard?.remote).toEqual(peer.local);
    if (heard !== undefined) us.transport.send(heard.flow, sampleMessage('answer'));
    expect(Buffer.from(await peer.heard(0)).toString()).toContain('answer');
  });

  it('and say nothing are shown out in time', async () => {
    const ambient = createManualAmbient();
    const us = await station(listening, ambient);
    const peer = await stranger(us.at);
    const closed = once(peer.socket, 'close');
    while (ambient.timers === 0) await new Promise(setImmediate);
    ambient.advance(32_000);
    await closed;
    await us.host.until(() => us.host.drops.length > 0);
    expect(us.host.drops).toEqual(['stalled']);
    expect(us.host.failures).toEqual([]);
    expect(ambient.timers).toBe(0);
  });

  it('and send garbage are shown out at once, others are served', async () => {
    const us = await station(listening);
    const peer = await stranger(us.at);
    const closed = once(peer.socket, 'close');
    peer.send(Buffer.from('OPTIONS sip:kit SIP/2.0\r\n\r\n'));
    await closed;
    await us.host.until(() => us.host.drops.length > 0);
    expect(us.host.drops).toEqual(['framing']);
    const good = await keep(connectTls(us.at), (stream) => stream.close());
    good.send(sampleMessage('hello'));
    await us.host.until(() => us.host.messages.length === 1);
  });

  it('count from their first packet, and make room when they end', async () => {
    const us = await station({ ...listening, limits: { maxAccepted: 1 } });
    const silent = await stranger(us.at);
    const second = await stranger(us.at);
    await once(second.socket, 'close');
    expect(us.host.drops).toEqual(['limit']);
    await silent.close();
    await us.host.until(() => us.host.drops.length === 2);
    const third = await keep(connectTls(us.at), (stream) => stream.close());
    third.send(sampleMessage('hello'));
    await us.host.until(() => us.host.messages.length === 1);
    await third.close();
    await us.host.until(() => us.host.failures.length === 1);
    const fourth = await keep(connectTls(us.at), (stream) => stream.close());
    fourth.send(sampleMessage('again'));
    await us.host.until(() => us.host.messages.length === 2);
  });

  it('half-way through a handshake do not keep the transport from stopping', async () => {
    const us = await station(listening);
    const peer = await stranger(us.at);
    const ended = once(peer.socket, 'close');
    await us.transport.stop();
    await ended;
    expect(us.host.drops).toEqual([]);
  });
});

describe('certificates that are none', () => {
  it('are refused before anything starts', () => {
    const create = (tls: { cert: string; key: string }) => () => createTlsTransport({ tls }, createRealAmbient());
    expect(create({ cert: loopback.cert, key: createAuthority().key })).toThrow('the key does not belong to the certificate');
    expect(create({ cert: authority.cert, key: 'nonsense' })).toThrow('edge.tls: a certificate or key is unusable');
  });
});
