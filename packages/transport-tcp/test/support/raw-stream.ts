import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '@offhook/core';

/** One end of a connection outside the transport. */
export interface RawStream {
  readonly socket: Socket;
  readonly local: Endpoint;
  send(bytes: Uint8Array): void;
  /** All bytes heard, once there are more than `seen` of them. */
  heard(seen: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export function wrapStream(socket: Socket): RawStream {
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

/** A server outside the transport. */
export interface RawServer {
  readonly at: Endpoint;
  /** The next connection that comes in. */
  accepted(): Promise<RawStream>;
  close(): Promise<void>;
}

/** Listens; `event` hands over who comes in. */
export async function serveRaw(server: Server, event: string, host: string, port = 0): Promise<RawServer> {
  const queue: Socket[] = [];
  /** Also those that have not come so far as `event`. */
  const all: Socket[] = [];
  server.on('connection', (socket: Socket) => all.push(socket));
  server.on(event, (socket: Socket) => {
    queue.push(socket);
    server.emit('queued');
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    at: { host, port: (server.address() as { port: number }).port },
    async accepted() {
      while (queue.length === 0) await once(server, 'queued');
      const socket = queue.shift() as Socket;
      return wrapStream(socket);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of all) socket.destroy();
      await closed;
    },
  };
}

export const listenRaw = (host: string, port = 0): Promise<RawServer> => serveRaw(createServer(), 'connection', host, port);

/** A reset and nothing before it: `resetAndDestroy` alone ends the stream first, and a peer may see that end. */
export function reset(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}

/** An address nobody listens on: it was free a moment ago. */
export async function freeEndpoint(host: string): Promise<Endpoint> {
  const server = await listenRaw(host);
  await server.close();
  return server.at;
}
