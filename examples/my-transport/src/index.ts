import { createSocket, type Socket } from 'node:dgram';
import type { Endpoint, Flow, FlowFailureReason, TransportFactory, TransportHost, TransportManifest } from '@offhook/core';
import { asFlow, formatEndpoint, readEndpoint, TransportError } from '@offhook/core';

const udp = { protocol: 'udp', reliable: false, framing: 'datagram', maxBytes: 65_507 } as const;
export const manifest: TransportManifest = Object.freeze({ name: 'my-transport', kind: 'transport', api: 1, ...udp });
const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };
/** Addresses are literals: without a look-up sockets are bound and connected at once. */
const lookup = (host: string, _: unknown, done: (error: null, address: string, family: number) => void) => done(null, host, 4);
const flowTo = (remote: Endpoint): Flow => asFlow(formatEndpoint(remote));
const localOf = (socket: Socket): Endpoint => ({ host: socket.address().address, port: socket.address().port });

/** SIP over UDP: a socket that hears everybody, and for each next hop a connected one, which hears when nobody listens there. */
export const create: TransportFactory = (at, ambient) => {
  const peers = new Map<Flow, Socket>();
  let started: { readonly main: Socket; readonly host: TransportHost } | undefined;
  const fail = (flow: Flow, reason: FlowFailureReason, detail: string, remote = readEndpoint(flow) ?? nowhere): void =>
    ambient.defer(() => started?.host.flowFailed({ flow, remote, reason, detail, atMs: ambient.now() }));
  function bind(port: number, next?: Endpoint): Socket {
    const socket = createSocket({ type: 'udp4', lookup }).on('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'E_TRANSPORT_IN_USE' : 'E_TRANSPORT_BIND';
      if (next !== undefined) fail(flowTo(next), cause.code === 'ECONNREFUSED' ? 'refused' : 'unreachable', cause.message);
      else if (started === undefined) throw new TransportError(code, cause.message, { cause });
    });
    socket.on('message', (bytes, { address, port }) => {
      const [remote, host] = [{ host: address, port }, started?.host];
      if (bytes.every((byte) => byte === 13 || byte === 10)) host?.dropped(bytes.length > 0 ? 'keepalive' : 'empty', remote);
      else host?.message({ bytes, flow: flowTo(remote), local: localOf(socket), remote, atMs: ambient.now() });
    });
    socket.bind({ address: at.host, port, exclusive: true });
    if (next !== undefined) socket.connect(next.port, next.host);
    return socket;
  }
  return {
    manifest,
    close: (flow) => void (peers.get(flow)?.close() && peers.delete(flow)),
    async start(host) {
      started = { main: bind(at.port), host };
      return [localOf(started.main)];
    },
    async open({ remote }) {
      if (started === undefined) throw new TransportError('E_TRANSPORT_CLOSED', 'my-transport is not started');
      const peer = peers.get(flowTo(remote)) ?? bind(0, remote);
      peers.set(flowTo(remote), peer);
      return { flow: flowTo(remote), protocol: 'udp', local: localOf(peer), remote };
    },
    send(flow, bytes) {
      const [remote, peer] = [readEndpoint(flow), peers.get(flow)];
      if (remote === undefined) fail(flow, 'closed', 'there is no such flow');
      else if (bytes.length > udp.maxBytes) fail(flow, 'rejected', `${bytes.length} bytes are too many`);
      else if (peer !== undefined) peer.send(bytes);
      else started?.main.send(bytes, remote.port, remote.host, (error) => error && fail(flow, 'unreachable', error.message));
    },
    async stop() {
      for (const socket of [started?.main, ...peers.values()]) socket?.close();
      peers.clear();
      started = undefined;
    },
  };
};
