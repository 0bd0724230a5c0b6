import type { Ambient, CandidateMark, Decision } from '@offhook/core';

/** A decision before the line adds its number, instant and the candidates as they stand. */
export type DecisionDraft = Omit<Decision, 'seq' | 'atMs' | 'line' | 'candidates' | 'inputs'> & Partial<Pick<Decision, 'inputs'>>;

export interface DecisionLog {
  add(draft: DecisionDraft): void;
  /** The latest 32, oldest first. */
  recent(): readonly Decision[];
}

const kept = 32;
const noInputs: Decision['inputs'] = Object.freeze({});

/** Numbers a line's decisions, keeps the latest and hands each on. */
export function createDecisionLog(options: {
  readonly line: string;
  readonly ambient: Ambient;
  candidates(): readonly CandidateMark[];
  publish(decision: Decision): void;
}): DecisionLog {
  const ring: Decision[] = [];
  let seq = 0;
  return {
    add(draft) {
      seq += 1;
      const { about, rule, source, request, leg, inputs = noInputs, outcome, next } = draft;
      const decision: Decision = {
        seq,
        atMs: options.ambient.now(),
        line: options.line,
        about,
        rule,
        source,
        ...(request === undefined ? {} : { request }),
        ...(leg === undefined ? {} : { leg }),
        candidates: options.candidates(),
        inputs,
        outcome,
        ...(next === undefined ? {} : { next }),
      };
      ring.push(decision);
      if (ring.length > kept) ring.shift();
      options.publish(decision);
    },
    recent: () => ring,
  };
}

const seconds = (ms: number): string => `${Math.round(ms) / 1000} s`;

function describeMark(mark: CandidateMark, nowMs: number): string {
  const registration = mark.usable ? 'registered' : mark.bound ? 'bound, last REGISTER failed' : 'not registered';
  const down = mark.state === 'down' && mark.downSinceMs !== undefined ? `, down for ${seconds(nowMs - mark.downSinceMs)}` : '';
  const blocked =
    mark.blockedUntilMs !== undefined && mark.blockedUntilMs > nowMs
      ? `, blocked for ${seconds(mark.blockedUntilMs - nowMs)}`
      : '';
  return `${mark.leg} ${registration}${down}${blocked}`;
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
