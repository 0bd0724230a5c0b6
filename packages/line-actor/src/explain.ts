import {
  type Decision,
  type FallbackPlan,
  type LineFacts,
  type LineModeReason,
  type ListFacts,
  lineModeReason,
  type RouteEvent,
  type RouteVerdict,
  type ScheduledMove,
} from '@offhook/core';
import type { SipTimers } from '@offhook/sip';
import type { DecisionLog } from './decision.ts';
import { type Attempt, ifSilent } from './if-silent.ts';
import { type LegStatus, type LineParts, type LineStatus, statusOf } from './status.ts';
import type { MailboxStatus } from './subscriptions.ts';

/** How a scheduled instant comes to be: `fromMs + count * stepMs`, plus a random part where there is one. */
export interface Formula {
  /** What happened, or happens, at `fromMs`: `10.0.0.1:5060;udp went down`. */
  readonly from: string;
  readonly fromMs: number;
  /** What `stepMs` is: `Proxy Fallback Intvl`. */
  readonly step: string;
  readonly stepMs: number;
  readonly count: number;
  /** The random part that X Fallback Spread adds, or the rest of a Retry-After. */
  readonly moreMs: number;
}

export interface PlannedMove extends ScheduledMove {
  readonly rule: string;
  readonly source: string;
  readonly server?: string;
  readonly formula?: Formula;
  /** Its instant has come, and a call puts it off (D-24). */
  readonly latched?: true;
}

/** Which server is in use, by which rule, and what happens next. */
export interface Explanation extends LineStatus {
  readonly atMs: number;
  /** Why the line runs in its mode. */
  readonly because: LineModeReason;
  /** When the line came to its state of route. */
  readonly routeSinceMs: number;
  /** The decision that says where new requests go; undefined before the first. */
  readonly chosen?: Decision;
  /** What would be decided about a new request at this instant. */
  readonly ifNow: Readonly<Record<'INVITE' | 'MESSAGE', RouteVerdict>>;
  /** What would become of it if no server answered: where it goes one after another, and how it ends. */
  readonly ifSilent: Readonly<Record<'INVITE' | 'MESSAGE', readonly Attempt[]>>;
  /** Scheduled moves, soonest first. */
  readonly next: readonly PlannedMove[];
  /** Of a ranked list below its best server: why nothing is scheduled that leads back. */
  readonly stay?: { readonly rule: string; readonly source: string };
  readonly decisions: readonly Decision[];
}

/** What an explanation is made of. */
export interface ExplainedLine {
  readonly parts: LineParts;
  readonly facts: LineFacts;
  readonly decisions: DecisionLog;
  readonly timers: SipTimers;
  readonly routeSinceMs: number;
  decide(facts: LineFacts, event: RouteEvent): RouteVerdict;
}

type Way = Exclude<FallbackPlan, { action: 'stay' }>;

const clocks = [
  ['refresh', 'refreshAtMs', '6.1:registered/clock.refresh', 'redundancy 5.5'],
  ['retry', 'retryAtMs', '6.1:waiting/clock.retry', 'redundancy 6.1, 5.4'],
  ['expiry', 'expiresAtMs', '6.1:clock.expiry', 'redundancy 6.1'],
] as const;

/** The decision that armed a clock says by which rule it did. */
function armedBy(what: string, { leg }: LegStatus, atMs: number, decisions: readonly Decision[]): Decision | undefined {
  return decisions.findLast(({ next }) => next?.what === what && next.leg === leg && next.atMs === atMs);
}

function movesOf(leg: LegStatus, decisions: readonly Decision[]): readonly PlannedMove[] {
  return clocks.flatMap(([what, name, rule, source]): PlannedMove[] => {
    const atMs = leg[name];
    if (atMs === undefined) return [];
    const armed = what === 'retry' ? armedBy(what, leg, atMs, decisions) : undefined;
    const by = armed ?? { rule, source };
    return [{ what, leg: leg.leg, server: leg.server, atMs, rule: by.rule, source: by.source }];
  });
}

const interval = 'Proxy Fallback Intvl';

