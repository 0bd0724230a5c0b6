import { hopField, protocolOf } from '../config/hop.ts';
import type { ExtConfig, LineConfig, PhoneConfig } from '../config/line.ts';
import { readAddress } from '../config/network.ts';
import { defaultPort, parseServer, parseServerList, type ServerSpec, type StaticEntry } from '../config/server.ts';
import type { AddressFamily, LocateRequest, Locator, RankedEntry } from '../contracts/locator.ts';
import type { Protocol } from '../contracts/transport.ts';
import { TransportError } from '../errors.ts';
import { applyMethod, familyOf, orderRecords, rankRecords, type ServerRecord } from './rank-records.ts';

/** A server of a line's list, with what it takes to open a flow to it. */
export interface Candidate extends RankedEntry {
  /** Name the server's certificate must carry. */
  readonly serverName: string;
  /** A gateway of the site, below every normal server. */
  readonly survivability: boolean;
}

/** The servers of the primary leg of a line with one registration. */
export interface CandidateList {
  /** In the order they are tried; never empty, no server twice. */
  readonly entries: readonly Candidate[];
  /** When it must be asked for anew; Infinity for literals and static addresses. */
  readonly validUntilMs: number;
  /** There is a better server and a worse one, so a way back can exist. */
  readonly ranked: boolean;
  /** Names without an address: worth asking again before `validUntilMs`. */
  readonly missing: readonly string[];
  /** A static list in the order that was drawn. */
  readonly drawn?: readonly StaticEntry[];
}

/** Families a phone may use, the preferred one first. @source redundancy reference sections 3.9, 5.2 */
export function familiesOf({ ipMode, sipIpPreference }: PhoneConfig): readonly AddressFamily[] {
  if (ipMode !== 'Dual') return [ipMode === 'IPv6 only' ? 'ipv6' : 'ipv4'];
  return sipIpPreference === 'IPv6' ? ['ipv6', 'ipv4'] : ['ipv4', 'ipv6'];
}

const methodOf = (ext: ExtConfig): NonNullable<LocateRequest['method']> =>
  ext.proxyRedundancyMethod === 'Normal' ? 'normal' : 'srv-port';

/** What a server field without a static list asks of a locator. AUTO goes from NAPTR on to SRV by itself. @source redundancy reference section 5.2 */
export function locateRequest(
  { ext, phone }: Pick<LineConfig, 'ext' | 'phone'>,
  { host, port, protocol }: ServerSpec,
): LocateRequest {
  const isAuto = ext.sipTransport === 'AUTO';
  return {
    host,
    port,
    protocol: protocol ?? (isAuto ? 'auto' : protocolOf(ext)),
    srv: ext.useDnsSrv || isAuto,
    autoPrefix: ext.dnsSrvAutoPrefix,
    families: familiesOf(phone),
    method: methodOf(ext),
  };
}

/** Where to look for the entries of a list that say where they are by name alone. */
interface Places {
  readonly locator: Locator;
  readonly families: readonly AddressFamily[];
  readonly protocol: Protocol;
  /** Of entries without one. */
  readonly port: number;
}

/** What was found, and what was not. */
interface Found {
  readonly entries: readonly RankedEntry[];
  readonly missing: readonly string[];
  readonly cause?: unknown;
}

const nothing: Found = { entries: [], missing: [] };

async function recordOf(entry: StaticEntry, { locator, families, protocol, port }: Places): Promise<ServerRecord> {
  const place = { name: entry.host, port: entry.port ?? port, protocol };
  if (entry.addresses.length > 0) return { ...place, addresses: entry.addresses, validUntilMs: Number.POSITIVE_INFINITY };
  const found = await locator.locate({ host: entry.host, port: place.port, protocol, families });
  const validUntilMs = Math.min(...found.map((each) => each.validUntilMs));
  return { ...place, addresses: found.map(({ host }) => host), validUntilMs };
}

async function rankEntries(ordered: readonly StaticEntry[], places: Places): Promise<Found> {
  const results = await Promise.allSettled(ordered.map((entry) => recordOf(entry, places)));
  const records = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const missing = ordered.flatMap(({ host }, i) => (results[i]?.status === 'rejected' ? [host] : []));
  const cause: unknown = results.find((result) => result.status === 'rejected')?.reason;
  return { entries: rankRecords(records, places.families), missing, cause };
}

/** What stands in the field is one server at several addresses. */
const asOneServer = ({ host, port, list }: ServerSpec): StaticEntry => ({
  host,
  port,
  priority: 0,
  weight: 1,
  addresses: list.flatMap(({ addresses }) => addresses),
});

