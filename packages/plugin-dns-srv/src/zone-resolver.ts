import { TransportError } from '@offhook/core';
import { followAliases } from './aliases.ts';
import { canonicalName, type DnsRecord, type RecordType, type Resolver } from './records.ts';

export interface ZoneOptions {
  /** How long it may be believed that a name has nothing, s. Default 60. */
  readonly negativeTtlS?: number;
  /** Hears every question that reaches the zone: `SRV`, `_sip._udp.example.net`. */
  readonly onQuery?: (type: RecordType, name: string) => void;
}

/** A zone in memory: DNS of worlds, drills and tests. */
export interface ZoneResolver extends Resolver {
  /** From now on it has these records and no others. */
  replace(records: readonly DnsRecord[]): void;
  /** From now on nobody answers, or somebody does again. */
  setDead(isDead: boolean): void;
}

/** Answers from records given as data. */
export function zoneResolver(zone: readonly DnsRecord[], { negativeTtlS = 60, onQuery }: ZoneOptions = {}): ZoneResolver {
  let records = zone;
  let isDead = false;
  const resolver = followAliases(async (name, type) => {
    onQuery?.(type, name);
    if (isDead) throw new TransportError('E_TRANSPORT_UNRESOLVED', `No answer of DNS for ${type} ${name}: the zone is dead.`);
    const found = records.filter((each) => canonicalName(each.name) === name && (each.type === type || each.type === 'CNAME'));
    return found.length > 0 ? { records: found } : { records: [], negativeTtlS };
  });
  return {
    query: resolver.query,
    replace(next) {
      records = next;
    },
    setDead(dead) {
      isDead = dead;
    },
  };
}
