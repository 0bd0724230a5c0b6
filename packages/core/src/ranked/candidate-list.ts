import { hopOf } from '../config/hop.ts';
import type { LineConfig } from '../config/line.ts';
import { staticList } from '../config/mode.ts';
import { parseServerList } from '../config/server.ts';
import type { Locator, RankedEntry } from '../contracts/locator.ts';

export interface Candidate extends RankedEntry {
  readonly survivability: boolean;
}

export interface CandidateList {
  readonly entries: readonly Candidate[];
  readonly validUntilMs: number;
  readonly ranked: boolean;
}

/** Placeholder until the locating work lands. */
export async function candidateList(line: LineConfig, locator: Locator, _random: () => number): Promise<CandidateList> {
  const hop = hopOf(line, 'primary');
  if (hop === undefined) return { entries: [], validUntilMs: Number.POSITIVE_INFINITY, ranked: false };
  const list = [...staticList(line)].sort((a, b) => a.priority - b.priority);
  const entries: Candidate[] = list.flatMap((entry) =>
    (entry.addresses.length > 0 ? entry.addresses : [entry.host]).map((host) => ({
      host,
      port: entry.port ?? 5060,
      protocol: hop.protocol,
      rank: entry.priority,
      name: entry.host,
      validUntilMs: Number.POSITIVE_INFINITY,
      survivability: false,
    })),
  );
  const located = list.length === 0 ? await locator.locate({ host: hop.host, port: hop.port, protocol: hop.protocol }) : [];
  const gateways = (line.ext.survivabilityProxy === '' ? [] : (parseServerList(line.ext.survivabilityProxy) ?? [])).map(
    (entry, i) => ({
      host: entry.addresses[0] ?? entry.host,
      port: entry.port ?? 5060,
      protocol: hop.protocol,
      rank: 1000 + i,
      name: entry.host,
      validUntilMs: Number.POSITIVE_INFINITY,
      survivability: true,
    }),
  );
  return {
    entries: [...entries, ...located.map((entry) => ({ ...entry, survivability: false })), ...gateways],
    validUntilMs: Number.POSITIVE_INFINITY,
    ranked: true,
  };
}
