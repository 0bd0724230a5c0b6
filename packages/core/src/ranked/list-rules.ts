import type { RouteEvent, RouteVerdict } from '../contracts/mechanism.ts';
import type { ListFacts, ListRule } from '../contracts/ranked-list.ts';
import { fallbackPlan } from './fallback-plan.ts';
import { nextServer } from './next-server.ts';

/** The rules of the reference, for mechanisms that rule a list as it says or nearly so. @source redundancy reference sections 5.6, 5.7 */
export const rankedListRule: ListRule = Object.freeze({ next: nextServer, fallback: fallbackPlan });

/** What becomes of a request that failed on a server of a list: it goes to the next one, or its failure to the caller. */
export function nextForRequest(
  list: ListFacts,
  event: Extract<RouteEvent, { type: 'request.failed' }>,
  rule: ListRule = rankedListRule,
): RouteVerdict {
  if (event.outcome === 'reject') return { next: 'deliver', rule: '6.2:reject', source: 'redundancy 6.2, D-01' };
  const verdict = rule.next(list, { method: event.method, outcome: event.outcome, tried: event.servers });
  if (verdict.next === 'exhausted') return { next: 'deliver', rule: verdict.rule, source: verdict.source };
  const { server, source } = verdict;
  if (!list.settings.autoRegister || list.holder === server)
    return { next: 'send', leg: 'primary', server, rule: verdict.rule, source };
  return { next: 'send', leg: 'primary', server, register: true, rule: verdict.rule, source: `${source}, D-15` };
}
