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

/** A server of the configuration, and where it is now. */
interface Known {
  readonly request: LocateRequest;
  hosts: readonly string[];
  renewal: Timer | undefined;
}

const networksIn = (trusted: readonly string[]): readonly Network[] => trusted.flatMap((text) => readNetwork(text) ?? []);

/** Hosts that are no strangers whether or not a line talks to them now: servers of the configuration, and trusted networks. */
export class KnownServers {
  readonly #ambient: Ambient;
  readonly #locator: Locator;
  /** How many servers of the configuration are at that address. */
  readonly #hosts = new Map<string, number>();
  /** By what is asked of the locator. */
  readonly #servers = new Map<string, Known>();
  #networks: readonly Network[];

  /** @param trusted IP addresses and networks; other text is left out */
  constructor(ambient: Ambient, locator: Locator, trusted: readonly string[]) {
    this.#ambient = ambient;
    this.#locator = locator;
    this.#networks = networksIn(trusted);
  }

  has(host: string): boolean {
    if (this.#hosts.has(nameOf(host))) return true;
    if (this.#networks.length === 0) return false;
    const address = readAddress(host);
    return address !== undefined && this.#networks.some((network) => isInNetwork(network, address));
  }

  trust(trusted: readonly string[]): void {
    this.#networks = networksIn(trusted);
  }

  /**
   * These servers and no others: what is new is found, by NAPTR and SRV where lines do, and found again when an answer ends; what is gone is
   * forgotten. A name that has no address now is known once a line has opened a flow to it.
   */
  know(servers: readonly LocateRequest[]): void {
    const wanted = new Map(servers.map((request) => [JSON.stringify(request), request]));
    for (const [name, known] of this.#servers) if (!wanted.has(name)) this.#forget(name, known);
    for (const [name, request] of wanted) if (!this.#servers.has(name)) this.#learn(name, request);
  }

  #learn(name: string, request: LocateRequest): void {
    const known: Known = { request, hosts: [], renewal: undefined };
    this.#servers.set(name, known);
    if (isIpLiteral(request.host)) this.#move(known, [request.host]);
    else void this.#renew(name, known);
  }

  #forget(name: string, known: Known): void {
    this.#servers.delete(name);
    this.#ambient.clearTimer(known.renewal);
    this.#move(known, []);
  }

  async #renew(name: string, known: Known): Promise<void> {
    const found: readonly RankedEntry[] = await this.#locator.locate(known.request).catch(() => []);
    // Forgotten while it was looked for.
    if (this.#servers.get(name) !== known) return;
    let validUntilMs = this.#ambient.now();
    if (found.length > 0) {
      this.#move(
        known,
        found.map(({ host }) => host),
      );
      validUntilMs = Math.min(...found.map((entry) => entry.validUntilMs));
    } else if (known.hosts.length === 0) return;
    if (validUntilMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(validUntilMs - this.#ambient.now(), leastRenewalMs);
    known.renewal = this.#ambient.setTimer(() => void this.#renew(name, known), delayMs);
  }

  #move(known: Known, hosts: readonly string[]): void {
    const before = known.hosts;
    known.hosts = hosts;
    this.#count(hosts, 1);
    this.#count(before, -1);
  }

  #count(hosts: readonly string[], step: 1 | -1): void {
    for (const host of hosts.map(nameOf)) {
      const count = (this.#hosts.get(host) ?? 0) + step;
      if (count > 0) this.#hosts.set(host, count);
      else this.#hosts.delete(host);
    }
  }
}
