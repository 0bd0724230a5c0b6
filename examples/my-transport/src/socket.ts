import { createSocket, type Socket } from 'node:dgram';
import { asFlow, type Endpoint, type Flow, formatEndpoint, TransportError } from '@offhook/core';

type Heard = (bytes: Uint8Array, remote: Endpoint, local: Endpoint) => void;

/** Addresses are literals: without a look-up sockets are bound and connected at once. */
const lookup = (host: string, _: unknown, done: (error: null, address: string, family: number) => void) => done(null, host, 4);

export const flowTo = (remote: Endpoint): Flow => asFlow(formatEndpoint(remote));
export const localOf = (socket: Socket): Endpoint => ({ host: socket.address().address, port: socket.address().port });

/** @throws TransportError `E_TRANSPORT_IN_USE`, `E_TRANSPORT_BIND` */
export function bind({ host, port }: Endpoint, heard: Heard, onError: (error: NodeJS.ErrnoException) => void): Socket {
  const socket = createSocket({ type: 'udp4', lookup });
  socket.once('error', (cause: NodeJS.ErrnoException) => {
    throw new TransportError(cause.code === 'EADDRINUSE' ? 'E_TRANSPORT_IN_USE' : 'E_TRANSPORT_BIND', cause.message, { cause });
  });
  socket.bind({ address: host, port, exclusive: true });
  socket.on('message', (bytes, from) => heard(bytes, { host: from.address, port: from.port }, localOf(socket)));
  return socket.removeAllListeners('error').on('error', onError);
}
