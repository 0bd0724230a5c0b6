import { lookup } from 'node:dns/promises';
import { isIpLiteral, type LocateRequest, type Locator, type Protocol, type RankedEntry, TransportError } from '@offhook/core';

const defaultPort = (protocol: Protocol): number => (protocol === 'tls' ? 5061 : 5060);

/**
 * Addresses of a host name as the system resolves it, IPv4 first: all of one rank. Literals need no look-up.
 * @source RFC 3263 section 4.2 (explicit port or transport); redundancy reference section 5.2
 */
export function createHostLocator(): Locator {
  return {
    async locate({ host, port, ...wanted }: LocateRequest): Promise<readonly RankedEntry[]> {
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
      if (isIpLiteral(host)) return [entry(host)];
      try {
        const found = await lookup(host, { all: true });
        return [...found].sort((a, b) => a.family - b.family).map(({ address }) => entry(address));
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
