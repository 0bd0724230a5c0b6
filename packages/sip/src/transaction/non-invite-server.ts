import { repeat, report, type ServerEffect, type ServerStimulus, send, step } from './server-machine.ts';
import { arm, disarm, end, type Machine, type Step, stay } from './step.ts';
import type { Timing } from './timing.ts';

/** The non-INVITE server transaction. @source RFC 3261 section 17.2.2, figure 8 */
export interface NonInviteServerState {
  readonly name: 'trying' | 'proceeding' | 'completed' | 'terminated';
  /** The most recent response; undefined in `trying`. */
  readonly last: Uint8Array | undefined;
}

type Next = Step<NonInviteServerState, ServerEffect>;
type StateFunction = (timing: Timing, state: NonInviteServerState, stimulus: ServerStimulus) => Next;

/** After 64*T1 the client has given up, so an answer would be for nobody (RFC 4320 section 4.2). */
const begin = (timing: Timing): Next => step({ name: 'trying', last: undefined }, arm('unanswered', timing.lingerMs));

/** `trying` and `proceeding`: the difference is whether there is a response to repeat. */
const pending: StateFunction = (timing, state, stimulus) => {
  switch (stimulus.type) {
    case 'request':
      return step(state, ...repeat(state.last));
    case 'respond':
      return respond(timing, state, stimulus.status, stimulus.bytes);
    case 'timer':
      return stimulus.timer === 'unanswered' ? step(terminated(state), end) : stay(state);
    case 'transport':
      return timing.reliable
        ? step(terminated(state), end, report({ type: 'transport', failure: stimulus.failure }))
        : stay(state);
    case 'ack':
      return stay(state);
  }
};

function respond(timing: Timing, state: NonInviteServerState, status: number, bytes: Uint8Array): Next {
  if (status < 200) return step({ name: 'proceeding', last: bytes }, send(bytes));
  if (timing.jMs === 0) return step(terminated(state), send(bytes), end);
  return step({ name: 'completed', last: bytes }, send(bytes), disarm('unanswered'), arm('J', timing.jMs));
}

/** Repeats the final response until Timer J; anything else the user sends is discarded. */
const completed: StateFunction = (timing, state, stimulus) => {
  if (stimulus.type === 'request') return step(state, ...repeat(state.last));
  const over = (stimulus.type === 'timer' && stimulus.timer === 'J') || (stimulus.type === 'transport' && timing.reliable);
  return over ? step(terminated(state), end) : stay(state);
};

const terminated = (state: NonInviteServerState): NonInviteServerState => ({ ...state, name: 'terminated' });

const states: Record<NonInviteServerState['name'], StateFunction> = {
  trying: pending,
  proceeding: pending,
  completed,
  terminated: (_timing, state) => stay(state),
};

export const nonInviteServer: Machine<NonInviteServerState, ServerStimulus, ServerEffect> = {
  begin,
  next: (timing, state, stimulus) => states[state.name](timing, state, stimulus),
};