/** The instants and spans of 5.7, as the plan of a rule takes them. @source redundancy reference section 5.7 */
function formulaOf(way: Way, dueMs: number, facts: ListFacts): Formula | undefined {
  const { settings, failedOverAtMs = facts.nowMs, expiryMs = 0 } = facts;
  const heldSinceMs = facts.heldSinceMs ?? failedOverAtMs;
  const entry = facts.servers.find(({ server }) => server === way.servers[0]);
  const left = { from: 'the line left a better server', fromMs: failedOverAtMs };
  const down = entry?.downSinceMs === undefined ? left : { from: `${entry.server} went down`, fromMs: entry.downSinceMs };
  const held = { from: `the registration at ${facts.holder ?? facts.current} began`, fromMs: heldSinceMs };
  const build = (from: typeof left, step: string, stepMs: number): Formula => {
    const count = stepMs === 0 ? 0 : Math.round((way.atMs - from.fromMs) / stepMs);
    return { ...from, step, stepMs, count, moreMs: dueMs - from.fromMs - count * stepMs };
  };
  switch (way.rule) {
    case '5.7:interval':
      return build(down, interval, settings.fallbackMs);
    case '5.7:registration-ends':
      if (settings.clock === 'refresh') return build({ from: 'the registration ends', fromMs: way.atMs }, '', 0);
      return build(held, 'registration period', expiryMs);
    case '5.7:registration-period':
      // Nothing is held any more: there are no periods to wait for.
      return expiryMs === 0 ? build(down, interval, settings.fallbackMs) : build(held, 'registration period', expiryMs);
    case '5.7:refresh':
      return build(
        { from: 'the next refresh', fromMs: facts.refreshAtMs ?? way.atMs },
        'refresh period',
        facts.refreshPeriodMs ?? 0,
      );
    case '5.7:survivability':
      return build(held, 'Survivability Proxy Fallback Intvl', settings.survivabilityMs);
    default:
      return undefined;
  }
}

function renewals({ refreshAtMs, retryAtMs, leg = 'primary' }: MailboxStatus): readonly PlannedMove[] {
  const atMs = retryAtMs ?? refreshAtMs;
  return atMs === undefined
    ? []
    : [{ what: 'subscribe', atMs, leg, rule: '6.8:refresh', source: 'redundancy 6.8; RFC 6665 section 4.1.2.2' }];
}

function fallbackOf({ list }: LineParts, facts: ListFacts | undefined): readonly PlannedMove[] {
  const way = list?.fallback.planned();
  if (list === undefined || way === undefined) return [];
  const atMs = list.fallback.next()?.atMs ?? way.atMs;
  const formula = facts && formulaOf(way, atMs, facts);
  const { rule, source, servers } = way;
  return [
    {
      ...{ what: 'fallback', leg: 'primary', server: servers[0], atMs, rule, source },
      ...(formula === undefined ? {} : { formula }),
      ...(list.fallback.isLatched ? { latched: true as const } : {}),
    },
  ];
}

function stayOf({ list }: LineParts, facts: ListFacts | undefined): Pick<Explanation, 'stay'> {
  const plan = list?.servers.isOnTop() === false && facts !== undefined ? list.rule.fallback(facts) : undefined;
  return plan?.action === 'stay' ? { stay: { rule: plan.rule, source: plan.source } } : {};
}

/** A list that only DNS knows shows in the mode, not in the configuration. */
function reasonOf({ config, mode }: LineParts): LineModeReason {
  const reason = lineModeReason(config);
  if (mode !== 'list' || reason.mode === mode) return reason;
  return { mode, rule: '5.1:3', because: 'DNS names the servers of the line' };
}

export function explainLine(line: ExplainedLine): Explanation {
  const { parts, facts, decisions, routeSinceMs } = line;
  const status = statusOf(parts);
  const recent = decisions.recent();
  const chosen = decisions.route();
  const ask = (method: string): RouteVerdict => line.decide(facts, { type: 'request.new', method });
  const ifNow = { INVITE: ask('INVITE'), MESSAGE: ask('MESSAGE') };
  return {
    ...status,
    atMs: facts.nowMs,
    because: reasonOf(parts),
    routeSinceMs,
    ...(chosen === undefined ? {} : { chosen }),
    ifNow,
    ifSilent: { INVITE: ifSilent(line, 'INVITE', ifNow.INVITE), MESSAGE: ifSilent(line, 'MESSAGE', ifNow.MESSAGE) },
    next: [
      ...status.legs.flatMap((leg) => movesOf(leg, recent)),
      ...fallbackOf(parts, facts.list),
      ...status.subscriptions.flatMap(renewals),
    ].sort((a, b) => a.atMs - b.atMs),
    ...stayOf(parts, facts.list),
    decisions: recent,
  };
}
