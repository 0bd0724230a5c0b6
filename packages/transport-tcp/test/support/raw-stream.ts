import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '@offhook/core';

/** One end of a plain TCP connection outside the transport. */
export interface RawStream {
  readonly socket: Socket;
  readonly local: Endpoint;
  send(bytes: Uint8Array): void;
  /** All bytes heard, once there are more than `seen` of them. */
  heard(seen: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

function wrapStream(socket: Socket): RawStream {
  let bytes = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    socket.emit('heard');
  });
  return {
    socket,
    local: { host: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    send: (piece) => void socket.write(piece),
    async heard(seen) {
      while (bytes.length <= seen) await once(socket, 'heard');
      return bytes;
    },
    async close() {
      if (socket.destroyed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
}

export async function connectRaw({ host, port }: Endpoint): Promise<RawStream> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  return wrapStream(socket);
}

/** A plain TCP server outside the transport. */
export interface RawServer {
  readonly at: Endpoint;
  /** The next connection that comes in. */
  accepted(): Promise<RawStream>;
  close(): Promise<void>;
}

export async function listenRaw(host: string, port = 0): Promise<RawServer> {
  const queue: Socket[] = [];
  const server: Server = createServer((socket) => {
    queue.push(socket);
    server.emit('queued');
  });
  server.listen(port, host);
  await once(server, 'listening');
  const sockets: Socket[] = [];
  return {
    at: { host, port: (server.address() as { port: number }).port },
    async accepted() {
      while (queue.length === 0) await once(server, 'queued');
      const socket = queue.shift() as Socket;
      sockets.push(socket);
      return wrapStream(socket);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of [...sockets, ...queue]) socket.destroy();
      await closed;
    },
  };
}

/** An address nobody listens on: it was free a moment ago. */
export async function freeEndpoint(host: string): Promise<Endpoint> {
  const server = await listenRaw(host);
  await server.close();
  return server.at;
}
