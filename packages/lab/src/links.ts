import type { Endpoint, Flow, FlowFailure, Inbound, Protocol, Transport } from '@offhook/core';

/** One flow of one transport: where an answer goes. */
export interface Link {
  readonly transport: Transport;
  readonly protocol: Protocol;
  readonly flow: Flow;
  /** Where we listen on that transport. */
  readonly listening: Endpoint;
  readonly remote: Endpoint;
  /** Counts up from 0: names the link in a Via parameter. */
  readonly index: number;
  /** A stream that ended. */
  broken: boolean;
}

export interface LinksHost {
  message(inbound: Inbound, link: Link): void;
  dropped?(reason: string, remote: Endpoint): void;
  failed?(failure: FlowFailure, link: Link | undefined): void;
}

/** All flows of all transports of one party, by one name each. */
export interface Links {
  /** Binds every transport; returns what they listen on, in the order given. */
  start(host: LinksHost): Promise<readonly Listening[]>;
  readonly listening: readonly Listening[];
  byIndex(index: number): Link | undefined;
  /** Makes or finds the flow to an endpoint. @throws TransportError (rejects) with the transport's codes */
  open(remote: Endpoint, protocol: Protocol): Promise<Link>;
  send(link: Link, bytes: Uint8Array): void;
  stop(): Promise<void>;
}

export interface Listening extends Endpoint {
  readonly protocol: Protocol;
}

const connectTimeoutMs = 5_000;

export function createLinks(transports: readonly Transport[], owner: string): Links {
  const listening: Listening[] = [];
  const byIndex = new Map<number, Link>();
  let made = 0;
  const byFlow = new Map<Transport, Map<Flow, Link>>(transports.map((transport) => [transport, new Map()]));

  function link(transport: Transport, at: Endpoint, flow: Flow, remote: Endpoint): Link {
    const known = byFlow.get(transport)?.get(flow);
    if (known !== undefined && !known.broken) return known;
    const { protocol } = transport.manifest;
    const created: Link = { transport, protocol, flow, listening: at, remote, index: made++, broken: false };
    byIndex.set(created.index, created);
    byFlow.get(transport)?.set(flow, created);
    return created;
  }

  async function bind(transport: Transport, host: LinksHost): Promise<void> {
    let at: Endpoint | undefined;
    const bound = await transport.start({
      message: (inbound) => host.message(inbound, link(transport, at ?? inbound.local, inbound.flow, inbound.remote)),
      flowFailed(failure) {
        const failed = byFlow.get(transport)?.get(failure.flow);
        if (failed !== undefined && transport.manifest.framing === 'stream') {
          failed.broken = true;
          byFlow.get(transport)?.delete(failure.flow);
          byIndex.delete(failed.index);
        }
        host.failed?.(failure, failed);
      },
      dropped: (reason, remote) => host.dropped?.(reason, remote),
    });
    at = bound[0];
    for (const endpoint of bound) listening.push({ ...endpoint, protocol: transport.manifest.protocol });
  }

  return {
    listening,
    async start(host) {
      for (const transport of transports) await bind(transport, host);
      return listening;
    },
    byIndex: (index) => byIndex.get(index),
    async open(remote, protocol) {
      const transport = transports.find(({ manifest }) => manifest.protocol === protocol);
      if (transport === undefined)
        throw new Error(`${owner} has no ${protocol} transport to reach ${remote.host}:${remote.port}`);
      const opened = await transport.open({ remote, owner, timeoutMs: connectTimeoutMs });
      const at = listening.find((each) => each.protocol === protocol) ?? opened.local;
      return link(transport, at, opened.flow, opened.remote);
    },
    send: ({ transport, flow }, bytes) => transport.send(flow, bytes),
    async stop() {
      for (const transport of transports) await transport.stop();
    },
  };
}
