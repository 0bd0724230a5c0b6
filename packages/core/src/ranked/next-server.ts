import type { ListFacts, ListFailure, ListVerdict, RankedServer } from '../contracts/ranked-list.ts';

const isBlocked = ({ notBeforeMs = 0 }: RankedServer, nowMs: number): boolean => notBeforeMs > nowMs;

/** UP, or DOWN for as long as Proxy Fallback Intvl; without that interval every server but those that have just failed. */
function isEligible(entry: RankedServer, { nowMs, settings }: ListFacts): boolean {
  if (isBlocked(entry, nowMs)) return false;
  const { fallbackMs } = settings;
  return fallbackMs === 0 || entry.downSinceMs === undefined || nowMs - entry.downSinceMs >= fallbackMs;
}

/**
 * The next server after `failure.tried.at(-1)` failed: the first eligible one of the list that this request has not been to.
 * @source redundancy reference sections 5.6, 6.2; D-22
 */
export function nextServer(facts: ListFacts, { outcome, tried }: ListFailure): ListVerdict {
  const found = facts.servers.find((entry) => !tried.includes(entry.server) && isEligible(entry, facts));
  const rows = facts.settings.fallbackMs === 0 ? '5.6:from-the-top' : '5.6:next-up';
  const source = 'redundancy 5.6, 6.2';
  if (found === undefined) return { next: 'exhausted', rule: `5.6:exhausted/${outcome}`, source };
  return { next: 'move', server: found.server, rule: `${rows}/${outcome}`, source };
}
