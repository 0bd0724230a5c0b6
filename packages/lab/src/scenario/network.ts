import {
  isIpLiteral,
  type LineConfig,
  type Protocol,
  parseServer,
  parseServerList,
  type ServerSpec,
  type StaticEntry,
} from '@offhook/core';
import type { DnsRecord } from '@offhook/plugin-dns-srv';
import type { Scenario } from './schema.ts';
import { changedLines, isSet } from './set-step.ts';

/** A server of a drill: one host with everything the configuration reaches there. */
export interface ScriptedServer {
  /** `S1` … in the order of the configuration, or as the script names it. */
  readonly name: string;
  /** As the configuration writes it. */
  readonly host: string;
  /** Where it is on the wire. */
  readonly address: string;
  readonly ports: readonly { readonly port: number; readonly protocols: readonly Protocol[] }[];
}

/** Everything that has an address in a drill, and who finds it. */
export interface Network {
  readonly servers: readonly ScriptedServer[];
  readonly phone: string;
  /** Hosts that registrars answer for. */
  readonly domains: readonly string[];
  /** What the name server knows at first: the zone of the script, and a place for every other name. */
  readonly records: readonly DnsRecord[];
  /** The server of a name in the script; the host itself is one too. */
  find(name: string): ScriptedServer | undefined;
  nameOf(address: string): string | undefined;
}

interface Reached {
  readonly host: string;
  readonly port: number;
  /** Streams are TLS there; one port takes no other beside it. */
  readonly tls: boolean;
}

/** Names that no zone mentions are true for as long as any drill lasts. */
const foreverS = 31_536_000;

const defaultPort = (tls: boolean): number => (tls ? 5_061 : 5_060);
const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '');

type Listed = Pick<StaticEntry, 'host' | 'port' | 'addresses'>;

/** A static list by its addresses, where it has them. */
const listed = (list: readonly Listed[], fallback: number, tls: boolean): readonly Reached[] =>
  list.flatMap(({ host, port, addresses }) =>
    (addresses.length > 0 ? addresses : [host]).map((each) => ({ host: each, port: port ?? fallback, tls })),
  );

function reachedBy(spec: ServerSpec, isTls: boolean): readonly Reached[] {
  const tls = spec.protocol === undefined ? isTls : spec.protocol === 'tls';
  const port = spec.port ?? defaultPort(tls);
  return spec.list.length > 0 ? listed(spec.list, port, tls) : [{ host: spec.host, port, tls }];
}

/** Every server of a line: first the one it tries first. */
function serversOf({ ext }: LineConfig): readonly Reached[] {
  const tls = ext.sipTransport === 'TLS';
  const first = [ext.outboundProxy || ext.proxy, ext.alternateOutboundProxy || ext.alternateProxy];
  const fields = [...first, ext.proxy, ext.alternateProxy].map(parseServer);
  const gateways = ext.survivabilityProxy === '' ? [] : (parseServerList(ext.survivabilityProxy) ?? []);
  return [
    ...fields.flatMap((spec) => (spec === undefined ? [] : reachedBy(spec, tls))),
    ...listed(gateways, defaultPort(tls), tls),
  ];
}

/** Every address of a zone, at the ports that its SRV records name; without one at the usual port. */
function zonePlaces(zone: readonly DnsRecord[], isTls: boolean): readonly Reached[] {
  const ports = new Map<string, Omit<Reached, 'host'>[]>();
  for (const each of zone) {
    if (each.type !== 'SRV') continue;
    const own = { port: each.port, tls: canonical(each.name).startsWith('_sips.') };
    ports.set(canonical(each.target), [...(ports.get(canonical(each.target)) ?? []), own]);
  }
  return zone.flatMap((each) =>
    each.type === 'A' || each.type === 'AAAA'
      ? (ports.get(canonical(each.name)) ?? [{ port: defaultPort(isTls), tls: isTls }]).map((own) => ({
          host: each.address,
          ...own,
        }))
      : [],
  );
}

/** Names that the zone leads somewhere; `_sip._udp.` and the like lead the name behind them. */
const ledBy = (zone: readonly DnsRecord[]): ReadonlySet<string> =>
  new Set(zone.flatMap(({ name }) => [canonical(name), canonical(name).replace(/^(_[^.]+\.)+/, '')]));

