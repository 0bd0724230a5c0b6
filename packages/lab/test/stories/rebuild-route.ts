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

const sending = new Set(['send', 'answer', 'register', 'refresh', 'unregister']);

/** What a decision is about: its request, or its leg. Decisions of one subject follow each other. */
function subjectOf({ line, request, leg, about }: Decision): string | undefined {
  if (request !== undefined && about !== 'inbound') return `${line} ${request.method} ${request.id}`;
  return about === 'registration' && leg !== undefined ? `${line} REGISTER ${leg}` : undefined;
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
    if (decision.inputs.connected === false) pending.delete(subject);
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

function rebuildLegs(decisions: readonly Decision[]): ReadonlyMap<string, readonly LegState[]> {
  const legs = new Map<string, LegState[]>();
  for (const [place, { line, about, leg, atMs, inputs, outcome }] of decisions.entries()) {
    if (about !== 'registration' || leg === undefined) continue;
    const history = legs.get(`${line} ${leg}`) ?? [];
    legs.set(`${line} ${leg}`, history);
    const boundUntilMs = history.at(-1)?.boundUntilMs ?? 0;
    if (outcome.action === 'registered' || outcome.action === 'refreshed')
      history.push({ place, boundUntilMs: atMs + Number(inputs.expiryS) * 1_000, lastOk: true });
    else if (outcome.action === 'lost' || outcome.action === 'off') history.push({ place, boundUntilMs: 0, lastOk: false });
    else if (['wait', 'reject'].includes(outcome.action) || inputs.outcome === 'disconnect')
      history.push({ place, boundUntilMs, lastOk: false });
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
