import type { Finding } from '../config/finding.ts';
import type { BusHeaders, BusMessage } from '../contracts/bus.ts';
import type { Leg } from '../contracts/decision.ts';
import { asFlow, type Endpoint, type Flow, type FlowFailure, type Inbound, type Protocol } from '../contracts/transport.ts';
import type { LineKey } from '../line-key.ts';

/** What travels on the bus beside the bytes. SIP goes as payload + headers, everything else as JSON. */

/** A value whose JSON its owner has written already, because it is so frequent that `JSON.stringify` would cost too much. */
export class WrittenJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What JSON has no word for (undefined, a function) travels as null. */
export const encodeJson = (value: unknown): Uint8Array =>
  Buffer.from(value instanceof WrittenJson ? value.text : (JSON.stringify(value) ?? 'null'));
/** @throws SyntaxError when the payload is not JSON */
export const decodeJson = <T>(payload: Uint8Array): T => JSON.parse(viewOf(payload).toString()) as T;
const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);

/** `1.2.3.4:5060`, `[::1]:5060`. */
export const formatEndpoint = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Inverse of `formatEndpoint`; undefined when the text is not one. */
export function readEndpoint(value: string | undefined): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value ?? '');
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** Headers of `line.<slot>.<key>.sip`. */
export function encodeInbound(inbound: Inbound, protocol: Protocol): BusHeaders {
  return {
    flow: inbound.flow,
    protocol,
    local: formatEndpoint(inbound.local),
    remote: formatEndpoint(inbound.remote),
    at: String(inbound.atMs),
  };
}

/** An inbound SIP message as a line sees it. */
export interface LineInbound extends Inbound {
  readonly protocol: Protocol;
}

const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };

/** Most messages are answers: where they came from is read only when somebody asks. */
class LazyInbound implements LineInbound {
  readonly bytes: Uint8Array;
  readonly flow: Flow;
  readonly protocol: Protocol;
  readonly #headers: BusHeaders;

  constructor({ payload, headers }: BusMessage) {
    this.bytes = payload;
    this.flow = asFlow(headers.flow ?? '');
    this.protocol = (headers.protocol ?? 'udp') as Protocol;
    this.#headers = headers;
  }

  get local(): Endpoint {
    return readEndpoint(this.#headers.local) ?? nowhere;
  }

  get remote(): Endpoint {
    return readEndpoint(this.#headers.remote) ?? nowhere;
  }

  get atMs(): number {
    return Number(this.#headers.at ?? 0);
  }
}

export const decodeInbound = (message: BusMessage): LineInbound => new LazyInbound(message);

/** Headers of `edge.<edge>.send`: the flow to use and the line that hears of its failure. */
export const encodeSend = (flow: Flow, line: LineKey): BusHeaders => ({ flow, line });

/** Headers of `edge.<edge>.close`: this leg of the line needs the flow no more; the edge closes it when nobody does. */
export const encodeClose = (flow: Flow, line: LineKey, leg: Leg): BusHeaders => ({ flow, line, leg });

/** Where a flow shall lead. */
export interface OpenTarget {
  readonly host: string;
  readonly port?: number;
  readonly protocol: Protocol;
  /** Name the server's certificate must carry, where it is another than `host` (TLS). */
  readonly serverName?: string;
  /** False: any name will do (TLS). */
  readonly validateName?: boolean;
}

/** `edge.<edge>.open`: a leg asks for a flow before it sends anything. `target.host` may be a name: the edge locates it. */
export interface OpenEnvelope {
  readonly target: OpenTarget;
  readonly line: LineKey;
  readonly leg: Leg;
  readonly timeoutMs: number;
}

export type OpenReply =
  | {
      readonly ok: true;
      readonly flow: Flow;
      readonly protocol: Protocol;
      readonly reliable: boolean;
      readonly local: Endpoint;
      readonly remote: Endpoint;
      /** host:port for Via. */
      readonly viaSentBy: string;
      /** host:port for Contact: where inbound requests reach this edge. */
      readonly contactHostPort: string;
    }
  | { readonly ok: false; readonly reason: FlowFailure['reason'] | 'unresolved'; readonly detail: string };

/** Payload of `line.<slot>.<key>.flow`. */
export type FlowEnvelope = FlowFailure;

/** Payload of `directory` and its answer. */
export interface DirectoryQuery {
  readonly user: string;
}
/** Every line of that user, whichever host runs it, in the order of the configuration. */
export interface DirectoryAnswer {
  readonly keys: readonly LineKey[];
}

/** Payload of `line.<slot>.<key>.cmd` and `control`. */
export interface CommandEnvelope {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
}
export type CommandReply =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly findings?: readonly Finding[] };
