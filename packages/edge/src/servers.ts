import {
  type Ambient,
  isInNetwork,
  isIpLiteral,
  type LocateRequest,
  type Locator,
  type Network,
  type RankedEntry,
  readAddress,
  readNetwork,
  type Timer,
} from '@offhook/core';

/** One spelling of an IPv6 address. */
const nameOf = (host: string): string => (host.includes(':') ? (readAddress(host)?.join('.') ?? host) : host);

/** Names whose answer ends sooner are asked again no sooner than this. */
const leastRenewalMs = 60_000;

/** Hosts that are no strangers whether or not a line talks to them now: servers of the configuration, and trusted networks. */
export class KnownServers {
  readonly #ambient: Ambient;
  /** How many servers of the configuration are at that address. */
  readonly #hosts = new Map<string, number>();
  readonly #networks: Network[] = [];
  readonly #renewals = new Map<LocateRequest, Timer>();
  #isStopped = false;

  /** @param trusted IP addresses and networks; other text is left out */
  constructor(ambient: Ambient, trusted: readonly string[] = []) {
    this.#ambient = ambient;
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

  /**
   * Finds the servers, by NAPTR and SRV where lines do, and finds them again when an answer ends. Never rejects: a name that has no address
   * now is known once a line has opened a flow to it.
   */
  async locate(servers: readonly LocateRequest[], locator: Locator): Promise<void> {
    const names: LocateRequest[] = [];
    for (const server of servers) {
      if (isIpLiteral(server.host)) this.#count([server.host], 1);
      else names.push(server);
    }
    await Promise.all(names.map((name) => this.#renew(name, locator, [])));
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#renewals.values()) this.#ambient.clearTimer(timer);
    this.#renewals.clear();
  }

  async #renew(name: LocateRequest, locator: Locator, before: readonly string[]): Promise<void> {
    let found: readonly RankedEntry[];
    try {
      found = await locator.locate(name);
    } catch {
      if (before.length > 0) this.#renewAfter(0, name, locator, before);
      return;
    }
    const hosts = found.map(({ host }) => host);
    this.#count(hosts, 1);
    this.#count(before, -1);
    const validUntilMs = Math.min(...found.map((entry) => entry.validUntilMs));
    if (validUntilMs < Number.POSITIVE_INFINITY) this.#renewAfter(validUntilMs - this.#ambient.now(), name, locator, hosts);
  }

  #renewAfter(ms: number, name: LocateRequest, locator: Locator, hosts: readonly string[]): void {
    if (this.#isStopped) return;
    const renew = (): void => void this.#renew(name, locator, hosts);
    this.#renewals.set(name, this.#ambient.setTimer(renew, Math.max(ms, leastRenewalMs)));
  }

  #count(hosts: readonly string[], step: 1 | -1): void {
    for (const host of hosts.map(nameOf)) {
      const count = (this.#hosts.get(host) ?? 0) + step;
      if (count > 0) this.#hosts.set(host, count);
      else this.#hosts.delete(host);
    }
  }
}
