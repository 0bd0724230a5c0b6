import type { TransportSubject } from '@offhook/core/testkit';
import { createUdpTransport } from '../../src/index.ts';
import { freeEndpoint, openRawSocket } from './raw-socket.ts';
import { createRealAmbient } from './real-ambient.ts';

/** The UDP transport on real loopback sockets. */
export function createUdpSubject(host: string): TransportSubject {
  const ambient = createRealAmbient();
  return {
    ambient,
    create: (at) => createUdpTransport(at ?? { host, port: 0 }, ambient),
    async stranger(to) {
      const socket = await openRawSocket(host);
      return {
        local: socket.local,
        send: (bytes) => socket.send(bytes, to),
        async heard(seen) {
          await socket.hears(seen + 1);
          return new TextEncoder().encode(socket.heard.map(({ text }) => text).join(''));
        },
        close: () => socket.close(),
      };
    },
    deadEnd: () => freeEndpoint(host),
    wait: (promise) => promise,
    close: async () => {},
  };
}
