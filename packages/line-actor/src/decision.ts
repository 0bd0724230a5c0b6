import { type CandidateMark, type Decision, type ScheduledMove, WrittenJson } from '@offhook/core';
import { decisionText, type KeptDecision, sharedKind } from './decision-json.ts';
import type { LineScope } from './line-scope.ts';

/** A decision before the line adds its number, instant and the candidates as they stand. */
export interface DecisionDraft extends Pick<Decision, 'about' | 'rule' | 'source' | 'outcome'> {
  readonly request?: Decision['request'] | undefined;
  readonly leg?: Decision['leg'] | undefined;
  readonly inputs?: Decision['inputs'];
  /** A move of the same leg, where there is one. */
  readonly next?: Omit<ScheduledMove, 'leg'> | undefined;
}

export interface DecisionLog {
  add(draft: DecisionDraft): void;
  /** The latest 32, oldest first. */
  recent(): readonly Decision[];
  /** The latest that said where new requests go, or that nowhere; it is kept longer than the others. */
  route(): Decision | undefined;
}

/** The line whose decisions are kept. */
export type DecisionLine = Pick<LineScope, 'config' | 'ambient' | 'candidates' | 'publish'>;

const limit = 32;
/** Decisions about a line that leave its route as it is. */
const routeless = ['wait', 'restart'];
const noInputs: Decision['inputs'] = Object.freeze({});

function isEmpty(inputs: object): boolean {
  for (const _ in inputs) return false;
  return true;
}

/** Numbers a line's decisions, keeps the latest and hands each on. */
class RingLog implements DecisionLog {
  private readonly line: DecisionLine;
  private readonly ring: KeptDecision[] = [];
  private count = 0;
  private latestRoute: { readonly kept: KeptDecision; readonly seq: number } | undefined = undefined;

  constructor(line: DecisionLine) {
    this.line = line;
  }

  add({ about, rule, source, request, leg, inputs = noInputs, outcome, next }: DecisionDraft): void {
    this.count += 1;
    const seq = this.count;
    const { ambient, config } = this.line;
    const kept: KeptDecision = {
      kind: sharedKind({ about, rule, source, request, leg, outcome, what: next?.what }),
      atMs: ambient.now(),
      candidates: this.line.candidates(),
      inputs: isEmpty(inputs) ? noInputs : inputs,
      nextAtMs: next?.atMs ?? 0,
    };
    this.ring.push(kept);
    if (this.ring.length > limit) this.ring.shift();
    if (about === 'line' && !routeless.includes(outcome.action)) this.latestRoute = { kept, seq };
    this.line.publish('decision', () => new WrittenJson(decisionText(kept, seq, config.id)));
  }

  recent(): readonly Decision[] {
    const first = this.count - this.ring.length + 1;
    return this.ring.map((kept, index) => this.whole(kept, first + index));
  }

  route(): Decision | undefined {
    const { latestRoute } = this;
    return latestRoute && this.whole(latestRoute.kept, latestRoute.seq);
  }

  private whole({ kind, atMs, candidates, inputs, nextAtMs }: KeptDecision, seq: number): Decision {
    const { about, rule, source, request, leg, outcome, what } = kind;
    const next = what === undefined ? {} : { next: { what, atMs: nextAtMs, ...(leg === undefined ? {} : { leg }) } };
    return {
      ...{ seq, atMs, line: this.line.config.id, about, rule, source },
      ...(request === undefined ? {} : { request }),
      ...(leg === undefined ? {} : { leg }),
      ...{ candidates, inputs, outcome },
      ...next,
    };
  }
}

export const createDecisionLog = (line: DecisionLine): DecisionLog => new RingLog(line);

const seconds = (ms: number): string => `${Math.round(ms) / 1000} s`;

function describeMark(mark: CandidateMark, nowMs: number): string {
  const registration = mark.usable ? 'registered' : mark.bound ? 'bound, last REGISTER failed' : 'not registered';
  const down = mark.state === 'down' && mark.downSinceMs !== undefined ? `, down for ${seconds(nowMs - mark.downSinceMs)}` : '';
  const blocked =
    mark.blockedUntilMs !== undefined && mark.blockedUntilMs > nowMs
      ? `, blocked for ${seconds(mark.blockedUntilMs - nowMs)}`
      : '';
  const name = mark.rank === undefined ? mark.leg : `${mark.server}${mark.current ? ' in use' : ''}`;
  return `${name} ${registration}${down}${blocked}`;
}

/** One readable sentence: what was chosen, by which rule, from what, and what comes next. */
export function describeDecision(decision: Decision): string {
  const { outcome, request, inputs, next } = decision;
  const about = request ? `${request.method} ${request.id}` : (decision.leg ?? decision.about);
  const where = outcome.leg ? ` -> ${outcome.leg}${outcome.server ? ` (${outcome.server})` : ''}` : '';
  const status = outcome.status === undefined ? '' : ` ${outcome.status}`;
  const reason = outcome.reason ? ` (${outcome.reason})` : '';
  const because = Object.entries(inputs).map(
    ([name, value]) => `${name}=${name.endsWith('AtMs') ? seconds(Number(value) - decision.atMs) : value}`,
  );
  const marks = decision.candidates.map((mark) => describeMark(mark, decision.atMs));
  const then = next ? `; ${next.leg ? `${next.leg} ` : ''}${next.what} in ${seconds(next.atMs - decision.atMs)}` : '';
  return `${about}: ${outcome.action}${status}${where}${reason} by ${decision.rule} [${[...because, ...marks].join('; ')}]${then}`;
}
