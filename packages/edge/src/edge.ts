import {
  type Ambient,
  type Bus,
  type BusMessage,
  checkJson,
  type DropReason,
  type Endpoint,
  encodeJson,
  type Flow,
  type FlowEnvelope,
  formatEndpoint,
  type LineKey,
  type LocateRequest,
  type Locator,
  type OpenEnvelope,
  type OpenFlow,
  type OpenReply,
  openEnvelopeSchema,
  type Protocol,
  randomToken,
  readLineKey,
  type Subjects,
  type Subscription,
  type Transport,
  type TransportHost,
} from '@offhook/core';
import { type Counters, createCounters, type EdgeStats } from './counters.ts';
import { FlowTable } from './flows.ts';
import { InboundPath } from './inbound.ts';
import { defaultEdgeLimits, type EdgeLimits } from './limits.ts';
import { nameFlow, openFirst, readFailure, readFlow } from './open-flow.ts';
import { KnownServers } from './servers.ts';

export interface EdgeOptions {
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** Token of the bus subjects `edge.<name>.…`. */
  readonly name: string;
  /** In order of preference among those of one protocol. */
  readonly transports: readonly Transport[];
  readonly locator: Locator;
  readonly limits?: Partial<EdgeLimits>;
  /** Servers of the configuration: no strangers, even before a line has opened a flow to them. */
  readonly servers?: readonly LocateRequest[];
  /** IP addresses and networks that are no strangers either. */
  readonly trusted?: readonly string[];
  /** In a cluster: what it refuses is dropped, and an `open` is answered with a failure. Without it every message counts. */
  readonly fence?: Fence;
}

export interface ListenAddress extends Endpoint {
  readonly protocol: Protocol;
}

/** Tells the owner of a line from those that were. @source design: takeover */
export interface Fence {
  /** @param epoch header of the message: which ownership of the line it claims */
  admits(line: LineKey, epoch: string | undefined): boolean;
}

/** Owns the sockets: joins transports to the bus. */
export interface Edge {
  /** Starts every transport, or none. @throws TransportError (rejects) of the first that fails */
  start(): Promise<readonly ListenAddress[]>;
  /** Idempotent. Nothing is answered or reported afterwards. */
  stop(): Promise<void>;
  stats(): EdgeStats;
  /** Flows that lines hold now. */
  flows(): number;
  /** Legs that hold them: many share one flow for datagrams. */
  holders(): number;
  /** Another configuration: these servers, and these trusted hosts where they are said, are no strangers from now on; no others are. */
  know(servers: readonly LocateRequest[], trusted?: readonly string[]): void;
}

/** An edge between the network and the lines on the bus. @source design section 4 */
export function createEdge(options: EdgeOptions): Edge {
  return new BusEdge(options);
}

const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };
const wildcards = new Set(['0.0.0.0', '::']);
const dropCounters = {
  oversize: 'transportOversize',
  framing: 'transportFraming',
  stalled: 'transportStalled',
  empty: 'transportEmpty',
  keepalive: 'transportKeepalive',
  limit: 'transportLimit',
} as const satisfies Record<DropReason, keyof EdgeStats>;

const stale: OpenReply = { ok: false, reason: 'rejected', detail: 'another host owns this line now' };

const startsWith = (bytes: Uint8Array, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
};

class BusEdge implements Edge {
  readonly #options: EdgeOptions;
  readonly #counters: Counters = createCounters();
  readonly #flows = new FlowTable();
  readonly #servers: KnownServers;
  readonly #inbound: InboundPath;
  /** Addresses each transport listens on, by its place. */
  #listening: (readonly Endpoint[])[] = [];
  #subscriptions: Subscription[] = [];

