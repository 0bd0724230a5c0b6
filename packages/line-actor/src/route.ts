import type { CandidateMark, Leg, OutcomeClass, RouteEvent, RouteVerdict } from '@offhook/core';
import type { DecisionDraft } from './decision.ts';
import type { LineScope } from './line-scope.ts';
import { classify, type RequestEnd } from './outcome.ts';

/** Asks the ruling mechanism about one request and records each answer as a decision. */
export interface RequestRoute {
  /** Where a new request goes first. */
  first(): RouteVerdict;
  /** After it ended badly on the leg tried last; undefined when it ended well. */
  after(end: RequestEnd): RouteVerdict | undefined;
  /** The server tried last gets it once more: that challenge is answered, or that redirection followed. */
  again(status: number): void;
  /** Something else than the tables ends it, or says where it stays. */
  note(decision: Pick<DecisionDraft, 'rule' | 'source' | 'inputs' | 'outcome'>): void;
}

/** What a route needs of its line. */
export type RouteLine = Pick<LineScope, 'config' | 'decide' | 'facts' | 'candidates' | 'note' | 'failedAt' | 'follow'>;

/** The server a request is sent to. */
const serverOf = ({ leg, server }: Extract<RouteVerdict, { next: 'send' }>, candidates: readonly CandidateMark[]) =>
  server ??
  candidates.find((mark) => mark.leg === leg && mark.current !== undefined)?.server ??
  candidates.find((mark) => mark.leg === leg)?.server;

/** What a verdict means, in the words of a decision. */
function outcomeOf(
  verdict: RouteVerdict,
  candidates: readonly CandidateMark[],
  end: RequestEnd | undefined,
): DecisionDraft['outcome'] {
  if (verdict.next === 'send') {
    const server = serverOf(verdict, candidates);
    return { action: 'send', leg: verdict.leg, ...(server === undefined ? {} : { server }) };
  }
  if (verdict.next === 'refuse') return { action: 'refuse', status: verdict.status, reason: verdict.reason };
  if (verdict.next === 'queue') return { action: 'queue', reason: 'not-registered' };
  return { action: 'deliver', ...(end?.type === 'final' ? { status: end.status } : { reason: end?.type ?? 'failed' }) };
}

const challenged = { rule: '5.8:challenge', source: 'redundancy 5.8, D-44' };
const redirected = { rule: '3.4:redirection', source: 'redundancy 3.4 Max Redirection; RFC 3261 section 8.1.3.4' };

export function createRequestRoute(line: RouteLine, request: { readonly method: string; readonly id: string }): RequestRoute {
  const tried: Leg[] = [];
  const servers: string[] = [];
  const about = request.method === 'INVITE' ? 'call' : 'request';

  /** The server the request is at. */
  function place(): Pick<DecisionDraft['outcome'], 'leg' | 'server'> {
    const leg = tried.at(-1);
    const server = servers.at(-1);
    return { ...(leg === undefined ? {} : { leg }), ...(server === undefined ? {} : { server }) };
  }

  function ask(event: RouteEvent, end?: RequestEnd, outcome?: OutcomeClass): RouteVerdict {
    const facts = line.facts();
    const verdict = line.decide(facts, event);
    const inputs: Record<string, string | number | boolean> = {};
    if (outcome !== undefined) inputs.outcome = outcome;
    if (end?.type === 'final') inputs.code = end.status;
    if (end?.type === 'transport' && end.connected === false) inputs.connected = false;
    if (end?.type === 'register') inputs.registered = false;
    if (end?.type === 'transport' && end.detail !== undefined) inputs.detail = end.detail;
    const next = verdict.next === 'queue' ? { what: 'queue-timeout', atMs: facts.nowMs + verdict.forMs } : undefined;
    line.note({
      about,
      rule: verdict.rule,
      source: verdict.source,
      request,
      inputs,
      outcome: outcomeOf(verdict, facts.candidates, end),
      ...(next === undefined ? {} : { next }),
    });
    if (verdict.next === 'send') tried.push(verdict.leg);
    if (verdict.next === 'send') servers.push(serverOf(verdict, facts.candidates) ?? '');
    return verdict;
  }

  return {
    first: () => ask({ type: 'request.new', method: request.method }),
    after(end) {
      const outcome = classify(end, line.config.phone.tryBackupRsc);
      if (outcome === undefined) return undefined;
      const status = end.type === 'final' ? { status: end.status } : {};
      const failed = servers.at(-1) ?? '';
      line.failedAt(tried.at(-1) ?? 'primary', failed, request.method, outcome);
      const verdict = ask({ type: 'request.failed', method: request.method, tried, servers, outcome, ...status }, end, outcome);
      line.follow(verdict, failed);
      return verdict;
    },
    again(status) {
      const { rule, source } = status < 400 ? redirected : challenged;
      line.note({ about, rule, source, request, inputs: { code: status }, outcome: { action: 'answer', ...place() } });
    },
    note: (decision) => line.note({ ...decision, about, request, outcome: { ...decision.outcome, ...place() } }),
  };
}
