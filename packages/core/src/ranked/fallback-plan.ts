import type { FallbackPlan, ListFacts, RankedServer } from '../contracts/ranked-list.ts';

/**
 * When and how a line returns to a better server.
 * @source redundancy reference section 5.7; D-02, D-03, D-04, D-09, D-25
 */

const source = 'redundancy 5.7';
const never = Number.POSITIVE_INFINITY;

const stay = (rule: string, from = source): FallbackPlan => ({ action: 'stay', rule, source: from });

/** First tick `origin + k·period`, k = 1, 2…, that is not before `atMs`; `strict`: that is after it. */
function tick(originMs: number, periodMs: number, atMs: number, strict = false): number {
  if (!Number.isFinite(periodMs)) return never;
  const k = (atMs - originMs) / periodMs;
  return originMs + Math.max(1, strict ? Math.floor(k) + 1 : Math.ceil(k)) * periodMs;
}

/** A way back to one better server. */
interface Way {
  readonly entry: RankedServer;
  readonly atMs: number;
  readonly action: 'flip' | 'recover';
  readonly register: boolean;
  readonly rule: string;
  readonly source: string;
}

type Found = Pick<Way, 'atMs' | 'action' | 'register' | 'rule' | 'source'>;

/** The interval alone, or what ends the registration period first: no REGISTER is needed to move (AR = No). */
function flipWay(facts: ListFacts, fromMs: number): Found {
  const { fallbackMs } = facts.settings;
  const { heldSinceMs = fromMs, expiryMs = never } = facts;
  const periodEndMs = tick(heldSinceMs, expiryMs, fromMs, true);
  const intervalEndMs = fromMs + fallbackMs;
  const byPeriod = periodEndMs <= intervalEndMs;
  return {
    action: 'flip',
    atMs: byPeriod ? periodEndMs : intervalEndMs,
    register: byPeriod,
    rule: byPeriod ? '5.7:registration-ends' : '5.7:interval',
    source: expiryMs === never ? `${source}, D-25` : `${source}, D-02`,
  };
}

/** Clock of refreshes, AR = No: the interval, or the end of the binding that is held. */
function flipByExpiry(facts: ListFacts, fromMs: number): Found {
  const { expiresAtMs = never, settings } = facts;
  const intervalEndMs = fromMs + settings.fallbackMs;
  const byExpiry = expiresAtMs <= intervalEndMs;
  return {
    action: 'flip',
    atMs: byExpiry ? expiresAtMs : intervalEndMs,
    register: byExpiry,
    rule: byExpiry ? '5.7:registration-ends' : '5.7:interval',
    source: `${source}, D-03`,
  };
}

const recover = (atMs: number, rule: string, from: string): Found => ({
  action: 'recover',
  atMs,
  register: true,
  rule,
  source: `${source}, ${from}`,
});

/** Ticks of the registration period: the first at which the interval is over. */
function recoverByPeriod(facts: ListFacts, fromMs: number): Found {
  const { heldSinceMs = fromMs, expiryMs = never, settings } = facts;
  const dueMs = fromMs + settings.fallbackMs;
  return recover(expiryMs === never ? dueMs : tick(heldSinceMs, expiryMs, dueMs), '5.7:registration-period', 'D-02, D-03');
}

/** The first refresh at which the interval is over goes to the better server. */
function recoverByRefresh(facts: ListFacts, fromMs: number): Found {
  const { refreshAtMs, refreshPeriodMs = never, settings } = facts;
  const dueMs = fromMs + settings.fallbackMs;
  if (refreshAtMs === undefined) return recover(dueMs, '5.7:interval', 'D-03');
  return recover(refreshAtMs >= dueMs ? refreshAtMs : tick(refreshAtMs, refreshPeriodMs, dueMs), '5.7:refresh', 'D-03');
}

function wayTo(entry: RankedServer, facts: ListFacts, fromMs: number): Way {
  const { settings } = facts;
  const { autoRegister, clock, isStream, fallbackMs } = settings;
  const byInterval = clock === 'refresh' && isStream;
  const found = autoRegister
    ? byInterval
      ? recover(fromMs + fallbackMs, '5.7:interval', 'D-04')
      : clock === 'refresh'
        ? recoverByRefresh(facts, fromMs)
        : recoverByPeriod(facts, fromMs)
    : byInterval
      ? ({
          action: 'flip',
          atMs: fromMs + fallbackMs,
          register: false,
          rule: '5.7:interval',
          source: `${source}, D-04`,
        } as const)
      : clock === 'refresh'
        ? flipByExpiry(facts, fromMs)
        : flipWay(facts, fromMs);
  return { entry, ...found, atMs: Math.max(found.atMs, entry.notBeforeMs ?? 0) };
}

/** Out of the gateway tier: at every interval since the registration with it, the normal servers are asked from the top; those that forbid it are not. */
function leaveGateway(facts: ListFacts): FallbackPlan {
  const { servers, settings, nowMs, heldSinceMs = facts.failedOverAtMs ?? nowMs } = facts;
  const normal = servers.filter(({ survivability }) => !survivability);
  if (normal.length === 0) return stay('5.7:no-better-server');
  if (settings.survivabilityMs === 0)
    return stay('5.7:no-survivability-interval', `${source}; manual: Survivability Proxy Fallback Intvl`);
  const openMs = Math.min(...normal.map(({ notBeforeMs = 0 }) => notBeforeMs));
  const nextMs = tick(heldSinceMs, settings.survivabilityMs, nowMs, true);
  const atMs = Math.max(nextMs, tick(heldSinceMs, settings.survivabilityMs, openMs));
  const [first, ...rest] = normal.filter(({ notBeforeMs = 0 }) => notBeforeMs <= atMs).map(({ server }) => server);
  if (first === undefined) return stay('5.7:no-better-server');
  return {
    action: 'recover',
    atMs,
    servers: [first, ...rest],
    register: true,
    rule: '5.7:survivability',
    source: `${source}, D-22`,
  };
}

/** The return to the better server that can be had first; among equals the best ranked. */
export function fallbackPlan(facts: ListFacts): FallbackPlan {
  const current = facts.servers.find(({ server }) => server === facts.current);
  if (current === undefined) return stay('5.7:no-current-server');
  if (current.survivability) return leaveGateway(facts);
  const better = facts.servers.filter(({ rank, survivability }) => rank < current.rank && !survivability);
  if (better.length === 0) return stay('5.7:on-top');
  if (facts.settings.fallbackMs === 0) return stay('5.7:no-interval', `${source}, D-09`);
  const { failedOverAtMs = facts.nowMs } = facts;
  const ways = better.map((entry) => wayTo(entry, facts, entry.downSinceMs ?? failedOverAtMs));
  const best = ways.reduce((a, b) => (b.atMs < a.atMs ? b : a));
  const { action, atMs, register, rule } = best;
  return { action, atMs, servers: [best.entry.server], register, rule, source: best.source };
}
