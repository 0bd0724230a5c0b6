import type { Ambient, Transport } from '@offhook/core';
import type { TransportSubject } from '@offhook/core/testkit';
import { createTcpTransport, createTlsTransport, type StreamTransportOptions } from '../../src/index.ts';
import { createManualAmbient } from './manual-ambient.ts';
import { connectRaw, freeEndpoint } from './raw-stream.ts';
import { createRealAmbient } from './real-ambient.ts';
import { authority, connectTls, loopback } from './tls-stream.ts';

type Create = (options: StreamTransportOptions, ambient: Ambient) => Transport;

/** Sockets in real time; the timers of the transports only run when a case stalls. */
function createSubject(host: string, create: Create, stranger: TransportSubject['stranger']): TransportSubject {
  const ambient = createManualAmbient();
  return {
    ambient: createRealAmbient(),
    create: (at) => create({ listen: at ?? { host, port: 0 } }, ambient),
    stranger,
    deadEnd: () => freeEndpoint(host),
    wait: (promise) => promise,
    async stall() {
      while (ambient.timers === 0) await new Promise(setImmediate);
      ambient.advance(32_000);
    },
    close: async () => {},
  };
}

/** The TCP transport on real loopback sockets. */
export function createTcpSubject(host: string, options: StreamTransportOptions = {}): TransportSubject {
  return createSubject(host, (listening, ambient) => createTcpTransport({ ...options, ...listening }, ambient), connectRaw);
}

/** The TLS transport on real loopback sockets; stations and strangers trust one authority. */
export function createTlsSubject(host: string, options: StreamTransportOptions = {}): TransportSubject {
  const tls = { ca: [authority.cert], ...loopback };
  return createSubject(host, (listening, ambient) => createTlsTransport({ ...options, tls, ...listening }, ambient), connectTls);
}
