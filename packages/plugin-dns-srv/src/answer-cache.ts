import type { Ambient } from '@offhook/core';
import { inTime } from './in-time.ts';
import { type Answer, canonicalName, type DnsRecord, type RecordType, type Resolver } from './records.ts';

/** Records and the absolute end of their truth. */
export interface Known {
  readonly records: readonly DnsRecord[];
  readonly validUntilMs: number;
}

interface Entry {
  known?: Known;
  pending?: Promise<Known>;
}

/** Questions remembered; the one asked longest ago is forgotten first. */
const mostQuestions = 4_096;
/** A week. @source RFC 8767 section 4 */
const longestTtlS = 604_800;
/** That there is nothing is believed no longer than this. @source RFC 2308 section 5 */
const longestNegativeTtlS = 300;
// DEVIATION RFC 2308 section 5: an answer without SOA is believed for a short time all the same, so that thousands of lines do not repeat it.
const unsaidNegativeTtlS = 30;
/** An old answer serves so long before the question is asked again, and a question has so long before the old answer serves. @source RFC 8767 section 5 */
export const staleForMs = 30_000;
const staleAfterMs = 1_800;

function lifetimeMs({ records, negativeTtlS = unsaidNegativeTtlS }: Answer): number {
  if (records.length === 0) return Math.min(negativeTtlS, longestNegativeTtlS) * 1_000;
  return Math.min(longestTtlS, ...records.map(({ ttlS }) => ttlS)) * 1_000;
}

/**
 * What DNS said, for as long as it said so. Equal questions at once are one question. When nobody answers, the last good answer goes on;
 * an answer that there is nothing ends it.
 * @source redundancy reference D-26
 */
export class AnswerCache {
  readonly #resolver: Resolver;
  readonly #ambient: Ambient;
  readonly #entries = new Map<string, Entry>();

  constructor(resolver: Resolver, ambient: Ambient) {
    this.#resolver = resolver;
    this.#ambient = ambient;
  }

  /** Rejects when nobody answers and nobody ever has. */
  async ask(name: string, type: RecordType): Promise<Known> {
    const entry = this.#entryOf(`${type} ${canonicalName(name)}`);
    const { known } = entry;
    if (known !== undefined && this.#ambient.now() < known.validUntilMs) return known;
    entry.pending ??= this.#query(entry, name, type).finally(() => {
      delete entry.pending;
    });
    const { pending } = entry;
    if (known === undefined || known.records.length === 0) return pending;
    return (await inTime(pending, staleAfterMs, this.#ambient)) ?? this.#extend(known);
  }

  async #query(entry: Entry, name: string, type: RecordType): Promise<Known> {
    try {
      const answer = await this.#resolver.query(name, type);
      const known = { records: answer.records, validUntilMs: this.#ambient.now() + lifetimeMs(answer) };
      entry.known = known;
      return known;
    } catch (error) {
      const stale = entry.known;
      if (stale === undefined || stale.records.length === 0) throw error;
      this.#ambient.log.warn('DNS gave no answer; the last one goes on', { name, type, error });
      entry.known = this.#extend(stale);
      return entry.known;
    }
  }

  #extend(known: Known): Known {
    return { ...known, validUntilMs: this.#ambient.now() + staleForMs };
  }

  #entryOf(key: string): Entry {
    const entry = this.#entries.get(key) ?? {};
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > mostQuestions && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }
}
