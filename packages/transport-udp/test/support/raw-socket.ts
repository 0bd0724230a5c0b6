import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '@offhook/core';

/** A plain socket outside the transport. */
export interface RawSocket {
  readonly local: Endpoint;
  readonly heard: readonly { readonly text: string; readonly from: Endpoint }[];
  send(bytes: Uint8Array, to: Endpoint): void;
  /** Resolves when it has heard `count` datagrams. */
  hears(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function openRawSocket(host: string, port = 0): Promise<RawSocket> {
  const socket: Socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const heard: { text: string; from: Endpoint }[] = [];
  socket.on('message', (bytes, { address, port: from }) => {
    heard.push({ text: bytes.toString('latin1'), from: { host: address, port: from } });
    socket.emit('heard');
  });
  socket.bind(port, host);
  await once(socket, 'listening');
  return {
    local: { host, port: socket.address().port },
    heard,
    send: (bytes, to) => socket.send(bytes, to.port, to.host),
    async hears(count) {
      while (heard.length < count) await once(socket, 'heard');
    },
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** An address nobody listens on: it was free a moment ago. */
export async function freeEndpoint(host: string): Promise<Endpoint> {
  const socket = await openRawSocket(host);
  await socket.close();
  return socket.local;
}
