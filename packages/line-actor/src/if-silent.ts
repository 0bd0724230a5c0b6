import type { Leg, LineFacts, RouteEvent, RouteVerdict } from '@offhook/core';
import type { SipTimers } from '@offhook/sip';

/** One step of a request that nobody answers. */
export interface Attempt {
  /** Since the request began, ms. */
  readonly afterMs: number;
  readonly verdict: RouteVerdict;
  /** Where it is sent. */
  readonly server?: string;
}

/** Who is asked, and how long each silence lasts. */
interface Asked {
  readonly facts: LineFacts;
  readonly timers: SipTimers;
  decide(facts: LineFacts, event: RouteEvent): RouteVerdict;
}

type Send = Extract<RouteVerdict, { next: 'send' }>;

const serverOf = ({ leg, server }: Send, { candidates, list }: LineFacts): string | undefined =>
  server ?? list?.current ?? candidates.find((mark) => mark.leg === leg)?.server;

/** The facts after a server has kept silent: time has passed, and a server of a list is marked. */
function silenced(facts: LineFacts, server: string, nowMs: number): LineFacts {
  const { list, candidates } = facts;
  if (list === undefined) return { ...facts, nowMs };
  const mark = <Entry extends { readonly server: string }>(entry: Entry): Entry =>
    entry.server === server ? { ...entry, state: 'down', downSinceMs: nowMs } : entry;
  return { ...facts, nowMs, candidates: candidates.map(mark), list: { ...list, nowMs, servers: list.servers.map(mark) } };
}

/** New requests go where the failed one goes on to. */
function moved(facts: LineFacts, failed: string | undefined, server: string): LineFacts {
  const { list } = facts;
  if (list === undefined || list.current !== failed) return facts;
  return { ...facts, list: { ...list, current: server, failedOverAtMs: facts.nowMs } };
}

/**
 * Asks the mechanism what it would do with a request that no server answers, as the marks stand now: a pure look ahead. One that sends it
 * twice to the same server is followed no further.
 * @param first what it says of the new request
 * @source redundancy reference sections 5.6, 5.8, 6.2, 6.4
 */
export function ifSilent({ facts: now, timers, decide }: Asked, method: string, first: RouteVerdict): readonly Attempt[] {
  let facts = now;
  let verdict = first;
  const tried: Leg[] = [];
  const servers: string[] = [];
  const attempts: Attempt[] = [];
  while (verdict.next === 'send') {
    const server = serverOf(verdict, facts) ?? '';
    if (servers.includes(server)) return attempts;
    facts = moved(facts, servers.at(-1), server);
    attempts.push({ afterMs: facts.nowMs - now.nowMs, verdict, server });
    tried.push(verdict.leg);
    servers.push(server);
    // A REGISTER that has to come first keeps the request back: its silence is that of Timer F.
    const waitMs = method === 'INVITE' && verdict.register !== true ? timers.timerBMs : timers.timerFMs;
    facts = silenced(facts, server, facts.nowMs + waitMs);
    verdict = decide(facts, { type: 'request.failed', method, tried: [...tried], servers: [...servers], outcome: 'no-response' });
  }
  return [...attempts, { afterMs: facts.nowMs - now.nowMs, verdict }];
}
