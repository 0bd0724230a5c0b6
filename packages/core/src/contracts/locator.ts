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

export type AddressFamily = 'ipv4' | 'ipv6';

export interface LocateRequest {
  readonly host: string;
  readonly port: number | undefined;
  /** `auto`: NAPTR chooses. */
  readonly protocol: Protocol | 'auto';
  /** SRV records are asked for; without it addresses only. A port or a literal skips them. @source RFC 3263 section 4.2 */
  readonly srv?: boolean;
  /** Puts `_sip._udp.`, `_sip._tcp.` or `_sips._tcp.` before the name. @source manual: DNS SRV Auto Prefix */
  readonly autoPrefix?: boolean;
  /** Families wanted, the preferred one first; both, IPv4 first, unless told. @source redundancy reference section 5.2 */
  readonly families?: readonly AddressFamily[];
  /** How an SRV answer becomes a list. @source redundancy reference D-16 */
  readonly method?: 'normal' | 'srv-port';
  /** Each asker has a choice by weight of its own, so that lines spread over servers. @source redundancy reference D-26, D-31 */
  readonly asker?: string;
}

/** Turns a name into ranked entries. It never decides. @source RFC 3263 section 4 */
export interface Locator {
  /** In the order they are to be tried; never empty. @throws TransportError (rejects) `E_TRANSPORT_UNRESOLVED` */
  locate(request: LocateRequest): Promise<readonly RankedEntry[]>;
}
