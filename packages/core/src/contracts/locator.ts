import type { Endpoint, Protocol } from './transport.ts';

/** A place where a server may be reached. Lower rank is tried first; equal ranks are equivalent. */
export interface RankedEntry extends Endpoint {
  readonly protocol: Protocol;
  readonly rank: number;
  /** The name that led here: TLS identity. */
  readonly name: string;
  /** Absolute instant the answer stops being true; Infinity for literals. */
  readonly validUntilMs: number;
}

export interface LocateRequest {
  readonly host: string;
  readonly port: number | undefined;
  readonly protocol: Protocol;
}

/** Turns a name into ranked entries. It never decides. @source RFC 3263 section 4 */
export interface Locator {
  /** Never empty. @throws TransportError (rejects) `E_TRANSPORT_UNRESOLVED` */
  locate(request: LocateRequest): Promise<readonly RankedEntry[]>;
}
