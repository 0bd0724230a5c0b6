import { type Endpoint, formatEndpoint, type Protocol, readEndpoint } from '@offhook/core';

/** Part of the network, as narrow as it is written: `10.0.0.1`, `10.0.0.1:5060`, `[2001:db8::1]:5060;tcp`, or an endpoint. */
export type Place = string | Endpoint;

/** True when an endpoint under a protocol lies in the place. */
export type InPlace = (endpoint: Endpoint, protocol: Protocol) => boolean;

/** Reads a place once. @throws RangeError when the text is none */
export function readPlace(place: Place): InPlace {
  if (typeof place !== 'string') return ({ host, port }) => host === place.host && port === place.port;
  const [address = '', wanted] = place.split(';');
  const endpoint = readEndpoint(address);
  const host = endpoint?.host ?? address.replace(/^\[(.*)\]$/, '$1');
  if (host === '' || (wanted !== undefined && !['udp', 'tcp', 'tls'].includes(wanted))) {
    throw new RangeError(`not a place on the wire: '${place}'; write host, host:port or host:port;udp`);
  }
  return (seen, protocol) =>
    seen.host === host &&
    (endpoint === undefined || seen.port === endpoint.port) &&
    (wanted === undefined || wanted === protocol);
}

/** The same place in one spelling. */
export const formatPlace = (place: Place): string => (typeof place === 'string' ? place : formatEndpoint(place));
