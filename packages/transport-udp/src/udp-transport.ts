import {
  type Ambient,
  type Endpoint,
  type Flow,
  formatEndpoint,
  type ListenOptions,
  type OpenFlow,
  type OpenRequest,
  type Transport,
  TransportError,
  type TransportHost,
} from '@offhook/core';
import { readBindError, readFailure } from './errno.ts';
import { nameFlow, readFlow } from './flow-name.ts';
import { udpManifest } from './manifest.ts';
import {
  bindExclusive,
  canonicalHost,
  connectPeer,
  isIPv6,
  type SocketEvents,
  sourceAddress,
  type UdpSocket,
} from './udp-socket.ts';

export interface UdpTransportOptions extends ListenOptions {
  /** Next hops with a socket of their own, and so with instant ICMP errors. Further ones are served without. Default 64. */
  readonly maxConnectedPeers?: number;
  /** Receive buffer asked of the system per socket, bytes; the system may give less. Default 4 MiB. */
  readonly receiveBufferBytes?: number;
}

const wildcards = new Set(['0.0.0.0', '::']);
const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };

/** CRLF keepalives and the zero bytes some phones send instead. @source RFC 5626 section 3.5.1 */
const isKeepalive = (bytes: Uint8Array): boolean =>
  bytes.length <= 8 && bytes.every((byte) => byte === 13 || byte === 10 || byte === 0);

/**
 * SIP over UDP on one local address. One socket serves every line; each next hop that was opened has a connected socket on the same
 * port beside it, so that ICMP errors arrive at once. Such an error names no datagram: it is reported for the flow, which stays usable.
 * @throws TransportError `E_TRANSPORT_IN_USE`, `E_TRANSPORT_BIND` from `start`; `E_TRANSPORT_UNREACHABLE`, `E_TRANSPORT_REJECTED`,
 * `E_TRANSPORT_CLOSED` from `open`
 * @source RFC 3261 section 18, design decision D-18
 */
export function createUdpTransport(options: UdpTransportOptions, ambient: Ambient): Transport {
  return new UdpTransport(options, ambient);
}

class UdpTransport implements Transport {
  readonly manifest = udpManifest;
  readonly #options: Required<UdpTransportOptions>;
  readonly #ambient: Ambient;
  #host: TransportHost | undefined;
  #main: UdpSocket | undefined;
  /** Connected sockets; a promise while one is being made. */
  readonly #peers = new Map<Flow, UdpSocket | Promise<UdpSocket | undefined>>();

  constructor(options: UdpTransportOptions, ambient: Ambient) {
    this.#options = { maxConnectedPeers: 64, receiveBufferBytes: 4 * 1024 * 1024, ...options };
    this.#ambient = ambient;
  }

