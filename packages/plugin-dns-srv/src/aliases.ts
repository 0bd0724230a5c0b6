import { TransportError } from '@offhook/core';
import { canonicalName, type DnsRecord, type RecordType, type Resolver, recordsOf } from './records.ts';

/** What one server said: its whole answer section, aliases among it. */
export interface Reply {
  readonly records: readonly DnsRecord[];
  /** It knows that there is nothing more, and for how long that holds, s. */
  readonly negativeTtlS?: number;
}

/** Aliases from the name that was asked to the one that answers: at most so many, so that a ring ends. */
const mostAliases = 8;

/** Follows aliases, inside an answer and by further questions. @source RFC 1034 sections 3.6.2, 5.3.3 */
export function followAliases(ask: (name: string, type: RecordType) => Promise<Reply>): Resolver {
  return {
    async query(name, type) {
      let owner = canonicalName(name);
      let lifetimeS = Number.POSITIVE_INFINITY;
      let aliases = 0;
      for (;;) {
        const asked = owner;
        const { records, negativeTtlS } = await ask(owner, type);
        for (;;) {
          const own = records.filter((record) => canonicalName(record.name) === owner);
          const found = own.filter((record) => record.type === type);
          if (found.length > 0)
            return { records: found.map((record) => ({ ...record, ttlS: Math.min(record.ttlS, lifetimeS) })) };
          const [alias] = recordsOf('CNAME', own);
          if (alias === undefined) break;
          aliases += 1;
          if (aliases > mostAliases) throw endless(name);
          owner = canonicalName(alias.target);
          lifetimeS = Math.min(lifetimeS, alias.ttlS);
        }
        if (owner !== asked && negativeTtlS === undefined) continue;
        return negativeTtlS === undefined ? { records: [] } : { records: [], negativeTtlS: Math.min(negativeTtlS, lifetimeS) };
      }
    },
  };
}

const endless = (name: string): TransportError =>
  new TransportError(
    'E_TRANSPORT_UNRESOLVED',
    `${name} is an alias of an alias, more than ${mostAliases} in a row. Correct the CNAME records of the zone.`,
  );
