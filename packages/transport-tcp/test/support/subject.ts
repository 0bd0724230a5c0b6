import type { TransportSubject } from '@offhook/core/testkit';
import { createTcpTransport, type StreamTransportOptions } from '../../src/index.ts';
import { connectRaw, freeEndpoint } from './raw-stream.ts';
import { createRealAmbient } from './real-ambient.ts';

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
