import type { Leg } from '../contracts/decision.ts';
import type { Protocol } from '../contracts/transport.ts';
import type { ExtConfig, LineConfig } from './line.ts';
import { defaultPort, parseServer, type ServerSpec, type StaticEntry } from './server.ts';

/** Where a leg's requests leave to. @source redundancy reference section 2 */
export interface NextHop {
  /** What is located: name or IP literal, no brackets. */
  readonly host: string;
  readonly port: number;
  /** A written port skips NAPTR and SRV. @source RFC 3263 section 4.2 */
  readonly explicitPort: boolean;
  readonly protocol: Protocol;
  /** Name the server's certificate must carry. */
  readonly serverName: string;
  /** It is an outbound proxy, not the registrar itself. */
  readonly outbound: boolean;
}

/** Parameters that say where a line sends, and nothing about who it is. */
export const hopParameters = [
  'proxy',
  'outboundProxy',
  'alternateProxy',
  'alternateOutboundProxy',
  'dualRegistration',
  'sipTransport',
] as const;

type OutboundField = 'outboundProxy' | 'alternateOutboundProxy';
type ProxyField = 'proxy' | 'alternateProxy';

const fields: Readonly<Record<Leg, readonly [OutboundField, ProxyField]>> = {
  primary: ['outboundProxy', 'proxy'],
  alternate: ['alternateOutboundProxy', 'alternateProxy'],
};

/** AUTO without NAPTR is UDP. @source RFC 3263 section 4.1 */
export function protocolOf(ext: ExtConfig): Protocol {
  return ext.sipTransport === 'TLS' ? 'tls' : ext.sipTransport === 'TCP' ? 'tcp' : 'udp';
}

/** The first entry of a static list: lowest priority, then as written. */
function firstOf(list: readonly StaticEntry[]): StaticEntry | undefined {
  return list.reduce<StaticEntry | undefined>(
    (best, entry) => (best === undefined || entry.priority < best.priority ? entry : best),
    undefined,
  );
}

function hopOfSpec(spec: ServerSpec, fallback: Protocol, outbound: boolean): NextHop {
  const entry = firstOf(spec.list);
  const protocol = spec.protocol ?? fallback;
  const port = entry === undefined ? spec.port : (entry.port ?? spec.port);
  return {
    host: entry?.addresses[0] ?? entry?.host ?? spec.host,
    port: port ?? defaultPort(protocol),
    explicitPort: port !== undefined,
    protocol,
    serverName: entry?.host ?? spec.host,
    outbound,
  };
}

/** The field a leg's next hop comes from: its outbound proxy if there is one, else its proxy. */
export function hopField(ext: ExtConfig, leg: Leg): OutboundField | ProxyField {
  const [outbound, proxy] = fields[leg];
  return ext[outbound] === '' ? proxy : outbound;
}

/** Next hop a leg would have, whether or not Dual Registration is on. */
export function configuredHop(ext: ExtConfig, leg: Leg): NextHop | undefined {
  const [outbound, proxy] = fields[leg];
  const through = ext[outbound] !== '';
  const spec = parseServer(through ? ext[outbound] : ext[proxy]);
  return spec === undefined ? undefined : hopOfSpec(spec, protocolOf(ext), through);
}

/**
 * Next hop of a leg: Outbound Proxy if set, else Proxy; for the alternate leg their alternates.
 * Undefined when nothing is configured; the alternate leg has none while Dual Registration is off. A static list gives its first entry.
 * @source redundancy reference section 2; 6.4 invariant 4
 */
export function hopOf(line: LineConfig, leg: Leg): NextHop | undefined {
  return leg === 'alternate' && !line.ext.dualRegistration ? undefined : configuredHop(line.ext, leg);
}

/**
 * Host of Request-URI, To and From, no brackets. The alternate leg uses Alternate Proxy, or Proxy when that is empty;
 * a line with nothing but an outbound proxy uses that. Empty when there is none.
 * @source redundancy reference D-07
 */
export function registrarDomain(line: LineConfig, leg: Leg): string {
  const { proxy, alternateProxy, outboundProxy } = line.ext;
  const own = leg === 'alternate' ? alternateProxy : '';
  return parseServer(own || proxy || outboundProxy)?.host ?? '';
}

/** Whether the line registers at all: Register is Yes and there is a Proxy. @source redundancy reference section 3.1 */
export function registersLine(line: LineConfig): boolean {
  return line.ext.register && line.ext.proxy !== '';
}

/** `host:port;protocol` with an IPv6 literal in brackets, as decisions show a server. */
export function formatHop(hop: Pick<NextHop, 'host' | 'port' | 'protocol'>): string {
  return `${hop.host.includes(':') ? `[${hop.host}]` : hop.host}:${hop.port};${hop.protocol}`;
}
