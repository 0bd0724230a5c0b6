import { formatEndpoint } from '@offhook/core';
import { readSipUri } from '@offhook/sip';
import type { Wire } from './wire.ts';
import type { RequestPacket } from './wire-record.ts';
import type { SentFilter, Side } from './world.types.ts';

/** A domain that every registrar serves, for lists. */
export const worldDomain = 'world.example';

/** Where everybody is. */
export const worldAddresses = {
  p: { host: '10.0.0.1', port: 5060 },
  a: { host: '10.0.0.2', port: 5060 },
  s3: { host: '10.0.0.3', port: 5060 },
  s4: { host: '10.0.0.4', port: 5060 },
  s5: { host: '10.0.0.5', port: 5060 },
  s6: { host: '10.0.0.6', port: 5060 },
  phone: { host: '10.0.0.9', port: 5060 },
} as const;

const { phone: _, ...sides } = worldAddresses;
export const registrarHosts: readonly string[] = Object.values(sides).map(({ host }) => host);
const names = new Map<string, Side>(Object.entries(sides).map(([name, { host }]) => [host, name as Side]));
const sideOf = ({ to }: RequestPacket): Side | string => names.get(to.host) ?? formatEndpoint(to);

/** What the phone sent of one method: where to, and when in seconds since `startMs`. */
export function listSent(
  wire: Wire,
  startMs: number,
  method: string,
  filter: Omit<SentFilter, 'line'> & { readonly user?: string },
): readonly (readonly [Side | string, number])[] {
  const { sinceS = 0, untilS = Number.POSITIVE_INFINITY, callId, first = false, user } = filter;
  const branches = new Set<string | undefined>();
  const isFirst = ({ message }: RequestPacket): boolean =>
    !branches.has(message.via.branch) && branches.add(message.via.branch) !== undefined;
  return wire
    .requests({ from: worldAddresses.phone.host, method, ...(callId !== undefined && { callId }) })
    .filter(({ message }) => user === undefined || readSipUri(message.from.uri)?.user === user)
    .filter((packet) => !first || isFirst(packet))
    .map((packet) => [sideOf(packet), (packet.atMs - startMs) / 1_000] as const)
    .filter(([, atS]) => atS >= sinceS && atS < untilS);
}
