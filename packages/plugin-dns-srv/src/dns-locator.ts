import {
  type AddressFamily,
  type Ambient,
  applyMethod,
  bothFamilies,
  byFamily,
  defaultPort,
  familyOf,
  isIpLiteral,
  type LocateRequest,
  type Locator,
  orderRecords,
  type Preference,
  type RankedEntry,
  rankRecords,
  type ServerRecord,
  TransportError,
} from '@offhook/core';
import { AddressSearch, type SystemLookup } from './address-search.ts';
import { AnswerCache, staleForMs } from './answer-cache.ts';
import type { Resolver } from './records.ts';
import { seededRandom } from './seeded-random.ts';
import { readService, ServiceSearch, serviceOf } from './service-search.ts';

export interface DnsLocatorOptions {
  readonly ambient: Ambient;
  readonly resolver: Resolver;
  /** Finds addresses where DNS has none: hosts file and the like. */
  readonly lookup?: SystemLookup;
  /** Names that are no targets of SRV records are asked of `lookup` first, so that a hosts file wins. */
  readonly systemFirst?: boolean;
}

/** A server before its place in the list is drawn. */
interface Target extends ServerRecord, Preference {
  readonly target: string;
}

/** One answer of DNS to a request: what is drawn from it differs between askers. */
interface Resolution {
  /** SRV answers in the order of their services. */
  readonly groups: readonly (readonly Target[])[];
  readonly validUntilMs: number;
}

interface Held {
  readonly entries: readonly RankedEntry[];
  readonly validUntilMs: number;
}

/** Lists held; the one found longest ago is forgotten first. */
const mostLists = 4_096;
const never = Number.POSITIVE_INFINITY;

/**
 * Ranked servers by NAPTR, SRV and address records: the same list until its lifetime ends. Chance is drawn once in the life of a locator;
 * from then on the asker and the SRV records decide, so that each asker has a choice by weight of its own, and keeps it while the records
 * are the same.
 * @source RFC 3263; redundancy reference section 5.2, D-26
 */
export function createDnsLocator(options: DnsLocatorOptions): Locator {
  const locator = new DnsLocator(options);
  return { locate: (request) => locator.locate(request) };
}

class DnsLocator {
  readonly #ambient: Ambient;
  readonly #services: ServiceSearch;
  readonly #addresses: AddressSearch;
  readonly #systemFirst: boolean;
  readonly #chance: number;
  readonly #lists = new Map<string, Held>();
  readonly #pending = new Map<string, Promise<readonly RankedEntry[]>>();

  constructor({ ambient, resolver, lookup, systemFirst = false }: DnsLocatorOptions) {
    this.#ambient = ambient;
    this.#systemFirst = systemFirst;
    this.#chance = ambient.random();
    const cache = new AnswerCache(resolver, ambient);
    this.#services = new ServiceSearch(cache, ambient);
    this.#addresses = new AddressSearch({ cache, ambient, lookup });
  }

  async locate(request: LocateRequest): Promise<readonly RankedEntry[]> {
    const { host, port, families = bothFamilies } = request;
    if (isIpLiteral(host)) {
      const protocol = request.protocol === 'auto' ? 'udp' : request.protocol;
      if (!families.includes(familyOf(host))) throw unresolved(request);
      return [{ host, rank: 0, name: host, port: port ?? defaultPort(protocol), protocol, validUntilMs: never }];
    }
    const key = JSON.stringify([host.toLowerCase(), port, ...rest(request)]);
    const held = this.#lists.get(key);
    if (held !== undefined && this.#ambient.now() < held.validUntilMs) return held.entries;
    const pending = this.#pending.get(key) ?? this.#renew(key, request).finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    return pending;
  }

  /** A list that can no longer be found is held on: what it names may still work. */
  async #renew(key: string, request: LocateRequest): Promise<readonly RankedEntry[]> {
    try {
      const list = this.#listOf(await this.#resolve(request), request);
      if (list.entries.length === 0) throw unresolved(request);
      return this.#hold(key, list);
    } catch (error) {
      const held = this.#lists.get(key);
      if (held === undefined) throw error;
      this.#ambient.log.warn('servers are not found any more; the last list goes on', { host: request.host, error });
      const validUntilMs = this.#ambient.now() + staleForMs;
      return this.#hold(key, { validUntilMs, entries: held.entries.map((entry) => ({ ...entry, validUntilMs })) });
    }
  }