/** A static SRV list takes the place of the DNS answer, and is treated as one. @source redundancy reference section 3.1.1, D-33 */
function drawList(
  { form, list, port }: ServerSpec,
  ext: ExtConfig,
  places: Places,
  random: () => number,
): readonly StaticEntry[] {
  if (form !== 'SRV') return [];
  const ported = list.map((entry) => ({ ...entry, port: entry.port ?? port ?? places.port }));
  return applyMethod(orderRecords(ported, random), methodOf(ext));
}

async function locateServers(line: LineConfig, spec: ServerSpec, locator: Locator): Promise<Found> {
  try {
    return { entries: await locator.locate({ ...locateRequest(line, spec), asker: line.id }), missing: [] };
  } catch (cause) {
    return { entries: [], missing: [spec.host], cause };
  }
}

/** Gateways one after another: as written, unless `p=` says otherwise. @source redundancy reference section 3.1 (Survivability Proxy) */
function tierOf({ ext }: LineConfig): readonly StaticEntry[] {
  const tier = ext.survivabilityProxy === '' ? [] : (parseServerList(ext.survivabilityProxy) ?? []);
  return [...tier].sort((a, b) => a.priority - b.priority);
}

/** One spelling for each address. */
const keyOf = ({ host, port, protocol }: RankedEntry): string =>
  `${readAddress(host)?.join('.') ?? host.toLowerCase()} ${port} ${protocol}`;

function merge(normal: Found, tier: Found, families: readonly AddressFamily[]): readonly Candidate[] {
  const below = Math.max(-1, ...normal.entries.map(({ rank }) => rank)) + 1;
  const all = [
    ...normal.entries.map((entry) => ({ ...entry, serverName: entry.name, survivability: false })),
    ...tier.entries.map((entry) => ({ ...entry, rank: below + entry.rank, serverName: entry.name, survivability: true })),
  ].filter(({ host }) => families.includes(familyOf(host)));
  const first = new Map<string, Candidate>();
  for (const entry of all) if (!first.has(keyOf(entry))) first.set(keyOf(entry), entry);
  return [...first.values()];
}

/**
 * The ranked servers of a line: its static list, or what the locator finds by NAPTR, SRV or address, then the gateways of the site.
 * Survivability Test Mode leaves these alone. `previous`: the list held so far, whose choice among the entries of a static list stays.
 * @throws TransportError (rejects) `E_TRANSPORT_UNRESOLVED` when there is no server at all
 * @source redundancy reference sections 5.2, 3.1.1, 3.9; D-26
 */
export async function candidateList(
  line: LineConfig,
  locator: Locator,
  random: () => number,
  previous?: CandidateList,
): Promise<CandidateList> {
  const { ext, phone } = line;
  const families = familiesOf(phone);
  const spec = parseServer(ext[hopField(ext, 'primary')]);
  const protocol = spec?.protocol ?? protocolOf(ext);
  const places: Places = { locator, families, protocol, port: spec?.port ?? defaultPort(protocol) };
  const gateways = tierOf(line);
  const onlyGateways = phone.survivabilityTestMode && gateways.length > 0;
  const isStatic = spec !== undefined && !onlyGateways && spec.list.length > 0;
  const drawn = isStatic ? (previous?.drawn ?? drawList(spec, ext, places, random)) : [];
  const finding =
    spec === undefined || onlyGateways
      ? nothing
      : isStatic
        ? rankEntries(drawn.length > 0 ? drawn : [asOneServer(spec)], places)
        : locateServers(line, spec, locator);
  const gatewayPlaces = { ...places, protocol: protocolOf(ext), port: defaultPort(protocolOf(ext)) };
  const [normal, tier] = await Promise.all([finding, rankEntries(gateways, gatewayPlaces)]);
  const entries = merge(normal, tier, families);
  if (entries.length === 0) throw unresolved(line, families, normal.cause ?? tier.cause);
  return {
    entries,
    validUntilMs: Math.min(...entries.map(({ validUntilMs }) => validUntilMs)),
    ranked: new Set(entries.map(({ rank }) => rank)).size > 1,
    missing: [...normal.missing, ...tier.missing],
    ...(drawn.length > 0 ? { drawn } : {}),
  };
}

function unresolved({ id, ext }: LineConfig, families: readonly AddressFamily[], cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause;
  const seen = ext[hopField(ext, 'primary')];
  const message = `Line ${id} has no server with an ${families.join(' or ')} address: "${seen}". Correct Proxy, or change IP Mode.`;
  return new TransportError('E_TRANSPORT_UNRESOLVED', message, { cause });
}
