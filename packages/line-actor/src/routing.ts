import type { CandidateMark, Leg, LineFacts, RouteEvent, RouteVerdict } from '@offhook/core';

/**
 * Which server serves a new request, and why: pure tables. In-dialog requests never come here (6.5).
 * @source redundancy reference tables 6.4, 6.7; D-38, D-39, D-41
 */

const source64 = 'redundancy 6.4';

/** Requests held while nothing is registered: at most so long (6.4). */
const queueForMs = 32_000;

const send = (leg: Leg, rule: string, source = source64): RouteVerdict => ({ next: 'send', leg, rule, source });
const deliver = (rule: string, source = source64): RouteVerdict => ({ next: 'deliver', rule, source });
const find = (facts: LineFacts, leg: Leg): CandidateMark | undefined => facts.candidates.find((mark) => mark.leg === leg);

/** Nothing is bound: calls are gated (6.7), other requests wait for a registration. */
function unregistered(facts: LineFacts, method: string): RouteVerdict {
  if (!facts.registers) return send('primary', '6.7:register-no', 'redundancy 6.7, D-41');
  if (facts.makeCallWithoutReg) return send('primary', '6.4:none-registered/mcwr', 'redundancy 6.4, 6.7');
  if (method === 'INVITE') {
    return { next: 'refuse', status: 480, reason: 'not-registered', rule: '6.7:not-registered', source: 'redundancy 6.7' };
  }
  return { next: 'queue', forMs: queueForMs, rule: '6.4:none-registered/queue', source: source64 };
}

/** One server: it is used while it holds a binding; there is nowhere else to go. */
export function routeSingle(facts: LineFacts, event: RouteEvent): RouteVerdict {
  if (event.type === 'request.failed') return deliver('6.4:single/no-other-server', 'redundancy 5.1, 5.8');
  return find(facts, 'primary')?.bound ? send('primary', '6.7:registered', 'redundancy 6.7') : unregistered(facts, event.method);
}

/** The dual routing matrix: columns P and A ask "usable"; when none is, the bound ones are tried, P then A (D-38). */
export function routeDual(facts: LineFacts, event: RouteEvent): RouteVerdict {
  const primary = find(facts, 'primary');
  const alternate = find(facts, 'alternate');
  if (event.type === 'request.failed') return afterFailure(facts, event, primary, alternate);
  if (isSuspect(facts, event.method, primary) && alternate?.usable)
    return send('alternate', 'D-14:primary-suspect', 'redundancy 3.10 X_Primary_Suspect_Hold, D-14');
  if (primary?.usable) return send('primary', alternate?.usable ? '6.4:both-usable' : '6.4:primary-only');
  if (alternate?.usable) return send('alternate', '6.4:alternate-only');
  if (primary?.bound) return send('primary', '6.4:bound-only', 'redundancy 6.4, D-38');
  if (alternate?.bound) return send('alternate', '6.4:bound-only', 'redundancy 6.4, D-38');
  return unregistered(facts, event.method);
}

/** A call that timed out there a moment ago would time out again. */
const isSuspect = ({ nowMs }: LineFacts, method: string, primary: CandidateMark | undefined): boolean =>
  method === 'INVITE' && (primary?.suspectUntilMs ?? 0) > nowMs;

function afterFailure(
  facts: LineFacts,
  event: Extract<RouteEvent, { type: 'request.failed' }>,
  primary: CandidateMark | undefined,
  alternate: CandidateMark | undefined,
): RouteVerdict {
  if (event.outcome === 'reject') return deliver('6.4:reject-is-final', 'redundancy 6.4 invariant 6, D-01');
  if (event.tried.includes('alternate')) return deliver(event.tried.length > 1 ? '6.4:both-failed' : '6.4:alternate-failed');
  if (alternate?.usable) return send('alternate', `6.4:primary-failed/${event.outcome}`);
  if (alternate?.bound && !primary?.usable) return send('alternate', `6.4:bound-only/${event.outcome}`, 'redundancy 6.4, D-38');
  const mayCall = facts.makeCallWithoutReg || !facts.registers;
  if (mayCall && (event.method === 'INVITE' || !primary?.usable)) {
    return send('alternate', `6.4:alternate-unregistered/${event.outcome}`, 'redundancy 6.4, D-39');
  }
  return deliver('6.4:alternate-not-registered', 'redundancy 6.4, D-39');
}