  #listOf({ groups, validUntilMs }: Resolution, { method, families, asker = '' }: LocateRequest): Held {
    const ordered = groups.flatMap((group) => {
      const records = group.map((each) => [each.target, each.port, each.protocol, each.priority, each.weight].join(' '));
      const random = seededRandom([this.#chance, asker, ...records].join());
      return applyMethod(orderRecords(group, random), method);
    });
    const records = ordered.map(({ name, port, protocol, addresses }) => ({ name, port, protocol, addresses, validUntilMs }));
    return { entries: rankRecords(records, families), validUntilMs };
  }

  #hold(key: string, list: Held): readonly RankedEntry[] {
    this.#lists.delete(key);
    this.#lists.set(key, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > mostLists && oldest !== undefined) this.#lists.delete(oldest);
    return list.entries;
  }

  async #resolve({
    host,
    port,
    protocol,
    srv = false,
    autoPrefix = false,
    families = bothFamilies,
  }: LocateRequest): Promise<Resolution> {
    const written = readService(host);
    const name = written?.domain ?? host;
    const isAuto = protocol === 'auto';
    const asksServices = port === undefined && (srv || isAuto);
    const given = isAuto ? written?.protocol : protocol;
    if (asksServices) {
      const services = this.#services;
      const service = (spoken: NonNullable<typeof given>) =>
        written === undefined && autoPrefix ? serviceOf(name, spoken) : { name: host, protocol: spoken };
      const found = await (given === undefined ? services.findAny(name) : services.find([service(given)]));
      if (found.answers.length > 0) return this.#targets(name, found, families);
    }
    // Neither NAPTR nor SRV: AUTO is UDP. @source RFC 3263 section 4.1
    const spoken = given ?? 'udp';
    const { hosts, validUntilMs } = await this.#addresses.find(name, families, this.#systemFirst);
    const place = { name, port: port ?? defaultPort(spoken), protocol: spoken, priority: 0, weight: 0, target: name };
    return { groups: [[{ ...place, addresses: hosts, validUntilMs }]], validUntilMs };
  }

  /** A target without an address stands in no list, until it is asked again. */
  async #targets(
    name: string,
    { answers, validUntilMs }: Awaited<ReturnType<ServiceSearch['find']>>,
    families: readonly AddressFamily[],
  ): Promise<Resolution> {
    let untilMs = validUntilMs;
    const groups = await Promise.all(
      answers.map(({ protocol, records }) =>
        Promise.all(
          records.map(async ({ priority, weight, port, target }): Promise<Target> => {
            const found = isIpLiteral(target)
              ? { hosts: byFamily([target], families), validUntilMs: never }
              : await this.#addresses.find(target, families, false);
            untilMs = Math.min(untilMs, found.validUntilMs);
            return { name, target, priority, weight, port, protocol, addresses: found.hosts, validUntilMs: found.validUntilMs };
          }),
        ),
      ),
    );
    return { groups, validUntilMs: untilMs };
  }
}

const rest = ({ protocol, srv, autoPrefix, families, method, asker }: LocateRequest): readonly unknown[] => [
  protocol,
  srv ?? false,
  autoPrefix ?? false,
  families ?? bothFamilies,
  method ?? 'normal',
  asker ?? '',
];

function unresolved({ host, families = bothFamilies }: LocateRequest): TransportError {
  const message = `Host name ${host} has no ${families.join(' or ')} address. Check its spelling and the DNS servers.`;
  return new TransportError('E_TRANSPORT_UNRESOLVED', message);
}
