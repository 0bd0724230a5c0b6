import type { Server, Socket } from 'node:net';
import type { Endpoint, FlowFailureReason, ListenOptions, OpenRequest, TransportManifest } from '@offhook/core';

/** What one stream transport may cost. */
export interface StreamLimits {
  /** Connections peers may have open to us, in all. Default 4,096. */
  readonly maxAccepted: number;
  /** The same per remote host. Default 1,024. */
  readonly maxAcceptedPerHost: number;
  /** Bytes waiting for a peer that does not read; beyond, its connection is reset. Default 1 MiB. */
  readonly maxQueuedBytes: number;
  /** A begun message must be whole, and an accepted connection must have brought its first, after this time. Default 32,000. */
  readonly stallMs: number;
  /** A connection we close has this long to deliver what is queued. Default 1,000. */
  readonly lingerMs: number;
}

export interface StreamTransportOptions {
  /** Where peers may connect to; absent: nobody can. */
  readonly listen?: ListenOptions;
  /** Local address of outgoing connections, an IP literal; absent: the system chooses. */
  readonly localHost?: string;
  /** Local ports of outgoing connections; absent: the system chooses. @source manual, SIP TCP Port Min and Max */
  readonly localPorts?: { readonly min: number; readonly max: number };
  /** True: one connection per remote for all lines. Default false: one per line and leg. */
  readonly shared?: boolean;
  readonly limits?: Partial<StreamLimits>;
}

export const defaultStreamLimits: StreamLimits = {
  maxAccepted: 4_096,
  maxAcceptedPerHost: 1_024,
  maxQueuedBytes: 1_048_576,
  stallMs: 32_000,
  lingerMs: 1_000,
};

export interface DialTarget {
  readonly remote: Endpoint;
  readonly localHost: string | undefined;
  readonly localPort: number | undefined;
  readonly serverName: string | undefined;
  readonly validateName: boolean;
}

/** What ended a connection, or kept it from coming about. */
export interface StreamFailure {
  readonly reason: FlowFailureReason;
  /** For an administrator: what was seen, what was expected, what to do. No secrets. */
  readonly detail: string;
}

/** Where a server hands over who comes in. */
export interface Gate {
  /** A peer has connected. False: it was turned away, and the socket is gone. */
  knock(socket: Socket): boolean;
  /** It may carry SIP: the socket that knocked, or one that stands on it. */
  ready(socket: Socket): void;
}

/** What one kind of stream differs in; everything else is common to all stream transports. */
export interface StreamWiring {
  readonly manifest: TransportManifest;
  /** Event of a dialled socket that says it may carry SIP. */
  readonly readyEvent: string;
  dial(target: DialTarget): Socket;
  /** Last word on a dialled socket before it is used. @throws anything `readFailure` can read when it may not be */
  admit?(socket: Socket, target: DialTarget): void;
  /** Who must answer beyond the address: connections of one owner are the same only where this is. */
  identity?(request: OpenRequest): string;
  /** What has not happened yet on a socket whose time is up. */
  overdue?(socket: Socket): string;
  readFailure(error: unknown): StreamFailure;
  /** A server, not yet listening. */
  serve(gate: Gate): Server;
}