  constructor(options: EdgeOptions) {
    this.#options = options;
    const { ambient, bus, subjects, transports, locator } = options;
    this.#servers = new KnownServers(ambient, locator, options.trusted ?? []);
    this.#inbound = new InboundPath({
      ambient,
      bus,
      subjects,
      limits: { ...defaultEdgeLimits, ...options.limits },
      counters: this.#counters,
      flows: this.#flows,
      servers: this.#servers,
      salt: randomToken(ambient, 60),
      reply: (inbound, bytes) => {
        const known = readFlow(inbound.flow);
        if (known !== undefined) transports[known.port]?.send(known.flow, bytes);
      },
      hangUp: (inbound) => {
        const known = readFlow(inbound.flow);
        if (known !== undefined) transports[known.port]?.close(known.flow);
      },
    });
  }

  async start(): Promise<readonly ListenAddress[]> {
    const { bus, subjects, name, transports, servers = [] } = this.#options;
    this.#servers.know(servers);
    try {
      for (const [port, transport] of transports.entries())
        this.#listening[port] = await transport.start(this.#hostOf(port, transport));
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#subscriptions = [
      bus.subscribe(subjects.edge(name, 'open'), (message) => void this.#open(message)),
      bus.subscribe(subjects.edge(name, 'send'), (message) => this.#send(message)),
      bus.subscribe(subjects.edge(name, 'close'), (message) => this.#close(message)),
      bus.subscribe(subjects.edge(name, 'stats'), (message) => message.respond(encodeJson(this.stats()))),
    ];
    return this.#listening.flatMap((addresses, port) =>
      addresses.map((at) => ({ ...at, protocol: (transports[port] as Transport).manifest.protocol })),
    );
  }

  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
    this.#servers.know([]);
    await Promise.all(this.#options.transports.map((transport) => transport.stop()));
  }

  know(servers: readonly LocateRequest[], trusted?: readonly string[]): void {
    this.#servers.know(servers);
    if (trusted !== undefined) this.#servers.trust(trusted);
  }

  stats(): EdgeStats {
    return { ...this.#counters };
  }

  flows(): number {
    return this.#flows.held;
  }

  holders(): number {
    return this.#flows.holders;
  }

  #hostOf(port: number, { manifest }: Transport): TransportHost {
    return {
      message: ({ bytes, flow, local, remote, atMs }) =>
        this.#inbound.take({ bytes, flow: nameFlow(port, flow), local, remote, atMs }, manifest.protocol),
      flowFailed: (failure) => {
        const flow = nameFlow(port, failure.flow);
        this.#counters.flowFailures++;
        for (const line of this.#flows.failed(flow)) this.#tell(line, { ...failure, flow });
      },
      dropped: (reason) => {
        this.#counters[dropCounters[reason]]++;
      },
    };
  }

  #tell(line: LineKey, failure: FlowEnvelope): void {
    const { ambient, bus, subjects } = this.#options;
    try {
      bus.publish(subjects.line(line, 'flow'), encodeJson(failure));
    } catch (error) {
      ambient.log.error('a flow failure could not be told', { line, error });
    }
  }

  /** Counts what the fence refuses; a message that names no line claims none. */
  #isStale(line: LineKey | undefined, { headers }: BusMessage): boolean {
    const { fence } = this.#options;
    if (fence === undefined || (line !== undefined && fence.admits(line, headers.epoch))) return false;
    this.#counters.droppedStale++;
    return true;
  }

  async #open(message: BusMessage): Promise<void> {
    let reply: OpenReply;
    try {
      const asked = checkJson(openEnvelopeSchema, message.payload);
      if ('faults' in asked) reply = { ok: false, reason: 'error', detail: asked.faults };
      else reply = this.#isStale(asked.value.line, message) ? stale : await this.#openFor(asked.value);
    } catch (error) {
      reply = readFailure(error);
    }
    this.#counters[reply.ok ? 'opened' : 'openFailures']++;
    try {
      message.respond(encodeJson(reply));
    } catch (error) {
      this.#options.ambient.log.error('an open could not be answered', { error });
    }
  }

  async #openFor(envelope: OpenEnvelope): Promise<OpenReply> {
    const { ambient, transports, locator } = this.#options;
    const opening = await openFirst(envelope, { transports, listening: this.#listening, locator, ambient });
    if (!opening.ok) return opening;
    const { port, open, hosts } = opening;
    const { reliable } = (transports[port] as Transport).manifest;
    const flow = nameFlow(port, open.flow);
    this.#flows.opened(flow, reliable, hosts, envelope.line, envelope.leg);
    const reached = formatEndpoint(this.#reachedAt(port, open));
    return {
      ok: true,
      flow,
      protocol: open.protocol,
      reliable,
      local: open.local,
      remote: open.remote,
      viaSentBy: reached,
      contactHostPort: reached,
    };
  }

  /**
   * Where peers reach this edge in answer to that flow: its own address; the listening port where the flow's own port accepts nothing.
   * Without a listener the flow itself is the only way, and servers reuse it.
   * @source RFC 3261 sections 18.1.1, 18.2.2, RFC 5923
   */
  #reachedAt(port: number, { local }: OpenFlow): Endpoint {
    const listener = this.#listening[port]?.find(({ host }) => host === local.host || wildcards.has(host));
    return listener === undefined ? local : { host: local.host, port: listener.port };
  }

  #send(message: BusMessage): void {
    const { headers, payload } = message;
    const { ambient, transports } = this.#options;
    const line = readLineKey(headers.line);
    if (this.#isStale(line, message)) return;
    const known = readFlow(headers.flow);
    const transport = known === undefined ? undefined : transports[known.port];
    const fail = (reason: FlowEnvelope['reason'], detail: string): void => {
      this.#counters.droppedSends++;
      if (line !== undefined)
        this.#tell(line, { flow: (headers.flow ?? '') as Flow, remote: nowhere, reason, detail, atMs: ambient.now() });
    };
    if (known === undefined || transport === undefined) return fail('closed', 'this edge has no such flow');
    const { maxBytes, protocol, reliable } = transport.manifest;
    if (payload.length > maxBytes)
      return fail('rejected', `${protocol} carries at most ${maxBytes} bytes, not ${payload.length}`);
    if (line !== undefined) {
      const awaitsResponse = !startsWith(payload, 'SIP/') && !startsWith(payload, 'ACK ');
      this.#flows.sent(known.name, reliable, line, awaitsResponse);
    }
    this.#counters.sent++;
    transport.send(known.flow, payload);
  }

  #close(message: BusMessage): void {
    const { headers } = message;
    const line = readLineKey(headers.line);
    const known = readFlow(headers.flow);
    if (line === undefined || known === undefined || this.#isStale(line, message)) return;
    if (this.#flows.released(known.name, line, headers.leg)) this.#options.transports[known.port]?.close(known.flow);
  }
}
