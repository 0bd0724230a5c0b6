import type { CandidateMark, RouteVerdict } from '@offhook/core';
import type { Attempt, Explanation, Formula, LegStatus, PlannedMove } from '@offhook/runtime';
import { type ClockText, longSpanText, offsetText } from './clock-text.ts';

/* An explanation in words, for the text and for the diagram alike. */

const registrations: Readonly<Record<string, string>> = {
  off: 'off',
  registering: 'registering',
  refreshing: 'renewing',
  waiting: 'failed',
  rejected: 'refused',
  unregistering: 'withdrawing',
};

export function legState(leg: LegStatus): string {
  if (leg.usable) return 'registered';
  return leg.bound ? 'not renewed' : (registrations[leg.registration] ?? leg.registration);
}

/** The server of a list, or `the primary`. */
const legName = ({ servers }: Explanation, leg: string | undefined, server: string | undefined): string =>
  servers !== undefined && server !== undefined ? server : `the ${leg ?? 'server'}`;

/** Where new requests go, as far as the line knows; undefined where none would be sent. */
function serverInUse(found: Explanation): CandidateMark | undefined {
  const { servers, legs, ifNow } = found;
  if (servers !== undefined) return servers.find(({ current }) => current === true);
  const verdict = ifNow.INVITE;
  return verdict.next === 'send' ? legs.find(({ leg }) => leg === verdict.leg) : undefined;
}

/** In the words of the line chart, for people. */
export function routeWords(found: Explanation): string {
  const server = serverInUse(found)?.server ?? 'no server';
  const words: Readonly<Record<string, string>> = {
    onTop: `on top: new requests go to ${server}`,
    failedOver: `failed over: new requests go to ${server}`,
    recovering: `recovering: a better server is being asked, new requests go to ${server}`,
    outOfService: 'out of service: no server holds a working registration',
    draining: 'ending: calls end, registrations are withdrawn',
    restarting: 'restarting: registrations are withdrawn, then it begins anew',
    stopped: 'stopped',
    disabled: 'disabled: no user or no server is configured',
  };
  return words[found.route] ?? found.route;
}

/** One server as the line knows it now. */
export interface CandidateRow {
  readonly order: string;
  readonly server: string;
  readonly isInUse: boolean;
  readonly isUp: boolean;
  readonly tags: readonly string[];
  /** `UP`, `DOWN since 09:00:17.000 (11 min 4 s)`, `blocked until …` */
  readonly state: string;
}

export function candidateRow(mark: CandidateMark, order: string, nowMs: number, clock: ClockText): CandidateRow {
  const { server, state, downSinceMs, blockedUntilMs = 0, bound, usable, survivability, rank } = mark;
  const since =
    downSinceMs === undefined ? '' : ` since ${clock.near(downSinceMs, nowMs)} (${longSpanText(nowMs - downSinceMs)})`;
  const blocked =
    blockedUntilMs > nowMs
      ? `, blocked until ${clock.near(blockedUntilMs, nowMs)} (${longSpanText(blockedUntilMs - nowMs)} more)`
      : '';
  const tags = [
    usable ? 'registered here' : bound ? 'not renewed' : '',
    survivability === true ? 'gateway' : '',
    rank === undefined || survivability === true ? '' : `rank ${rank}`,
  ];
  return {
    order,
    server,
    isInUse: mark.current === true,
    isUp: state === 'up',
    tags: tags.filter((tag) => tag !== ''),
    state: `${state === 'up' ? 'UP' : `DOWN${since}`}${blocked}`,
  };
}

/** In the order they are tried. */
export function candidateRows(found: Explanation, clock: ClockText): readonly CandidateRow[] {
  const { servers, legs, atMs } = found;
  if (servers !== undefined) return servers.map((mark, i) => candidateRow(mark, String(i + 1), atMs, clock));
  const inUse = serverInUse(found);
  return legs.map((leg) => ({ ...candidateRow(leg, leg.leg, atMs, clock), isInUse: leg === inUse }));
}

export function verdictWords(found: Explanation, verdict: RouteVerdict, server?: string): string {
  switch (verdict.next) {
    case 'send': {
      const first = verdict.register === true ? ', once the line has registered there' : '';
      const at = server ?? verdict.server ?? serverInUse(found)?.server;
      return `goes to ${legName(found, verdict.leg, at)}${first}`;
    }
    case 'refuse':
      return `is refused with ${verdict.status} (${verdict.reason})`;
    case 'queue':
      return `waits for a registration, at most ${longSpanText(verdict.forMs)}`;
    default:
      return verdict.exhausted === true
        ? 'the failure goes to the caller, every server has been tried'
        : 'the failure goes to the caller';
  }
}

/** One step of a request that nobody answers; none when it is not sent at all. */
export interface SilentStep {
  readonly at: string;
  readonly words: string;
  readonly rule: string;
}

export const silentSteps = (found: Explanation, attempts: readonly Attempt[]): readonly SilentStep[] =>
  attempts.slice(1).map(({ afterMs, verdict, server }) => ({
    at: offsetText(afterMs),
    words: verdictWords(found, verdict, server),
    rule: verdict.rule,
  }));

export function moveWords(found: Explanation, { what, leg, server, latched }: PlannedMove): string {
  const at = legName(found, leg, server);
  const words: Readonly<Record<string, string>> = {
    refresh: `renewal at ${at}`,
    retry: `next try to register at ${at}`,
    expiry: `the registration at ${at} expires`,
    fallback: `return to ${at}`,
    subscribe: `renewal of the subscription at ${at}`,
  };
  return `${words[what] ?? what}${latched === true ? ', as soon as the last call has ended' : ''}`;
}

/** `09:00:17.000 (10.0.0.1 went down) + 1 × 600 s (Proxy Fallback Intvl)` */
export function formulaWords({ from, fromMs, step, stepMs, count, moreMs }: Formula, nowMs: number, clock: ClockText): string {
  const spans = count === 0 ? '' : ` + ${count} × ${stepMs / 1000} s (${step})`;
  const more = Math.abs(moreMs) < 1 ? '' : ` + ${longSpanText(moreMs)} (X Fallback Spread, or the rest of a Retry-After)`;
  return `${clock.near(fromMs, nowMs)} (${from})${spans}${more}`;
}

export const whenWords = (atMs: number, nowMs: number): string =>
  atMs <= nowMs ? 'due now' : `in ${longSpanText(atMs - nowMs)}`;