  async start(host: TransportHost): Promise<readonly Endpoint[]> {
    if (this.#main !== undefined)
      throw new TransportError('E_TRANSPORT_IN_USE', `UDP ${formatEndpoint(this.#main.local)} is started already`);
    const events: SocketEvents = {
      message: (bytes, remote) => this.#hear(bytes, remote),
      error: (error) => this.#ambient.log.warn('UDP socket error', { error }),
    };
    try {
      this.#main = bindExclusive(this.#options, events, this.#options.receiveBufferBytes);
    } catch (cause) {
      const { code, message } = readBindError(cause, formatEndpoint(this.#options));
      throw new TransportError(code, message, { cause });
    }
    this.#host = host;
    return [this.#main.local];
  }

  async open(request: OpenRequest): Promise<OpenFlow> {
    const remote = { host: canonicalHost(request.remote.host), port: request.remote.port };
    const bound = this.#main?.local;
    if (bound === undefined) throw new TransportError('E_TRANSPORT_CLOSED', 'the UDP transport is not started');
    if (isIPv6(bound.host) !== isIPv6(remote.host)) {
      throw new TransportError(
        'E_TRANSPORT_UNREACHABLE',
        `${formatEndpoint(remote)} is of another address family than UDP ${formatEndpoint(bound)}`,
      );
    }
    const flow = nameFlow(bound, remote);
    try {
      const peer = await this.#peer(flow, bound, remote);
      const local = peer?.local ?? (await this.#unconnectedLocal(bound, remote));
      if (this.#main?.local !== bound) throw new TransportError('E_TRANSPORT_CLOSED', 'the UDP transport was stopped meanwhile');
      return { flow, protocol: 'udp', local, remote };
    } catch (cause) {
      if (cause instanceof TransportError) throw cause;
      const failure = readFailure(cause);
      const code = failure?.reason === 'rejected' ? 'E_TRANSPORT_REJECTED' : 'E_TRANSPORT_UNREACHABLE';
      throw new TransportError(code, `UDP ${formatEndpoint(remote)}: ${failure?.detail ?? String(cause)}`, { cause });
    }
  }

  /** The connected socket of a flow, made when there is none yet and there may be one more. */
  async #peer(flow: Flow, bound: Endpoint, remote: Endpoint): Promise<UdpSocket | undefined> {
    const known = this.#peers.get(flow);
    if (known !== undefined) return known;
    if (this.#peers.size >= this.#options.maxConnectedPeers) return undefined;
    const making = this.#connect(flow, bound, remote);
    this.#peers.set(flow, making);
    try {
      const socket = await making;
      if (this.#peers.get(flow) === making) {
        if (socket === undefined) this.#peers.delete(flow);
        else this.#peers.set(flow, socket);
        return socket;
      }
      // Closed or stopped while it was being made.
      await socket?.close();
      return undefined;
    } catch (error) {
      if (this.#peers.get(flow) === making) this.#peers.delete(flow);
      throw error;
    }
  }

  async #connect(flow: Flow, bound: Endpoint, remote: Endpoint): Promise<UdpSocket | undefined> {
    const events: SocketEvents = {
      message: (bytes) => this.#receive(bytes, flow, remote),
      error: (error) => this.#report(flow, remote, error),
    };
    try {
      return await connectPeer(bound, remote, events, this.#options.receiveBufferBytes);
    } catch (error) {
      if (readFailure(error) !== undefined) throw error;
      // Out of descriptors or memory: the flow works through the main socket, without ICMP errors.
      this.#ambient.log.warn('no connected UDP socket for a next hop', { remote, error });
      return undefined;
    }
  }

  async #unconnectedLocal(bound: Endpoint, remote: Endpoint): Promise<Endpoint> {
    if (!wildcards.has(bound.host)) return bound;
    return { host: await sourceAddress(bound.host, remote), port: bound.port };
  }

  send(flow: Flow, bytes: Uint8Array): void {
    const main = this.#main;
    if (main === undefined) return;
    const peer = this.#peers.get(flow);
    const isConnected = peer !== undefined && !(peer instanceof Promise);
    const remote = isConnected ? peer.remote : readFlow(main.local, flow);
    if (remote === undefined) return this.#fail(flow, nowhere, 'closed', 'no such UDP flow');
    if (bytes.length > udpManifest.maxBytes) {
      return this.#fail(
        flow,
        remote,
        'rejected',
        `a datagram carries at most ${udpManifest.maxBytes} bytes, not ${bytes.length}`,
      );
    }
    if (!isConnected) {
      main.send(bytes, remote, (error) => error !== null && this.#report(flow, remote, error));
      return;
    }
    peer.send(bytes, undefined, (error) => {
      if (error === null) return;
      const reported = this.#report(flow, remote, error);
      if (reported !== 'refused' && reported !== 'unreachable') return;
      // The error belonged to an earlier datagram and kept this one from leaving.
      if (this.#peers.get(flow) !== peer) return;
      peer.send(bytes, undefined, (again) => {
        if (again !== null && readFailure(again)?.reason !== reported) this.#report(flow, remote, again);
      });
    });
  }

  close(flow: Flow): void {
    const peer = this.#peers.get(flow);
    this.#peers.delete(flow);
    if (peer !== undefined && !(peer instanceof Promise)) void peer.close();
  }

  async stop(): Promise<void> {
    const sockets = [this.#main, ...this.#peers.values()];
    this.#host = undefined;
    this.#main = undefined;
    this.#peers.clear();
    await Promise.all(sockets.map((socket) => (socket instanceof Promise ? undefined : socket?.close())));
  }

  /** A datagram of somebody who has no socket of his own. */
  #hear(bytes: Uint8Array, remote: Endpoint): void {
    const bound = this.#main?.local;
    if (bound !== undefined) this.#receive(bytes, nameFlow(bound, remote), remote);
  }

  #receive(bytes: Uint8Array, flow: Flow, remote: Endpoint): void {
    const host = this.#host;
    const bound = this.#main?.local;
    if (host === undefined || bound === undefined) return;
    if (bytes.length === 0) return host.dropped('empty', remote);
    if (isKeepalive(bytes)) return host.dropped('keepalive', remote);
    const peer = this.#peers.get(flow);
    const local = peer === undefined || peer instanceof Promise ? bound : peer.local;
    host.message({ bytes, flow, local, remote, atMs: this.#ambient.now() });
  }

  /** Tells the host what a socket error says of the flow; returns the reason, undefined when it says nothing. */
  #report(flow: Flow, remote: Endpoint, error: Error) {
    const failure = readFailure(error);
    if (failure === undefined) {
      this.#ambient.log.warn('UDP datagram lost', { remote, error });
      return undefined;
    }
    const { reason, detail } = failure;
    this.#host?.flowFailed({
      flow,
      remote,
      reason,
      detail: `UDP ${formatEndpoint(remote)}: ${detail}`,
      atMs: this.#ambient.now(),
    });
    return reason;
  }

  #fail(flow: Flow, remote: Endpoint, reason: 'closed' | 'rejected', detail: string): void {
    this.#ambient.defer(() => this.#host?.flowFailed({ flow, remote, reason, detail, atMs: this.#ambient.now() }));
  }
}
