import {
  isInNetwork,
  isIpLiteral,
  type LocateRequest,
  type Locator,
  type Network,
  readAddress,
  readNetwork,
} from '@offhook/core';

/** One spelling of an IPv6 address. */
const nameOf = (host: string): string => (host.includes(':') ? (readAddress(host)?.join('.') ?? host) : host);

/** Hosts that are no strangers whether or not a line talks to them now: servers of the configuration, and trusted networks. */
export class KnownServers {
  readonly #hosts = new Set<string>();
  readonly #networks: Network[] = [];

  /** @param trusted IP addresses and networks; other text is left out */
  constructor(trusted: readonly string[] = []) {
    for (const text of trusted) {
      const network = readNetwork(text);
      if (network !== undefined) this.#networks.push(network);
    }
  }

  has(host: string): boolean {
    if (this.#hosts.has(nameOf(host))) return true;
    if (this.#networks.length === 0) return false;
    const address = readAddress(host);
    return address !== undefined && this.#networks.some((network) => isInNetwork(network, address));
  }

  /** Never rejects: a name that has no address now is known once a line has opened a flow to it. */
  async locate(servers: readonly LocateRequest[], locator: Locator): Promise<void> {
    const names: LocateRequest[] = [];
    for (const server of servers) {
      if (isIpLiteral(server.host)) this.#hosts.add(nameOf(server.host));
      else names.push(server);
    }
    const found = await Promise.allSettled(names.map(async (name) => locator.locate(name)));
    for (const result of found)
      if (result.status === 'fulfilled') for (const { host } of result.value) this.#hosts.add(nameOf(host));
  }
}
