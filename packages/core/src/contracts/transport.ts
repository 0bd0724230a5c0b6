import type { Ambient } from '../ambient.ts';
import type { PluginManifest } from './manifest.ts';

/** SIP's transport names in the form configuration and logs use. */
export type Protocol = 'udp' | 'tcp' | 'tls';

/** An address on the network: `host` is an IP literal without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Names one 4-tuple (UDP) or one connection (TCP, TLS) of one edge. */
export type Flow = string & { readonly __flow: unique symbol };
export const asFlow = (name: string): Flow => name as Flow;

/** An open flow and its two ends. */
export interface OpenFlow {
  readonly flow: Flow;
  readonly protocol: Protocol;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface OpenRequest {
  readonly remote: Endpoint;
  /** Stream transports keep one connection per owner (a line's leg); datagram transports share the 4-tuple. */
  readonly owner: string;
  /** Connection attempts end after this time. */
  readonly timeoutMs: number;
  /** Name or address the server's certificate must carry (TLS); default: the remote's address. */
  readonly serverName?: string;
  /** False: the certificate may carry any name, its chain is verified all the same (TLS). Default true. */
  readonly validateName?: boolean;
}

/** Bytes of exactly one message (streams are framed by the transport). */
export interface Inbound {
  readonly bytes: Uint8Array;
  readonly flow: Flow;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly atMs: number;
}

export type FlowFailureReason =
  | 'refused' // ICMP port unreachable, TCP RST to our SYN
  | 'unreachable' // ICMP host or network unreachable, no route
  | 'timeout' // connect took too long
  | 'closed' // the peer closed the stream
  | 'reset' // the peer reset the stream
  | 'rejected' // our own check failed: TLS name, framing, limits
  | 'error';

export interface FlowFailure {
  readonly flow: Flow;
  readonly remote: Endpoint;
  readonly reason: FlowFailureReason;
  /** One readable sentence, no secrets. */
  readonly detail: string;
  readonly atMs: number;
}

/** What a transport reports. Called from the event loop, never inside a call into the transport. */
export interface TransportHost {
  message(inbound: Inbound): void;
  /**
   * Streams: the flow is gone. Datagrams (`refused`, `unreachable`): the error names no datagram, the flow itself stays usable.
   * `rejected` in answer to a message above `maxBytes` concerns that message alone.
   * @source RFC 3261 section 18.4; design decision D-18
   */
  flowFailed(failure: FlowFailure): void;
  /** Something dropped before it became a message: counted by the edge. */
  dropped(reason: DropReason, remote: Endpoint): void;
}

/** Why a transport handed nothing on. */
export type DropReason =
  | 'oversize'
  | 'framing' // a stream that is no SIP
  | 'stalled' // a message, a handshake or the first word of a connection that was not whole in time
  | 'keepalive'
  | 'empty'
  | 'limit'; // a connection turned away because too many stand

export interface TransportManifest extends PluginManifest {
  readonly kind: 'transport';
  readonly protocol: Protocol;
  /** True: retransmission is the transport's own work. */
  readonly reliable: boolean;
  /** `datagram`: one message each. `stream`: framed by Content-Length on bytes. */
  readonly framing: 'datagram' | 'stream';
  /** Largest message it carries, bytes. */
  readonly maxBytes: number;
}

/** One local address to serve. Port 0: chosen by the system. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

export interface Transport {
  readonly manifest: TransportManifest;
  /** Binds. @throws TransportError (rejects) `E_TRANSPORT_IN_USE`, `E_TRANSPORT_BIND` */
  start(host: TransportHost): Promise<readonly Endpoint[]>;
  /**
   * Makes or finds the flow to a next hop.
   * @throws TransportError (rejects) `E_TRANSPORT_REFUSED`, `E_TRANSPORT_UNREACHABLE`, `E_TRANSPORT_TIMEOUT`, `E_TRANSPORT_REJECTED`, `E_TRANSPORT_CLOSED`
   */
  open(request: OpenRequest): Promise<OpenFlow>;
  /** Sends one whole message; a failure comes back through `flowFailed`. An unknown flow fails as `closed`. */
  send(flow: Flow, bytes: Uint8Array): void;
  /** Closes a stream; datagram flows are forgotten. Unknown flows are ignored. */
  close(flow: Flow): void;
  /** Idempotent; nothing is reported afterwards. */
  stop(): Promise<void>;
}

/** The one thing a transport plugin exports beside its manifest. */
export type TransportFactory<Options = ListenOptions> = (options: Options, ambient: Ambient) => Transport;
