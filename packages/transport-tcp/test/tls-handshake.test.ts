import { describe, expect, it } from 'vitest';
import { createCleanup } from './support/cleanup.ts';
import { createManualAmbient } from './support/manual-ambient.ts';
import { listenRaw, type RawServer, type RawStream, reset } from './support/raw-stream.ts';
import { openTo, type Station, startTlsStation } from './support/station.ts';
import { listenTls, loopback } from './support/tls-stream.ts';

const keep = createCleanup();
const station = (...options: Parameters<typeof startTlsStation>): Promise<Station> =>
  keep(startTlsStation(...options), ({ transport }) => transport.stop());
const raw = (): Promise<RawServer> => keep(listenRaw('127.0.0.1'), (server) => server.close());

describe('versions', () => {
  it('have a floor of 1.2, or 1.3 where that is set', async () => {
    const options = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const peer = await keep(listenTls(loopback, options), (server) => server.close());
    await expect(openTo(await station(), peer.at)).resolves.toMatchObject({ protocol: 'tls' });
    await expect(openTo(await station({ tls: { minVersion: 'TLSv1.3' } }), peer.at)).rejects.toMatchObject({
      code: 'E_TRANSPORT_REJECTED',
      message: expect.stringContaining(
        'no TLS version in common: here at least TLSv1.3; correct the server or edge.tls.minVersion',
      ),
    });
  });

  it('below 1.2 are not spoken', async () => {
    const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const peer = await keep(listenTls(loopback, options), (server) => server.close());
    await expect(openTo(await station(), peer.at)).rejects.toThrow('no TLS version in common: here at least TLSv1.2');
  });
});

describe('a handshake that does not come about', () => {
  it('ends in time when the server says nothing', async () => {
    const [peer, ambient] = [await raw(), createManualAmbient()];
    const us = await station({}, ambient);
    const opening = openTo(us, peer.at, 'line/primary', 16_000);
    await (await peer.accepted()).heard(0);
    ambient.advance(15_999);
    expect(ambient.timers).toBe(1);
    ambient.advance(1);
    await expect(opening).rejects.toMatchObject({
      code: 'E_TRANSPORT_TIMEOUT',
      message: `TLS 127.0.0.1:${peer.at.port}: connected, but the TLS handshake did not end within 16000 ms`,
    });
  });

  it('ends when the transport is stopped', async () => {
    const [peer, us] = [await raw(), await station()];
    const opening = openTo(us, peer.at);
    const ended = expect(opening).rejects.toMatchObject({ code: 'E_TRANSPORT_CLOSED' });
    await (await peer.accepted()).heard(0);
    await us.transport.stop();
    await ended;
  });

  it.each([
    [
      'speaks SIP in the clear',
      (peer: RawStream) => peer.send(Buffer.from('SIP/2.0 400 Bad Request\r\n\r\n')),
      'REJECTED',
      'does not speak TLS',
    ],
    ['sends garbage', (peer: RawStream) => peer.send(Buffer.alloc(500, 0xff)), 'REJECTED', 'does not speak TLS'],
    ['closes', (peer: RawStream) => void peer.socket.end(), 'CLOSED', 'closed the connection during the TLS handshake'],
    ['resets', (peer: RawStream) => reset(peer.socket), 'REFUSED', 'the peer reset the connection'],
  ])('is a failure of the server that %s', async (_what, answer, code, words) => {
    const [peer, us] = [await raw(), await station()];
    const opening = openTo(us, peer.at);
    const ended = expect(opening).rejects.toMatchObject({
      code: `E_TRANSPORT_${code}`,
      message: expect.stringContaining(words),
    });
    const stream = await peer.accepted();
    await stream.heard(0);
    answer(stream);
    await ended;
  });
});
