import type { TlsOptions } from 'node:tls';
import { type OpenRequest, TransportError } from '@offhook/core';
import { sampleMessage } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createTlsTransport } from '../src/index.ts';
import { createAuthority, type Identity, selfSigned } from './support/certificates.ts';
import { createCleanup } from './support/cleanup.ts';
import { createManualAmbient } from './support/manual-ambient.ts';
import { createRealAmbient } from './support/real-ambient.ts';
import { type Station, startTlsStation, startTransport } from './support/station.ts';
import { authority, listenTls, loopback, type TlsServer } from './support/tls-stream.ts';

const keep = createCleanup();
const server = (identity?: Identity, options?: TlsOptions): Promise<TlsServer> =>
  keep(listenTls(identity, options), (peer) => peer.close());
const station = (...options: Parameters<typeof startTlsStation>): Promise<Station> =>
  keep(startTlsStation(...options), ({ transport }) => transport.stop());

const open = ({ transport }: Station, { at }: TlsServer, request: Partial<OpenRequest> = {}) =>
  transport.open({ remote: at, owner: 'line/primary', timeoutMs: 5_000, ...request });

/** The refusal of one server, without its address. */
async function refusal(identity: Identity, request: Partial<OpenRequest> = {}): Promise<string> {
  const [peer, us] = [await server(identity), await station()];
  const error = await open(us, peer, request).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TransportError)) throw new Error(`no refusal: ${String(error)}`);
  expect(error.code).toBe('E_TRANSPORT_REJECTED');
  const where = `TLS 127.0.0.1:${peer.at.port}: `;
  expect(error.message.startsWith(where)).toBe(true);
  return error.message.slice(where.length);
}

describe('the name of a server', () => {
  it('is told it in the handshake, an address is not', async () => {
    const [peer, us] = [await server(authority.issue({ names: ['DNS:sip-a.example', 'IP:127.0.0.1'] })), await station()];
    await open(us, peer, { owner: 'a/primary', serverName: 'sip-a.example.' });
    expect((await peer.accepted()).socket).toMatchObject({ servername: 'sip-a.example' });
    await open(us, peer, { owner: 'b/primary', serverName: '127.0.0.1' });
    expect((await peer.accepted()).socket).toMatchObject({ servername: false });
  });

  it('is compared with the certificate, a wrong one is refused', async () => {
    const identity = authority.issue({ names: ['DNS:other.example', 'URI:sip:more.example'] });
    expect(await refusal(identity, { serverName: 'sip-a.example' })).toBe(
      'the server\'s certificate is for "other.example", "sip:more.example", not for "sip-a.example". ' +
        'Correct the certificate or the name of the proxy, or set TLS Name Validate to No',
    );
  });

  it('is its address where there is no other', async () => {
    expect(await refusal(authority.issue({ names: ['DNS:localhost'] }))).toContain('"localhost", not for "127.0.0.1"');
  });

  it('is no wildcard', async () => {
    const identity = authority.issue({ names: ['DNS:*.example'] });
    expect(await refusal(identity, { serverName: 'sip-a.example' })).toContain('SIP allows no wildcards (RFC 5922)');
  });

  it('may be any with the check off', async () => {
    const [peer, us] = [await server(authority.issue({ names: ['DNS:other.example'] })), await station()];
    await expect(open(us, peer, { serverName: 'sip-a.example', validateName: false })).resolves.toMatchObject({
      protocol: 'tls',
    });
  });
});

describe('the chain of a server', () => {
  it('leads to a trusted authority, name check or not', async () => {
    const stranger = createAuthority('a stranger');
    const identity = stranger.issue({ names: ['IP:127.0.0.1'] });
    for (const validateName of [true, false])
      expect(await refusal(identity, { validateName })).toContain(
        'issued by "a stranger", which is not trusted here; add that to',
      );
    const whole = { ...identity, cert: identity.cert + stranger.cert };
    expect(await refusal(whole)).toContain('leads to "a stranger", which is not trusted here; add that to edge.tls.ca');
  });

  it('is judged by the authorities that Node.js trusts unless others are given', async () => {
    const us = await keep(startTransport(createTlsTransport({}, createRealAmbient())), ({ transport }) => transport.stop());
    await expect(open(us, await server())).rejects.toThrow('"test authority", which is not trusted here');
  });

  it.each([
    ['expired', { fromDay: -9, untilDay: -2 }, /expired on .+ GMT; renew it there, or correct the clock here/],
    ['not yet valid', { fromDay: 2 }, /is valid from .+ GMT only; correct the clock/],
  ])('may not be %s', async (_what, wish, words) => {
    expect(await refusal(authority.issue({ names: ['IP:127.0.0.1'], ...wish }))).toMatch(words);
  });

  it('may be a single certificate that is trusted itself', async () => {
    const own = selfSigned({ names: ['IP:127.0.0.1'] });
    expect(await refusal(own)).toContain('is signed by nobody but itself; add it to edge.tls.ca');
    const us = await station({ tls: { ca: [authority.cert, own.cert] } });
    await expect(open(us, await server(own))).resolves.toMatchObject({ protocol: 'tls' });
    await expect(open(us, await server())).resolves.toMatchObject({ protocol: 'tls' });
  });
});

