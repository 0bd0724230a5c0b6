import { type Ambient, type Protocol, TransportError } from '@offhook/core';
import { type AnswerCache, staleForMs } from './answer-cache.ts';
import { canonicalName, type NaptrRecord, recordsOf, type SrvRecord } from './records.ts';

/** Where a kind of SIP is asked for: a name with SRV records, and what is spoken there. */
export interface Service {
  readonly name: string;
  readonly protocol: Protocol;
}

/** The SRV records of one service, best first. */
export interface ServiceAnswer {
  readonly protocol: Protocol;
  readonly records: readonly SrvRecord[];
}

export interface ServicesFound {
  readonly answers: readonly ServiceAnswer[];
  readonly validUntilMs: number;
}

/** More are not used. @source redundancy reference section 5.2 (AG12), RED-102 */
const mostNaptr = 6;
const mostSrv = 12;

/** @source RFC 3263 section 4.1; IANA SIP Table Mappings */
const protocolOfService: ReadonlyMap<string, Protocol> = new Map([
  ['sips+d2t', 'tls'],
  ['sip+d2t', 'tcp'],
  ['sip+d2u', 'udp'],
]);

const prefixes: Readonly<Record<Protocol, string>> = { tls: '_sips._tcp.', tcp: '_sip._tcp.', udp: '_sip._udp.' };

/** @source manual: DNS SRV Auto Prefix; RED-105 */
export const serviceOf = (domain: string, protocol: Protocol): Service => ({ name: `${prefixes[protocol]}${domain}`, protocol });

const writtenPrefix = /^_(sips?)\._(udp|tcp)\.(.+)$/i;

/** Reads `_sip._udp.domain`: a server field may hold the service itself. */
export function readService(host: string): { readonly domain: string; readonly protocol: Protocol } | undefined {
  const match = writtenPrefix.exec(host);
  if (match === null) return undefined;
  const [, scheme = '', transport = '', domain = ''] = match;
  return { domain, protocol: scheme.toLowerCase() === 'sips' ? 'tls' : transport.toLowerCase() === 'udp' ? 'udp' : 'tcp' };
}

/** The services a NAPTR answer names, best first. A regular expression has no place in SIP. @source RFC 3263 section 4.1 */
function servicesOf(records: readonly NaptrRecord[]): readonly Service[] {
  return [...records]
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap(({ flags, services, regexp, replacement }) => {
      const protocol = protocolOfService.get(services.toLowerCase());
      const name = canonicalName(replacement);
      return protocol === undefined || flags.toLowerCase() !== 's' || regexp !== '' || name === '' ? [] : [{ name, protocol }];
    })
    .slice(0, mostNaptr);
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** DNS shuffles records; this order is the same for the same records. */
const byRecord = (a: SrvRecord, b: SrvRecord): number =>
  a.priority - b.priority || compare(canonicalName(a.target), canonicalName(b.target)) || a.port - b.port;

/** Finds the SRV records of a domain, by NAPTR where the protocol is not given. */
export class ServiceSearch {
  readonly #cache: AnswerCache;
  readonly #ambient: Ambient;

  constructor(cache: AnswerCache, ambient: Ambient) {
    this.#cache = cache;
    this.#ambient = ambient;
  }

  /**
   * What NAPTR names, best first, in one list over all protocols. Without NAPTR: TLS, TCP and UDP, as far as the domain offers them.
   * @source RFC 3263 section 4.1; RED-100
   */
  async findAny(domain: string): Promise<ServicesFound> {
    const naptr = await this.#askNaptr(domain);
    const named = naptr.services.length > 0 ? await this.find(naptr.services) : undefined;
    const protocols = ['tls', 'tcp', 'udp'] as const;
    const { answers, validUntilMs } = named?.answers.length
      ? named
      : await this.find(protocols.map((protocol) => serviceOf(domain, protocol)));
    return { answers, validUntilMs: Math.min(naptr.validUntilMs, validUntilMs) };
  }

  /** Rejects when nobody answers, or when the domain says that it has no such service. No answers: it says nothing. */
  async find(services: readonly Service[]): Promise<ServicesFound> {
    const results = await Promise.allSettled(services.map(({ name }) => this.#cache.ask(name, 'SRV')));
    let room = mostSrv;
    let validUntilMs = Number.POSITIVE_INFINITY;
    let isDenied = false;
    const answers: ServiceAnswer[] = [];
    for (const [i, { protocol }] of services.entries()) {
      const result = results[i];
      if (result?.status !== 'fulfilled') {
        validUntilMs = Math.min(validUntilMs, this.#ambient.now() + staleForMs);
        continue;
      }
      const records = recordsOf('SRV', result.value.records);
      // A target that is the root: the service is decidedly not there. @source RFC 2782
      const offered = records.filter(({ target }) => canonicalName(target) !== '');
      if (offered.length === 0) {
        isDenied ||= records.length > 0;
        continue;
      }
      const used = [...offered].sort(byRecord).slice(0, room);
      room -= used.length;
      validUntilMs = Math.min(validUntilMs, result.value.validUntilMs);
      if (used.length > 0) answers.push({ protocol, records: used });
    }
    const failed = results.find((result) => result.status === 'rejected');
    if (answers.length === 0 && failed !== undefined) throw failed.reason;
    if (answers.length === 0 && isDenied) throw denied(services);
    return { answers, validUntilMs };
  }

  /** A resolver that cannot tell NAPTR is taken for a domain without it, for a short time. */
  async #askNaptr(domain: string): Promise<{ readonly services: readonly Service[]; readonly validUntilMs: number }> {
    try {
      const { records, validUntilMs } = await this.#cache.ask(domain, 'NAPTR');
      const services = servicesOf(recordsOf('NAPTR', records));
      return { services, validUntilMs: services.length > 0 ? validUntilMs : Number.POSITIVE_INFINITY };
    } catch {
      return { services: [], validUntilMs: this.#ambient.now() + staleForMs };
    }
  }
}

function denied(services: readonly Service[]): TransportError {
  const asked = services.map(({ name }) => name).join(', ');
  const message = `The SRV records of ${asked} say that there is no such service (target "."). Ask another name, or correct the zone.`;
  return new TransportError('E_TRANSPORT_UNRESOLVED', message);
}
