import type { Protocol } from '../contracts/transport.ts';

/**
 * Reads the server fields of the configuration: `host[:port][;transport]` and the static lists inside Proxy and Outbound Proxy.
 * @source redundancy reference sections 3.1, 3.1.1; D-33
 */
export interface ServerAddress {
  /** Name or IP literal without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Given with the address; otherwise SIP Transport decides. */
  readonly protocol: Protocol | undefined;
}

/** One entry of a static list; lower priority is tried first. */
export interface StaticEntry {
  /** Name the entry goes by (TLS identity). */
  readonly host: string;
  readonly port: number | undefined;
  readonly priority: number;
  readonly weight: number;
  /** Where it is, when the list says so. */
  readonly addresses: readonly string[];
}

export interface ServerSpec extends ServerAddress {
  readonly list: readonly StaticEntry[];
  /** How a static list is written: `SRV` entries are ranked, the addresses of `A` are one server. */
  readonly form?: 'SRV' | 'A';
}

/** @source RFC 3261 section 19.1.2 */
export const defaultPort = (protocol: Protocol): number => (protocol === 'tls' ? 5061 : 5060);

const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const groupOfIpv6 = /^[0-9a-f]{1,4}$/i;

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

/** RFC 4291 section 2.2; zones are refused, they mean nothing to a peer. */
export function isIpv6(text: string): boolean {
  if (!text.includes(':')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const embedded = last.includes('.');
  if (embedded && !(isIpv4(last) && text.endsWith(last))) return false;
  const count = groups.length + (embedded ? 1 : 0);
  const plain = embedded ? groups.slice(0, -1) : groups;
  return plain.every((group) => groupOfIpv6.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}

export function isIpLiteral(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Splits `host` from what follows it; undefined when there is no host. */
function readHost(text: string): { readonly host: string; readonly rest: string } | undefined {
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    const host = text.slice(1, Math.max(end, 1));
    return end > 0 && isIpv6(host) ? { host, rest: text.slice(end + 1) } : undefined;
  }
  if (isIpv6(text)) return { host: text, rest: '' };
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  // Four numbers that are no address would be looked up as a name that cannot exist.
  const valid = hostName.test(host) && (isIpv4(host) || !/^[\d.]+$/.test(host));
  return valid ? { host, rest: colon < 0 ? '' : text.slice(colon) } : undefined;
}

const protocols: readonly string[] = ['udp', 'tcp', 'tls'] satisfies Protocol[];

function readAddress(text: string): ServerAddress | undefined {
  const [place = '', ...params] = text.trim().split(';');
  const found = readHost(place.trim());
  const port = found === undefined || found.rest === '' ? undefined : readPort(found.rest.slice(1));
  if (found === undefined || (found.rest !== '' && port === undefined) || params.length > 1) return undefined;
  const given = params[0]
    ?.trim()
    .toLowerCase()
    .replace(/^transport=/, '');
  if (given !== undefined && !protocols.includes(given)) return undefined;
  return { host: found.host, port, protocol: given as Protocol | undefined };
}

/** Reads `A=ip,ip`; undefined when an address is none. */
function readAddresses(text: string): readonly string[] | undefined {
  const addresses = text.split(',').map((part) => part.trim().replace(/^\[(.*)\]$/, '$1'));
  return addresses.every(isIpLiteral) ? addresses : undefined;
}

const option = /^(?:(p|w)=)?(\d{1,5})$/;

/** `hostname[:port][:p=priority][:w=weight][:A=ip-list]` */
function readEntry(text: string): StaticEntry | undefined {
  const at = text.indexOf(':A=');
  const addresses = at < 0 ? [] : readAddresses(text.slice(at + 3));
  const found = readHost((at < 0 ? text : text.slice(0, at)).trim());
  if (found === undefined || addresses === undefined) return undefined;
  const values = { port: undefined as number | undefined, priority: 0, weight: 1 };
  for (const [i, part] of found.rest.split(':').slice(1).entries()) {
    const match = option.exec(part.trim());
    const value = Number(match?.[2]);
    if (match === null) return undefined;
    if (match[1] === 'p') values.priority = value;
    else if (match[1] === 'w') values.weight = value;
    else if (i === 0) values.port = readPort(part.trim());
    else values.weight = value; // `[:weight]` without w= is read as a typo of the guide (D-33)
    if (i === 0 && match[1] === undefined && values.port === undefined) return undefined;
  }
  return { host: found.host, ...values, addresses };
}

const recent = new Map<string, ServerSpec | undefined>();
const recentLimit = 1000;

/**
 * Reads Proxy, Outbound Proxy and their alternates; undefined when the text is none of the forms.
 * `name:A=ip,ip` gives one entry per address, all of one rank.
 */
export function parseServer(text: string): ServerSpec | undefined {
  // Thousands of lines share a few servers, and every one asks several times.
  if (recent.has(text)) return recent.get(text);
  if (recent.size >= recentLimit) recent.clear();
  const spec = readServer(text);
  recent.set(text, spec);
  return spec;
}

function readServer(text: string): ServerSpec | undefined {
  const match = /^(.*?):(SRV|A)=(.*)$/s.exec(text.trim());
  if (match === null) {
    const address = readAddress(text);
    return address === undefined ? undefined : { ...address, list: [] };
  }
  const [, head = '', form, tail = ''] = match;
  const address = readAddress(head);
  if (address === undefined) return undefined;
  if (form === 'A') {
    const addresses = readAddresses(tail);
    const entry = { host: address.host, port: address.port, priority: 0, weight: 1 };
    if (addresses === undefined) return undefined;
    return { ...address, form, list: addresses.map((ip) => ({ ...entry, addresses: [ip] })) };
  }
  const list = parseServerList(tail);
  return list === undefined ? undefined : { ...address, form: 'SRV', list };
}

/** `entry|entry`, the body of a static SRV list and the form of Survivability Proxy; undefined when an entry is wrong. */
export function parseServerList(text: string): readonly StaticEntry[] | undefined {
  const list = text.split('|').map(readEntry);
  return list.every((entry) => entry !== undefined) ? list : undefined;
}
