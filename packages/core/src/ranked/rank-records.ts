import { isIpv6 } from '../config/server.ts';
import type { AddressFamily, LocateRequest, RankedEntry } from '../contracts/locator.ts';

/**
 * How the records of a name become a list of servers. Pure: chance comes from the caller.
 * @source redundancy reference section 5.2; RFC 2782; D-16
 */

/** What an SRV record or an entry of a static list says of the order it wants. */
export interface Preference {
  /** Lower is tried first. */
  readonly priority: number;
  /** Share of the choice among those of one priority. */
  readonly weight: number;
}

/** One server: a record and the addresses of its target, in the order they were found. */
export interface ServerRecord extends Omit<RankedEntry, 'host' | 'rank'> {
  readonly addresses: readonly string[];
}

/** Place of the next one, drawn by weight. Those of weight 0 together have a share of 1. */
function draw(records: readonly Preference[], random: () => number): number {
  const zeros = records.filter(({ weight }) => weight === 0).length;
  const shares = records.map(({ weight }) => weight || 1 / zeros);
  let left = random() * shares.reduce((sum, share) => sum + share, 0);
  const found = shares.findIndex((share) => {
    left -= share;
    return left < 0;
  });
  return found < 0 ? records.length - 1 : found;
}

/** Priorities ascending; inside one of them one draw after another. @source RFC 2782 */
export function orderRecords<R extends Preference>(records: readonly R[], random: () => number): readonly R[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) => {
    const left = records.filter((record) => record.priority === priority);
    // A single record asks for no chance.
    const next = (): readonly R[] => left.splice(left.length > 1 ? draw(left, random) : 0, 1);
    return Array.from({ length: left.length }, next).flat();
  });
}

/** "Based on SRV Port": those with the port of the first come first, nothing else changes. @source redundancy reference D-16 */
export function applyMethod<R extends { readonly port: number }>(
  ordered: readonly R[],
  method: LocateRequest['method'] = 'normal',
): readonly R[] {
  const first = ordered[0];
  if (method === 'normal' || first === undefined) return ordered;
  const alike = ordered.filter(({ port }) => port === first.port);
  return [...alike, ...ordered.filter(({ port }) => port !== first.port)];
}

export const bothFamilies: readonly AddressFamily[] = ['ipv4', 'ipv6'];

export const familyOf = (address: string): AddressFamily => (isIpv6(address) ? 'ipv6' : 'ipv4');

/** Addresses of the wanted families, those of the first before those of the second. */
export function byFamily(addresses: readonly string[], families: readonly AddressFamily[] = bothFamilies): readonly string[] {
  return families.flatMap((family) => addresses.filter((address) => familyOf(address) === family));
}

/**
 * Every address of every record. A record is one server, so its addresses share a rank, as those of a plain name do: there is no way back
 * from one to the other. Each record has a rank of its own in the order it stands, also beside others of its priority: what was drawn
 * first is the top server.
 * @source redundancy reference sections 3.1 (Proxy Fallback Intvl), 5.2; RED-103, RED-104, RED-110
 */
export function rankRecords(
  ordered: readonly ServerRecord[],
  families: readonly AddressFamily[] = bothFamilies,
): readonly RankedEntry[] {
  return ordered.flatMap(({ addresses, ...record }, rank) =>
    byFamily(addresses, families).map((host) => ({ ...record, host, rank })),
  );
}
