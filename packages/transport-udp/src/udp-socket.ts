import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Endpoint } from '@offhook/core';

/** Addresses are literals: "resolving" at once keeps bind, connect and send inside the caller's turn of the event loop. */
const literalLookup = (host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void =>
  done(null, host, isIPv6(host) ? 6 : 4);

export const isIPv6 = (host: string): boolean => host.includes(':');

/** An IPv6 literal as the system writes it, so that a flow has one name whoever names it. */
export function canonicalHost(host: string): string {
  if (!isIPv6(host) || host.includes('%')) return host;
  return URL.canParse(`http://[${host}]`) ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host;
}

/** One bound socket and what is heard on it. */
export interface UdpSocket {
  readonly local: Endpoint;
  /** Of a connected one. */
  readonly remote: Endpoint | undefined;
  /** Sends to `remote`, or to the connected peer. `done` is called later, with the error if there is one. */
  send(bytes: Uint8Array, remote: Endpoint | undefined, done: (error: Error | null) => void): void;
  close(): Promise<void>;
}

export interface SocketEvents {
  message(bytes: Uint8Array, remote: Endpoint): void;
  error(error: Error): void;
}

function bind({ host, port }: Endpoint, reuseAddr: boolean): Socket {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  const socket = createSocket({ type, reuseAddr, ipv6Only: type === 'udp6', lookup: literalLookup });
  let failure: Error | undefined;
  socket.once('error', (error) => {
    failure = error;
  });
  // `exclusive`: never through the primary process of a Node cluster, which would share the port.
  socket.bind({ address: host, port, exclusive: true });
  socket.removeAllListeners('error');
  if (failure !== undefined) {
    socket.close();
    throw failure;
  }
  return socket;
}

function endpointOf(socket: Socket): Endpoint {
  const { address, port } = socket.address();
  return { host: address, port };
}

function listen(socket: Socket, events: SocketEvents, receiveBufferBytes: number, remote?: Endpoint): UdpSocket {
  socket.on('message', (bytes: Buffer, { address, port }: RemoteInfo) => events.message(bytes, { host: address, port }));
  socket.on('error', events.error);
  try {
    socket.setRecvBufferSize(receiveBufferBytes);
  } catch {
    // The system's own size stays: a smaller buffer loses datagrams under load, nothing else.
  }
  return {
    local: endpointOf(socket),
    remote,
    send(bytes, to, done) {
      if (to === undefined) socket.send(bytes, done);
      else socket.send(bytes, to.port, to.host, done);
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/**
 * Binds the one unconnected socket of a local address and makes sure it is ours alone.
 *
 * Connected sockets can share the port only when every socket on it has SO_REUSEADDR; but then the kernel would let a second
 * program bind it too, and give the newest socket all datagrams. So the address is first bound without the option, which fails if any
 * socket of anybody is there, then released and bound with it. Both happen in one turn of the event loop; two programs that start
 * within the same few microseconds could still both succeed, and so could one that sets SO_REUSEADDR without asking.
 * @throws Error (with `code`) of the system
 */
export function bindExclusive(local: Endpoint, events: SocketEvents, receiveBufferBytes: number): UdpSocket {
  const probe = bind(local, false);
  const { port } = endpointOf(probe);
  probe.close();
  return listen(bind({ host: local.host, port }, true), events, receiveBufferBytes);
}

/**
 * A further socket on the port of `bound`, connected to one remote: the kernel hands it that remote's datagrams and ICMP errors, and
 * its local address is the real one even when `bound` is a wildcard.
 * @throws Error (rejects, with `code`) of the system
 */
export async function connectPeer(
  bound: Endpoint,
  remote: Endpoint,
  events: SocketEvents,
  receiveBufferBytes: number,
): Promise<UdpSocket> {
  const socket = bind(bound, true);
  await new Promise<void>((resolve, reject) => {
    const settled = (error?: Error | null): void => {
      if (error === undefined || error === null) return resolve();
      // At once: an unconnected socket would take every datagram of the port.
      socket.close();
      reject(error);
    };
    try {
      socket.connect(remote.port, remote.host, settled);
    } catch (error) {
      settled(error as Error);
    }
  });
  return listen(socket, events, receiveBufferBytes, remote);
}

/** The address of this machine that datagrams to `remote` carry. @throws Error (rejects, with `code`) of the system */
export async function sourceAddress(wildcard: string, remote: Endpoint): Promise<string> {
  const deaf: SocketEvents = { message() {}, error() {} };
  const socket = await connectPeer({ host: wildcard, port: 0 }, remote, deaf, 1);
  await socket.close();
  return socket.local.host;
}
