import { type AddressFamily, type Ambient, byFamily } from '@offhook/core';
import { type AnswerCache, staleForMs } from './answer-cache.ts';
import { inTime } from './in-time.ts';

/** Addresses of a name; none: it has none, and is not asked again before `validUntilMs`. */
export interface Addresses {
  readonly hosts: readonly string[];
  readonly validUntilMs: number;
}

/** Addresses as the system finds them: hosts file, search domains, multicast. */
export type SystemLookup = (name: string) => Promise<readonly string[]>;

/** The system tells no lifetime: a name is believed so long. It may take so long itself. */
const systemTtlMs = 60_000;
const systemTimeoutMs = 5_000;

export interface AddressSearchOptions {
  readonly cache: AnswerCache;
  readonly ambient: Ambient;
  readonly lookup: SystemLookup | undefined;
}

/** Finds addresses by DNS and by the system; where the first of them has none, by the other. */
export class AddressSearch {
  readonly #cache: AnswerCache;
  readonly #ambient: Ambient;
  readonly #lookup: SystemLookup | undefined;

  constructor({ cache, ambient, lookup }: AddressSearchOptions) {
    this.#cache = cache;
    this.#ambient = ambient;
    this.#lookup = lookup;
  }

  /** Never rejects. */
  async find(name: string, families: readonly AddressFamily[], systemFirst: boolean): Promise<Addresses> {
    const byDns = () => this.#askDns(name, families);
    const bySystem = () => this.#askSystem(name, families);
    const [first, second] = systemFirst ? [bySystem, byDns] : [byDns, bySystem];
    const found = await first();
    if (found.hosts.length > 0) return found;
    const other = await second();
    return other.hosts.length > 0 ? other : { hosts: [], validUntilMs: Math.min(found.validUntilMs, other.validUntilMs) };
  }

  async #askDns(name: string, families: readonly AddressFamily[]): Promise<Addresses> {
    const asked = families.map((family) => this.#cache.ask(name, family === 'ipv4' ? 'A' : 'AAAA'));
    const results = await Promise.allSettled(asked);
    const known = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const hosts = known.flatMap(({ records }) => records.flatMap((each) => ('address' in each ? [each.address] : [])));
    const counting = hosts.length > 0 ? known.filter(({ records }) => records.length > 0) : known;
    // A family that nobody answered for may be there after all.
    const againMs = known.length < results.length ? this.#ambient.now() + staleForMs : Number.POSITIVE_INFINITY;
    return { hosts, validUntilMs: Math.min(againMs, ...counting.map(({ validUntilMs }) => validUntilMs)) };
  }

  async #askSystem(name: string, families: readonly AddressFamily[]): Promise<Addresses> {
    if (this.#lookup === undefined) return { hosts: [], validUntilMs: Number.POSITIVE_INFINITY };
    const found = await inTime(this.#lookup(name), systemTimeoutMs, this.#ambient).catch(() => undefined);
    const hosts = byFamily(found ?? [], families);
    return { hosts, validUntilMs: this.#ambient.now() + (hosts.length > 0 ? systemTtlMs : staleForMs) };
  }
}
