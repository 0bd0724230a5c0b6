import type { Server, Socket } from 'node:net';
import {
  type Ambient,
  asFlow,
  type Endpoint,
  type Flow,
  type FlowFailureReason,
  formatEndpoint,
  type OpenFlow,
  type OpenRequest,
  randomToken,
  type Transport,
  TransportError,
  type TransportHost,
} from '@offhook/core';
import { Admission } from './admission.ts';
import { Connection } from './connection.ts';
import { type Dial, dial } from './dial.ts';
import { listenError } from './errno.ts';
import { createLocalPorts, type LocalPorts } from './local-ports.ts';
import { defaultStreamLimits, type StreamLimits, type StreamTransportOptions, type StreamWiring } from './stream-options.ts';

const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };

/** SIP over streams, whatever they are made of: connections per owner, framing, limits and failures are the same for all. */
export class StreamTransport implements Transport {
  readonly manifest;
  readonly #wiring: StreamWiring;
  readonly #options: StreamTransportOptions;
  readonly #limits: StreamLimits;
  readonly #ambient: Ambient;
  readonly #ports: LocalPorts;
  readonly #connections = new Map<Flow, { readonly connection: Connection; readonly remote: Endpoint }>();
  /** Every connection whose socket the system still holds, the ended ones too. */
  readonly #lingering = new Set<Connection>();
  readonly #owned = new Map<string, Promise<OpenFlow>>();
  readonly #dials = new Set<Dial>();
  /** Makes flow names unique beyond this process: a name of an earlier one must not match. */
  readonly #token: string;
  #opened = 0;
  #host: TransportHost | undefined;
  #server: Server | undefined;
  #admission: Admission | undefined;

  constructor(wiring: StreamWiring, options: StreamTransportOptions, ambient: Ambient) {
    this.manifest = wiring.manifest;
    this.#wiring = wiring;
    this.#options = options;
    this.#limits = { ...defaultStreamLimits, ...options.limits };
    this.#ambient = ambient;
    this.#ports = createLocalPorts(options.localPorts);
    this.#token = randomToken(ambient, 40);
  }

  async start(host: TransportHost): Promise<readonly Endpoint[]> {
    const { protocol } = this.manifest;
    if (this.#host !== undefined) throw new TransportError('E_TRANSPORT_IN_USE', `the ${protocol} transport is started already`);
    const { listen } = this.#options;
    this.#host = host;
    if (listen === undefined) return [];
    const admission = new Admission(this.#limits, this.#ambient, {
      accepted: (socket, remote) => void this.#adopt(socket, remote, true, () => {}),
      dropped: (reason, remote) => this.#host?.dropped(reason, remote),
    });
    const server = this.#wiring.serve(admission);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: listen.host, port: listen.port, ipv6Only: true, exclusive: true }, resolve);
      });
    } catch (cause) {
      this.#host = undefined;
      throw listenError(cause, listen, protocol);
    }
    server.removeAllListeners('error');
    server.on('error', (error) => this.#ambient.log.warn('stream server error', { protocol, error }));
    this.#server = server;
    this.#admission = admission;
    const { address, port } = server.address() as { address: string; port: number };
    return [{ host: address, port }];
  }

  open(request: OpenRequest): Promise<OpenFlow> {
    if (this.#host === undefined) {
      return Promise.reject(new TransportError('E_TRANSPORT_CLOSED', `the ${this.manifest.protocol} transport is not started`));
    }
    const where = formatEndpoint(request.remote);
    const peer = `${where} ${this.#wiring.identity?.(request) ?? ''}`;
    const owner = this.#options.shared === true ? peer : `${request.owner} ${peer}`;
    const known = this.#owned.get(owner);
    if (known !== undefined) return known;
    const opening = this.#connect(owner, request);
    this.#owned.set(owner, opening);
    opening.catch(() => this.#owned.delete(owner));
    return opening;
  }

  async #connect(owner: string, request: OpenRequest): Promise<OpenFlow> {
    const { protocol } = this.manifest;
    const { remote } = request;
    const attempt = dial(
      { wiring: this.#wiring, ambient: this.#ambient, ports: this.#ports, localHost: this.#options.localHost },
      request,
    );
    this.#dials.add(attempt);
    try {
      const { socket, localPort } = await attempt.socket;
      const reached = { host: socket.remoteAddress ?? remote.host, port: remote.port };
      const open = this.#adopt(socket, reached, false, () => this.#owned.delete(owner));
      void open.connection.gone.then(() => this.#ports.release(remote, localPort));
      // Stopped between the last byte of the handshake and now.
      if (this.#host === undefined) {
        await open.connection.close();
        throw new TransportError('E_TRANSPORT_CLOSED', `the ${protocol} transport was stopped meanwhile`);
      }
      return { flow: open.flow, protocol, local: open.local, remote: reached };
    } finally {
      this.#dials.delete(attempt);
    }
  }

  #adopt(socket: Socket, remote: Endpoint, accepted: boolean, ended: () => void) {
    const local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    const flow = asFlow(
      `${this.manifest.protocol}:${formatEndpoint(local)}>${formatEndpoint(remote)}#${this.#token}${++this.#opened}`,
    );
    const connection = new Connection(socket, {
      ambient: this.#ambient,
      limits: this.#limits,
      maxBytes: this.manifest.maxBytes,
      accepted,
      readFailure: this.#wiring.readFailure,
      events: {
        message: (bytes) => this.#host?.message({ bytes, flow, local, remote, atMs: this.#ambient.now() }),
        dropped: (reason) => this.#host?.dropped(reason, remote),
        ended: () => {
          this.#connections.delete(flow);
          ended();
        },
        lost: (reason, detail) => this.#fail(flow, remote, reason, detail),
      },
    });
    this.#connections.set(flow, { connection, remote });
    this.#lingering.add(connection);
    void connection.gone.then(() => this.#lingering.delete(connection));
    return { connection, flow, local };
  }

  send(flow: Flow, bytes: Uint8Array): void {
    const known = this.#connections.get(flow);
    const { maxBytes } = this.manifest;
    if (known === undefined) this.#fail(flow, nowhere, 'closed', 'no such connection, or it ended before');
    else if (bytes.length <= maxBytes) known.connection.send(bytes);
    else this.#fail(flow, known.remote, 'rejected', `a message may have at most ${maxBytes} bytes, not ${bytes.length}`);
  }

  close(flow: Flow): void {
    void this.#connections.get(flow)?.connection.close();
  }

  async stop(): Promise<void> {
    this.#host = undefined;
    const server = this.#server;
    this.#server = undefined;
    const stopped = new TransportError('E_TRANSPORT_CLOSED', `the ${this.manifest.protocol} transport was stopped`);
    for (const attempt of this.#dials) attempt.cancel(stopped);
    this.#admission?.close();
    const closed = server === undefined ? undefined : new Promise((resolve) => server.close(resolve));
    await Promise.all([...this.#lingering].map((connection) => connection.close()));
    await closed;
  }

  /** Reports later: it may have happened inside a call into this transport. */
  #fail(flow: Flow, remote: Endpoint, reason: FlowFailureReason, detail: string): void {
    const where = `${this.manifest.protocol.toUpperCase()} ${formatEndpoint(remote)}`;
    const failure = {
      flow,
      remote,
      reason,
      detail: remote === nowhere ? detail : `${where}: ${detail}`,
      atMs: this.#ambient.now(),
    };
    this.#ambient.defer(() => this.#host?.flowFailed(failure));
  }
}