/** Free addresses of 10.0.0.0/24; the phone has the ninth, unless somebody else does. */
function createAddresses(used: readonly string[]) {
  const phone = used.includes('10.0.0.9') ? '10.99.9.9' : '10.0.0.9';
  const taken = new Set([...used, phone]);
  return {
    phone,
    next(): string {
      let host = 1;
      while (taken.has(`10.0.0.${host}`)) host++;
      taken.add(`10.0.0.${host}`);
      return `10.0.0.${host}`;
    },
  };
}

/** Everything that is reached, with its ports, in the order it was first named. */
function createPlaces() {
  const places = new Map<string, Map<number, boolean>>();
  return {
    hosts: () => [...places.keys()],
    add({ host, port, tls }: Reached): void {
      const ports = places.get(host) ?? new Map<number, boolean>();
      ports.set(port, tls || ports.get(port) === true);
      places.set(host, ports);
    },
    portsOf: (host: string): ScriptedServer['ports'] =>
      [...(places.get(host) ?? [])].map(([port, tls]) => ({ port, protocols: tls ? ['udp', 'tls'] : ['udp', 'tcp'] })),
  };
}

/** Thousands of lines share a few servers: each combination once. */
function distinct(lines: readonly LineConfig[]): readonly LineConfig[] {
  const found = new Map<string, LineConfig>();
  for (const line of lines) {
    const { outboundProxy, proxy, alternateOutboundProxy, alternateProxy, survivabilityProxy, sipTransport } = line.ext;
    const key = [outboundProxy, proxy, alternateOutboundProxy, alternateProxy, survivabilityProxy, sipTransport].join('|');
    if (!found.has(key)) found.set(key, line);
  }
  return [...found.values()];
}

/** Lines as they are at first, and as each step that sets something makes them. */
function everSet(lines: readonly LineConfig[], steps: Scenario['steps']): readonly LineConfig[] {
  const stages = [lines];
  for (const step of steps) if (isSet(step)) stages.push(changedLines(stages.at(-1) ?? [], step));
  return stages.flatMap(distinct);
}

/** Gives every server that the lines ever have a place on a virtual network. */
export function layNetwork(
  all: readonly LineConfig[],
  { servers: named, zone, steps }: Pick<Scenario, 'servers' | 'zone' | 'steps'>,
): Network {
  const lines = everSet(all, steps);
  const isTls = lines.some(({ ext }) => ext.sipTransport === 'TLS');
  const places = createPlaces();
  const written = new Map<string, string>();
  for (const [name, entry] of Object.entries(named)) {
    const address = typeof entry === 'string' ? entry : entry.at;
    const spec = parseServer(address);
    const [first = { host: address, port: defaultPort(isTls), tls: isTls }] = spec === undefined ? [] : reachedBy(spec, isTls);
    written.set(first.host, name);
    places.add(first);
  }
  for (const each of [...lines.flatMap(serversOf), ...zonePlaces(zone, isTls)]) places.add(each);
  const led = ledBy(zone);
  const addresses = createAddresses(places.hosts().filter(isIpLiteral));
  const given: DnsRecord[] = [];
  const servers: ScriptedServer[] = [];
  for (const host of places.hosts()) {
    // A name that the zone leads somewhere is no server: its addresses are.
    if (led.has(canonical(host)) && !written.has(host)) continue;
    const address = isIpLiteral(host) ? host : addresses.next();
    if (address !== host) given.push({ type: 'A', name: host, ttlS: foreverS, address });
    servers.push({ name: written.get(host) ?? `S${servers.length + 1}`, host, address, ports: places.portsOf(host) });
  }
  const heads = lines.flatMap(({ ext }) =>
    [ext.proxy, ext.alternateProxy, ext.outboundProxy, ext.alternateOutboundProxy].map((field) => parseServer(field)?.host ?? ''),
  );
  const domains = new Set([...heads, ...places.hosts(), ...servers.map(({ address }) => address)]);
  domains.delete('');
  return {
    servers,
    phone: addresses.phone,
    domains: [...domains],
    records: [...zone, ...given],
    find: (name) =>
      servers.find((each) => each.name === name) ?? servers.find(({ host, address }) => [host, address].includes(name)),
    nameOf: (address) => servers.find((each) => each.address === address)?.name,
  };
}
