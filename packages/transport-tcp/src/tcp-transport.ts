import { connect, createServer } from 'node:net';
import type { Ambient, Transport } from '@offhook/core';
import { readFailure } from './errno.ts';
import { tcpManifest } from './manifest.ts';
import type { StreamTransportOptions, StreamWiring } from './stream-options.ts';
import { StreamTransport } from './stream-transport.ts';

/** How long a silent connection rests before the system asks the peer whether it still lives. */
export const keepAliveMs = 60_000;

const tcp: StreamWiring = {
  manifest: tcpManifest,
  readyEvent: 'connect',
  dial: ({ remote, localHost, localPort }) =>
    connect({
      host: remote.host,
      port: remote.port,
      ...(localHost === undefined ? {} : { localAddress: localHost }),
      ...(localPort === undefined ? {} : { localPort }),
      autoSelectFamily: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    }),
  readFailure,
  serve: (gate) =>
    createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }, (socket) => {
      if (gate.knock(socket)) gate.ready(socket);
    }),
};

/**
 * SIP over TCP: one connection per line and leg unless `shared`, framed by Content-Length, CRLF pings answered.
 * @throws TransportError `E_TRANSPORT_IN_USE`, `E_TRANSPORT_BIND` from `start`; `E_TRANSPORT_REFUSED`, `E_TRANSPORT_UNREACHABLE`,
 * `E_TRANSPORT_TIMEOUT`, `E_TRANSPORT_REJECTED`, `E_TRANSPORT_CLOSED` from `open`
 * @source RFC 3261 section 18, RFC 5626 section 3.5.1
 */
export function createTcpTransport(options: StreamTransportOptions, ambient: Ambient): Transport {
  return new StreamTransport(tcp, options, ambient);
}
