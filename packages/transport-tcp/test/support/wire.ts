import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Endpoint } from '@offhook/core';

/** A TCP wire that passes bytes on as they come, until somebody takes hold of it. */
export interface Wire {
  readonly at: Endpoint;
  /** The end towards whoever connected. */
  near(): Socket;
  /** From now on nothing of what the server says gets through; its next bytes. */
  intercept(): Promise<Buffer>;
  close(): Promise<void>;
}

export async function openWire(to: Endpoint): Promise<Wire> {
  let ends: { readonly near: Socket; readonly far: Socket } | undefined;
  const server = createServer((near) => {
    const far = connect(to);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
    ends = { near, far };
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const both = () => {
    if (ends === undefined) throw new Error('nobody has connected');
    return ends;
  };
  return {
    at: { host: '127.0.0.1', port: (server.address() as { port: number }).port },
    near: () => both().near,
    async intercept() {
      const { near, far } = both();
      far.unpipe(near);
      const next = once(far, 'data');
      far.resume();
      const [bytes] = (await next) as [Buffer];
      return bytes;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      ends?.near.destroy();
      ends?.far.destroy();
      await closed;
    },
  };
}
