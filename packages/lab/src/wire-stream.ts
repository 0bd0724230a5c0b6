import {
  asFlow,
  type Endpoint,
  type Flow,
  type FlowFailureReason,
  formatEndpoint,
  type ListenOptions,
  type OpenFlow,
  type OpenRequest,
  type Protocol,
  type Timer,
  type Transport,
  TransportError,
  type TransportHost,
  type TransportManifest,
} from '@offhook/core';
import type { Port, Ports } from './wire-ports.ts';
import { createStreamEnd, type StreamEnd } from './wire-stream-end.ts';
import { createLane, type Traffic } from './wire-traffic.ts';

/** A listening stream socket of the virtual network. */
export interface StreamPort extends Port {
  /** Takes a new connection; returns its end here. */
  accept(remote: Endpoint, flow: Flow): StreamEnd;
}

type StreamProtocol = Exclude<Protocol, 'udp'>;

const manifestOf = (protocol: StreamProtocol): TransportManifest =>
  Object.freeze({
    name: `wire-${protocol}`,
    kind: 'transport',
    api: 1,
    protocol,
    reliable: true,
    framing: 'stream',
    maxBytes: 65_536,
  });

export interface StreamOptions extends ListenOptions {
  readonly protocol: StreamProtocol;
  /** Longest piece a message arrives in, bytes; whole messages unless told. */
  readonly segmentBytes?: number;
}

/** What the stream transports of one network share. */
export interface StreamNetwork {
  readonly traffic: Traffic;
  readonly ports: Ports<StreamPort>;
  /** Every end of every connection, so that faults can cut them. */
  readonly ends: Set<StreamEnd>;
  /** True for an address anything was ever bound on: such a host answers for its closed ports. */
  hostExists(host: string): boolean;
}

/** A TCP (or TLS, without its cryptography) transport on the virtual network: a connection per owner and remote endpoint. */
export function createStreamTransport(network: StreamNetwork, options: StreamOptions): Transport {
  const { traffic, ports } = network;
  const { ambient, faults } = traffic;
  const { protocol, segmentBytes } = options;
  const manifest = manifestOf(protocol);
  const { maxBytes } = manifest;
  const ends = new Map<Flow, StreamEnd>();
  const owned = new Map<string, Promise<OpenFlow>>();
  /** Ends the connection attempts under way. */
  const attempts = new Set<() => void>();
  let host: TransportHost | undefined;
  let port: StreamPort | undefined;
  let opened = 0;

  function adopt(local: Endpoint, remote: Endpoint, flow: Flow, gone: () => void = () => {}): StreamEnd {
    const onGone = (): void => {
      ends.delete(flow);
      network.ends.delete(end);
      gone();
    };
    const end = createStreamEnd({ traffic, protocol, local, remote, flow, segmentBytes, host: () => host, onGone });
    ends.set(flow, end);
    network.ends.add(end);
    return end;
  }

  /** What meets a SYN: a listener's end, a refusal, or nothing at all. */
  function knock(remote: Endpoint, local: Endpoint, flow: Flow): StreamEnd | 'refused' | 'unreachable' | undefined {
    const refusal = faults.refuses(remote, protocol);
    if (refusal !== undefined) return refusal;
    const listener = ports.at(remote);
    if (listener !== undefined) return listener.accept(local, asFlow(`${flow}/accepted`));
    return network.hostExists(remote.host) ? 'refused' : undefined;
  }

  function connect({ remote, timeoutMs }: OpenRequest, gone: () => void): Promise<OpenFlow> {
    const local: Endpoint = { host: options.host, port: ports.freePort(options.host) };
    const flow = asFlow(`${protocol}/${formatEndpoint(local)}/${formatEndpoint(remote)}/${++opened}`);
    const lanes = [createLane(), createLane()] as const;
    return new Promise((resolve, reject) => {
      let far: StreamEnd | undefined;
      const finish = (): void => {
        ambient.clearTimer(timer);
        attempts.delete(giveUp);
        for (const lane of lanes) lane.closed = true;
      };
      const refuse = (code: TransportError['code'], detail: string): void => {
        finish();
        far?.fail('reset', 'the caller gave up');
        reject(new TransportError(code, `${protocol} ${formatEndpoint(remote)}: ${detail}`));
      };
      const join = (server: StreamEnd): void => {
        finish();
        if (port === undefined) return refuse('E_TRANSPORT_CLOSED', 'the transport stopped meanwhile');
        if (server.gone) return refuse('E_TRANSPORT_REFUSED', 'reset as soon as it was accepted');
        const near = adopt(local, remote, flow, gone);
        near.peer = server;
        server.peer = near;
        resolve({ flow, protocol, local, remote });
      };
      const giveUp = (): void => refuse('E_TRANSPORT_CLOSED', 'the transport stopped meanwhile');
      attempts.add(giveUp);
      const timer: Timer = ambient.setTimer(() => refuse('E_TRANSPORT_TIMEOUT', `no answer within ${timeoutMs} ms`), timeoutMs);
      traffic.segment(lanes[0], { from: local, to: remote, protocol, kind: 'syn' }, () => {
        const met = knock(remote, local, flow);
        if (met === undefined) return;
        const kind = met === 'refused' ? 'reset' : met === 'unreachable' ? 'icmp' : 'accept';
        if (typeof met !== 'string') far = met;
        traffic.segment(lanes[1], { from: remote, to: local, protocol, kind }, () => {
          if (met === 'refused') refuse('E_TRANSPORT_REFUSED', 'refused');
          else if (met === 'unreachable') refuse('E_TRANSPORT_UNREACHABLE', 'unreachable');
          else join(met);
        });
      });
    });
  }

  return {
    manifest,
    async start(newHost) {
      port = ports.bind(options.host, options.port, (local) => ({
        local,
        accept: (remote, flow) => adopt(local, remote, flow),
      }));
      if (port === undefined) {
        throw new TransportError(
          'E_TRANSPORT_IN_USE',
          `${protocol} ${formatEndpoint(options)} is taken on the wire; use another port`,
        );
      }
      host = newHost;
      return [port.local];
    },
    open(request): Promise<OpenFlow> {
      if (port === undefined)
        return Promise.reject(new TransportError('E_TRANSPORT_CLOSED', `the ${protocol} transport is not started`));
      const key = `${request.owner}|${formatEndpoint(request.remote)}`;
      const known = owned.get(key);
      if (known !== undefined) return known;
      const opening = connect(request, () => owned.delete(key));
      owned.set(key, opening);
      opening.catch(() => owned.delete(key));
      return opening;
    },
    send(flow, bytes) {
      const end = ends.get(flow);
      const remote = end?.remote ?? { host: '0.0.0.0', port: 0 };
      const fail = (reason: FlowFailureReason, detail: string): void =>
        ambient.defer(() => host?.flowFailed({ flow, remote, reason, detail, atMs: ambient.now() }));
      if (end === undefined) fail('closed', 'no such flow');
      else if (bytes.length > maxBytes) fail('rejected', `a message has at most ${maxBytes} bytes, not ${bytes.length}`);
      else end.send(bytes);
    },
    close: (flow) => ends.get(flow)?.close(),
    async stop() {
      if (port !== undefined) ports.unbind(port);
      host = undefined;
      port = undefined;
      for (const giveUp of [...attempts]) giveUp();
      for (const end of [...ends.values()]) end.close();
      owned.clear();
    },
  };
}
