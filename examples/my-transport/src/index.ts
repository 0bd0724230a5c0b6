import type { Socket } from 'node:dgram';
import type { Endpoint, Flow, FlowFailureReason, TransportFactory, TransportHost, TransportManifest } from '@offhook/core';
import { readEndpoint, TransportError } from '@offhook/core';
import { bind, flowTo, localOf } from './socket.ts';

const udp = { protocol: 'udp', reliable: false, framing: 'datagram', maxBytes: 65_507 } as const;
export const manifest: TransportManifest = Object.freeze({ name: 'my-transport', kind: 'transport', api: 1, ...udp });

/** SIP over UDP: a socket that hears everybody, and for each next hop a connected one, which hears when nobody listens there. */
export const create: TransportFactory = (at, ambient) => {
  const peers = new Map<Flow, Socket>();
  let main: Socket | undefined;
  let host: TransportHost | undefined;
  function fail(flow: Flow, reason: FlowFailureReason, detail: string): void {
    const remote = readEndpoint(flow) ?? { host: '0.0.0.0', port: 0 };
    ambient.defer(() => host?.flowFailed({ flow, remote, reason, detail, atMs: ambient.now() }));
  }
  function heard(bytes: Uint8Array, remote: Endpoint, local: Endpoint): void {
    if (bytes.every((byte) => byte === 13 || byte === 10)) host?.dropped(bytes.length > 0 ? 'keepalive' : 'empty', remote);
    else host?.message({ bytes, flow: flowTo(remote), local, remote, atMs: ambient.now() });
  }
  const close = (flow: Flow): boolean => peers.get(flow)?.close() !== undefined && peers.delete(flow);
  function connect(flow: Flow, remote: Endpoint): Socket {
    const socket = bind({ host: at.host, port: 0 }, heard, ({ code, message }) => {
      close(flow);
      fail(flow, code === 'ECONNREFUSED' ? 'refused' : 'unreachable', message);
    });
    socket.connect(remote.port, remote.host);
    peers.set(flow, socket);
    return socket;
  }
  return {
    manifest,
    close,
    async start(given) {
      main = bind(at, heard, (error) => ambient.log.warn('my-transport: a datagram was not sent', { error }));
      host = given;
      return [localOf(main)];
    },
    async open({ remote }) {
      if (main === undefined) throw new TransportError('E_TRANSPORT_CLOSED', 'my-transport is not started');
      const flow = flowTo(remote);
      return { flow, protocol: 'udp', local: localOf(peers.get(flow) ?? connect(flow, remote)), remote };
    },
    send(flow, bytes) {
      const [remote, peer] = [readEndpoint(flow), peers.get(flow)];
      if (remote === undefined) return fail(flow, 'closed', 'there is no such flow');
      if (bytes.length > udp.maxBytes) return fail(flow, 'rejected', `${bytes.length} bytes are too many`);
      if (peer === undefined) main?.send(bytes, remote.port, remote.host);
      else peer.send(bytes);
    },
    async stop() {
      for (const socket of [main, ...peers.values()]) socket?.close();
      [main, host] = [undefined, undefined];
      peers.clear();
    },
  };
};