describe('our own certificate', () => {
  const demanding = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };

  it('is shown to a server that demands one', async () => {
    const [peer, us] = [await server(loopback, demanding), await station({ tls: authority.issue({ commonName: 'desk phone' }) })];
    await open(us, peer);
    expect((await peer.accepted()).socket.getPeerCertificate().subject.CN).toBe('desk phone');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is missed: the connection ends with words about it (%s)', async (version) => {
    const options = { ...demanding, minVersion: version, maxVersion: version };
    const [peer, us] = [await server(loopback, options), await station()];
    const words = await open(us, peer).then(
      async () => {
        // TLS 1.3: we are ready before the server has looked.
        await us.host.until(() => us.host.failures.length > 0);
        expect(us.host.failures[0]?.reason).toBe('rejected');
        return us.host.failures[0]?.detail;
      },
      ({ code, message }: TransportError) => {
        expect(code).toBe('E_TRANSPORT_REJECTED');
        return message;
      },
    );
    expect(words).toMatch(/demands a client certificate.*edge\.tls\.cert and edge\.tls\.key/);
  });
});

describe('sessions', () => {
  /** Opens, hears of the session by way of a message, and closes. */
  async function visit(us: Station, peer: TlsServer, request: Partial<OpenRequest> = {}): Promise<boolean> {
    const seen = us.host.messages.length;
    const { flow } = await open(us, peer, request);
    const stream = await peer.accepted();
    stream.send(sampleMessage('hello'));
    await us.host.until(() => us.host.messages.length > seen);
    const isReused = stream.socket.isSessionReused();
    us.transport.close(flow);
    return isReused;
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('are resumed at the next connection to a server (%s)', async (version) => {
    const [peer, us] = [await server(loopback, { minVersion: version, maxVersion: version }), await station()];
    expect([await visit(us, peer), await visit(us, peer), await visit(us, peer)]).toEqual([false, true, true]);
  });

  it('are not resumed at another server', async () => {
    const [one, two, us] = [await server(), await server(), await station()];
    expect([await visit(us, one), await visit(us, two)]).toEqual([false, false]);
  });

  it('made without the name check do not stand in for it', async () => {
    const [peer, us] = [await server(authority.issue({ names: ['DNS:other.example'] })), await station()];
    const unchecked = { serverName: 'sip-a.example', validateName: false };
    expect([await visit(us, peer, unchecked), await visit(us, peer, unchecked)]).toEqual([false, true]);
    await expect(open(us, peer, { serverName: 'sip-a.example' })).rejects.toMatchObject({ code: 'E_TRANSPORT_REJECTED' });
  });

  it('end an hour after they began, and when the certificate expires', async () => {
    const ambient = createManualAmbient();
    const peer = await server();
    const us = await station({}, ambient);
    await visit(us, peer);
    ambient.advance(1_800_000);
    expect(await visit(us, peer)).toBe(true);
    ambient.advance(1_800_000);
    expect(await visit(us, peer)).toBe(false);
    // The clock of OpenSSL is the system's, ours is later than any certificate.
    ambient.advance(Date.now() * 2);
    await expect(open(us, peer)).rejects.toThrow('expired on');
  });

  it('shared connections are those to one name, checked alike', async () => {
    const [peer, us] = [await server(authority.issue({ names: ['DNS:other.example'] })), await station({ shared: true })];
    const unchecked = await open(us, peer, { serverName: 'sip-a.example', validateName: false });
    expect(await open(us, peer, { serverName: 'sip-a.example', validateName: false })).toEqual(unchecked);
    await expect(open(us, peer, { serverName: 'sip-a.example' })).rejects.toMatchObject({ code: 'E_TRANSPORT_REJECTED' });
    expect((await open(us, peer, { serverName: 'other.example' })).flow).not.toBe(unchecked.flow);
  });
});
