import {
  asFlow,
  type Endpoint,
  type Flow,
  type FlowFailureReason,
  formatEndpoint,
  type ListenOptions,
  type OpenFlow,
  type Transport,
  TransportError,
  type TransportHost,
  type TransportManifest,
} from '@offhook/core';
import type { Port, Ports } from './wire-ports.ts';
import type { PacketEntry } from './wire-record.ts';
import type { Traffic } from './wire-traffic.ts';

const manifest: TransportManifest = Object.freeze({
  name: 'wire-udp',
  kind: 'transport',
  api: 1,
  protocol: 'udp',
  reliable: false,
  framing: 'datagram',
  maxBytes: 65_507,
});

/** A bound datagram socket of the virtual network. */
export interface DatagramPort extends Port {
  arrive(bytes: Uint8Array, from: Endpoint): void;
  icmp(remote: Endpoint, reason: FlowFailureReason): void;
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 13 || byte === 10 || byte === 0);

/** What the datagram transports of one network share. */
export interface DatagramNetwork {
  readonly traffic: Traffic;
  readonly ports: Ports<DatagramPort>;
  /** True for an address anything was ever bound on: such a host answers for its closed ports. */
  hostExists(host: string): boolean;
}

/** A UDP transport on the virtual network: one socket, a flow per remote endpoint, refusals one round trip later. */
export function createDatagramTransport(network: DatagramNetwork, options: ListenOptions): Transport {
  const { traffic, ports } = network;
  const { ambient, faults } = traffic;
  const remotes = new Map<Flow, Endpoint>();
  const copies = new WeakMap<Uint8Array, Uint8Array>();
  let host: TransportHost | undefined;
  let port: DatagramPort | undefined;

  const flowTo = (remote: Endpoint): Flow => asFlow(`udp/${formatEndpoint(port?.local ?? options)}/${formatEndpoint(remote)}`);

  /** What the sender does with its bytes afterwards changes nothing; a repetition is the same copy. */
  function copyOf(bytes: Uint8Array): Uint8Array {
    const before = copies.get(bytes);
    if (before !== undefined && Buffer.compare(before, bytes) === 0) return before;
    const copy = bytes.slice();
    copies.set(bytes, copy);
    return copy;
  }

  function fail(flow: Flow, remote: Endpoint, reason: FlowFailureReason, detail: string): void {
    host?.flowFailed({ flow, remote, reason, detail, atMs: ambient.now() });
  }

  function arrive(bytes: Uint8Array, remote: Endpoint): void {
    if (host === undefined || port === undefined) return;
    if (bytes.length === 0) return host.dropped('empty', remote);
    if (isBlank(bytes)) return host.dropped('keepalive', remote);
    const flow = flowTo(remote);
    remotes.set(flow, remote);
    host.message({ bytes, flow, local: port.local, remote, atMs: ambient.now() });
  }

  /** The far host answers for its closed ports; an address nobody has swallows everything. */
  function land(packet: PacketEntry): void {
    const { from, to, bytes } = packet;
    const listener = ports.at(to);
    const refusal = faults.refuses(to, 'udp');
    if (listener !== undefined && refusal === undefined) {
      listener.arrive(bytes, from);
      return;
    }
    const answered = refusal !== undefined || network.hostExists(to.host);
    packet.dropped = refusal !== undefined ? 'refused' : answered ? 'no-listener' : 'no-host';
    if (!answered) return;
    traffic.datagram({ from: to, to: from, protocol: 'udp', kind: 'icmp' }, () => ports.at(from)?.icmp(to, refusal ?? 'refused'));
  }

  return {
    manifest,
    async start(newHost) {
      port = ports.bind(options.host, options.port, (local) => ({
        local,
        arrive,
        icmp: (remote, reason) => fail(flowTo(remote), remote, reason, `ICMP error from ${remote.host}: ${reason}`),
      }));
      if (port === undefined) {
        throw new TransportError('E_TRANSPORT_IN_USE', `UDP ${formatEndpoint(options)} is taken on the wire; use another port`);
      }
      host = newHost;
      return [port.local];
    },
    async open({ remote }): Promise<OpenFlow> {
      if (port === undefined) throw new TransportError('E_TRANSPORT_CLOSED', 'the UDP transport is not started');
      const flow = flowTo(remote);
      remotes.set(flow, remote);
      return { flow, protocol: 'udp', local: port.local, remote };
    },
    send(flow, bytes) {
      if (port === undefined) return;
      const remote = remotes.get(flow);
      if (remote === undefined) {
        ambient.defer(() => fail(flow, { host: '0.0.0.0', port: 0 }, 'closed', 'no such flow'));
      } else if (bytes.length > manifest.maxBytes) {
        ambient.defer(() => fail(flow, remote, 'rejected', `a datagram carries ${manifest.maxBytes} bytes, not ${bytes.length}`));
      } else {
        traffic.datagram({ from: port.local, to: remote, protocol: 'udp', kind: 'data', bytes: copyOf(bytes) }, land);
      }
    },
    close(flow) {
      remotes.delete(flow);
    },
    async stop() {
      if (port !== undefined) ports.unbind(port);
      host = undefined;
      port = undefined;
      remotes.clear();
    },
  };
}
