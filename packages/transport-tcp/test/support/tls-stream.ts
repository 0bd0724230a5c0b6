import { once } from 'node:events';
import { connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Endpoint } from '@offhook/core';
import { createAuthority, type Identity } from './certificates.ts';
import { type RawServer, type RawStream, serveRaw, wrapStream } from './raw-stream.ts';

/** Everybody in these tests trusts this authority, and nobody else. */
export const authority = createAuthority();

/** Certificate of everything on loopback. */
export const loopback: Identity = authority.issue({ names: ['IP:127.0.0.1', 'IP:::1', 'DNS:localhost'] });

/** A TLS client outside the transport. */
export async function connectTls({ host, port }: Endpoint): Promise<RawStream> {
  const socket = connect({ host, port, ca: authority.cert });
  await once(socket, 'secureConnect');
  return wrapStream(socket);
}

export interface TlsServer extends RawServer {
  accepted(): Promise<RawStream & { readonly socket: TLSSocket }>;
}

/** A TLS server outside the transport. */
export function listenTls(identity: Identity = loopback, options: TlsOptions = {}): Promise<TlsServer> {
  const server = createServer({ cert: identity.cert, key: identity.key, ...options });
  return serveRaw(server, 'secureConnection', '127.0.0.1') as Promise<TlsServer>;
}
