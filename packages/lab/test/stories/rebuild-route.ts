import type { Decision, Leg } from '@offhook/core';

/* A route, rebuilt from the decision stream alone: nothing here has seen a packet. */

/** One out-of-dialog request that must have left. */
export interface Departure {
  readonly line: string;
  readonly atMs: number;
  readonly method: string;
  /** The leg of a REGISTER, else the request's own number. */
  readonly id: string;
  readonly leg: Leg;
  readonly server: string;
  readonly rule: string;
  /** A REGISTER that withdraws. */
  readonly withdraws: boolean;
}

/** What a leg holds from a decision on. */
export interface LegState {
  /** Place of that decision in the stream. */
  readonly place: number;
  readonly boundUntilMs: number;
  readonly lastOk: boolean;
}

export interface Rebuilt {
  readonly departures: readonly Departure[];
  /** What a leg held at an instant, after so many decisions. */
  stateAt(line: string, leg: Leg, atMs: number, decided: number): { readonly bound: boolean; readonly usable: boolean };
}

const sending = new Set(['send', 'answer', 'register', 'refresh', 'recover', 'unregister']);

/** The REGISTERs of a return, and of what it leaves behind, go beside those of the leg. */
const besides = (rule: string): string => (rule.startsWith('D-08:') ? 'removal' : 'recovery');
const isBeside = ({ rule, outcome }: Decision): boolean =>
  outcome.action === 'recover' || rule.startsWith('6.3:recover') || rule.startsWith('D-08:');

/** What a decision is about: its request, or its leg. Decisions of one subject follow each other. */
function subjectOf(decision: Decision): string | undefined {
  const { line, request, leg, about, rule } = decision;
  if (request !== undefined && about !== 'inbound') return `${line} ${request.method} ${request.id}`;
  if (about !== 'registration' || leg === undefined) return undefined;
  return `${line} REGISTER ${leg}${isBeside(decision) ? ` ${besides(rule)}` : ''}`;
}

function rebuildDepartures(decisions: readonly Decision[]): readonly Departure[] {
  const departures: Departure[] = [];
  const pending = new Map<string, Departure>();
  const leave = (subject: string): void => {
    const departure = pending.get(subject);
    if (departure !== undefined) departures.push(departure);
    pending.delete(subject);
  };
  for (const decision of decisions) {
    const subject = subjectOf(decision);
    // A binding that runs out says nothing of the REGISTER under way.
    if (subject === undefined || decision.outcome.action === 'lost') continue;
    // The next decision about it says whether the former one found its way out.
    if (decision.inputs.connected === false || decision.inputs.registered === false) pending.delete(subject);
    const before = pending.get(subject);
    leave(subject);
    const { leg, server = '', action } = decision.outcome;
    if (!sending.has(action) || leg === undefined) continue;
    const { line, atMs, rule, request } = decision;
    const withdraws = action === 'unregister' || (action === 'answer' && before?.withdraws === true);
    pending.set(subject, {
      line,
      atMs,
      method: request?.method ?? 'REGISTER',
      id: request?.id ?? leg,
      leg,
      server,
      rule,
      withdraws,
    });
  }
  for (const subject of [...pending.keys()]) leave(subject);
  return departures.sort((a, b) => a.atMs - b.atMs);
}

const bothLegs = ['primary', 'alternate'] as const;
/** A leg begins with nothing. */
const beginnings = new Set(['6.1:line.start', '5.1:not-before']);

/** The last REGISTER has not ended well, or what it got is gone: a lost connection, a life that is over, another server. */
const failing = (action: string, rule: string, inputs: Decision['inputs']): boolean =>
  ['wait', 'reject'].includes(action) ||
  inputs.outcome === 'disconnect' ||
  rule === 'D-46:no-binding' ||
  (action === 'register' && !rule.startsWith('6.1:'));

function rebuildLegs(decisions: readonly Decision[]): ReadonlyMap<string, readonly LegState[]> {
  const legs = new Map<string, LegState[]>();
  const add = (line: string, leg: Leg, state: LegState): void => {
    legs.set(`${line} ${leg}`, [...(legs.get(`${line} ${leg}`) ?? []), state]);
  };
  for (const [place, { line, about, rule, leg, atMs, inputs, outcome }] of decisions.entries()) {
    if (rule === 'D-46:restart') for (const each of bothLegs) add(line, each, { place, boundUntilMs: 0, lastOk: false });
    if (about !== 'registration' || leg === undefined) continue;
    const boundUntilMs = legs.get(`${line} ${leg}`)?.at(-1)?.boundUntilMs ?? 0;
    if (rule === 'D-46:resume') add(line, leg, { place, boundUntilMs: Number(inputs.expiresAtMs), lastOk: true });
    else if (outcome.action === 'registered' || outcome.action === 'refreshed')
      add(line, leg, { place, boundUntilMs: atMs + Number(inputs.expiryS) * 1_000, lastOk: true });
    else if (outcome.action === 'lost' || outcome.action === 'off' || beginnings.has(rule))
      add(line, leg, { place, boundUntilMs: 0, lastOk: false });
    else if (failing(outcome.action, rule, inputs)) add(line, leg, { place, boundUntilMs, lastOk: false });
  }
  return legs;
}

/** Decisions in the order of the bus. */
export function rebuildRoute(decisions: readonly Decision[]): Rebuilt {
  const legs = rebuildLegs(decisions);
  return {
    departures: rebuildDepartures(decisions),
    stateAt(line, leg, atMs, decided) {
      const state = legs.get(`${line} ${leg}`)?.findLast(({ place }) => place < decided);
      const bound = (state?.boundUntilMs ?? 0) > atMs;
      return { bound, usable: bound && state?.lastOk === true };
    },
  };
}
