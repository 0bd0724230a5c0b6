import { lookup } from 'node:dns/promises';
import {
  byFamily,
  defaultPort,
  isIpLiteral,
  type LocateRequest,
  type Locator,
  type RankedEntry,
  TransportError,
} from '@offhook/core';

/** Addresses as the system finds them: hosts file, search domains, DNS. Rejects when it finds none. */
export async function lookupHost(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Addresses of a host name as the system resolves it, IPv4 first unless told: all of one rank. Literals need no look-up.
 * @source RFC 3263 section 4.2 (explicit port or transport); redundancy reference section 5.2
 */
export function createHostLocator(): Locator {
  return {
    async locate({ host, port, families, ...wanted }: LocateRequest): Promise<readonly RankedEntry[]> {
      // AUTO without NAPTR is UDP (RFC 3263 section 4.1).
      const protocol = wanted.protocol === 'auto' ? 'udp' : wanted.protocol;
      const entry = (address: string): RankedEntry => ({
        host: address,
        port: port ?? defaultPort(protocol),
        protocol,
        rank: 0,
        name: host,
        validUntilMs: Number.POSITIVE_INFINITY,
      });
      try {
        const found = byFamily(isIpLiteral(host) ? [host] : await lookupHost(host), families);
        if (found.length > 0) return found.map(entry);
        throw new Error(`no address of ${families?.join(' or ')}`);
      } catch (cause) {
        throw new TransportError(
          'E_TRANSPORT_UNRESOLVED',
          `Host name ${host} has no address. Check its spelling and the DNS servers.`,
          { cause },
        );
      }
    },
  };
}
