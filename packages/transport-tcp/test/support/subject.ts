import type { TransportSubject } from '@offhook/core/testkit';
import { createTcpTransport, createTlsTransport, type StreamTransportOptions } from '../../src/index.ts';
import { connectRaw, freeEndpoint } from './raw-stream.ts';
import { createRealAmbient } from './real-ambient.ts';
import { authority, connectTls, loopback } from './tls-stream.ts';

/** The TCP transport on real loopback sockets. */
export function createTcpSubject(host: string, options: StreamTransportOptions = {}): TransportSubject {
  const ambient = createRealAmbient();
  return {
    ambient,
    create: (at) => createTcpTransport({ ...options, listen: at ?? { host, port: 0 } }, ambient),
    stranger: connectRaw,
    deadEnd: () => freeEndpoint(host),
    wait: (promise) => promise,
    close: async () => {},
  };
}

/** The TLS transport on real loopback sockets; stations and strangers trust one authority. */
export function createTlsSubject(host: string, options: StreamTransportOptions = {}): TransportSubject {
  const tls = { ca: [authority.cert], ...loopback };
  return {
    ...createTcpSubject(host),
    create: (at) => createTlsTransport({ ...options, tls, listen: at ?? { host, port: 0 } }, createRealAmbient()),
    stranger: connectTls,
  };
}
