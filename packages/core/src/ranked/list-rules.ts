import type { LineFacts, RouteEvent, RouteVerdict } from '../contracts/mechanism.ts';
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
  if (verdict.next === 'exhausted') return { next: 'deliver', exhausted: true, rule: verdict.rule, source: verdict.source };
  const { server, source } = verdict;
  if (!list.settings.autoRegister || list.holder === server)
    return { next: 'send', leg: 'primary', server, rule: verdict.rule, source };
  return { next: 'send', leg: 'primary', server, register: true, rule: verdict.rule, source: `${source}, D-15` };
}

/** Requests held while nothing is registered: at most so long (6.4). */
const queueForMs = 32_000;

/** New requests go to the current server when the line may send: calls are gated, others wait for a registration. */
function forNewRequest(facts: LineFacts, method: string): RouteVerdict {
  if (facts.candidates.length === 0) {
    const source = 'redundancy 5.8 (no DNS result), D-26';
    return { next: 'refuse', status: 503, reason: 'no-server', rule: '5.8:no-server', source };
  }
  const server = facts.list === undefined ? {} : { server: facts.list.current };
  const send = (rule: string, source: string): RouteVerdict => ({ next: 'send', leg: 'primary', ...server, rule, source });
  if (facts.candidates.some(({ bound }) => bound)) return send('6.7:registered', 'redundancy 6.7');
  if (!facts.registers) return send('6.7:register-no', 'redundancy 6.7, D-41');
  if (facts.makeCallWithoutReg) return send('6.4:none-registered/mcwr', 'redundancy 6.4, 6.7');
  if (method === 'INVITE')
    return { next: 'refuse', status: 480, reason: 'not-registered', rule: '6.7:not-registered', source: 'redundancy 6.7' };
  return { next: 'queue', forMs: queueForMs, rule: '6.4:none-registered/queue', source: 'redundancy 6.4' };
}

/**
 * Routes the requests of a line with one registration that moves along a list; a line that has no list yet has one server.
 * @source redundancy reference sections 5.1, 6.2, 6.7
 */
export function decideOnList(facts: LineFacts, event: RouteEvent, rule: ListRule = rankedListRule): RouteVerdict {
  if (event.type === 'request.new') return forNewRequest(facts, event.method);
  if (facts.list !== undefined) return nextForRequest(facts.list, event, rule);
  return { next: 'deliver', rule: '6.4:single/no-other-server', source: 'redundancy 5.1, 5.8' };
}
