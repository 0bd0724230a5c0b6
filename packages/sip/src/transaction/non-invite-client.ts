import type { SipResponse } from '../codec/message.ts';
import { type ClientEffect, type ClientStimulus, report, send, step } from './client-machine.ts';
import { arm, disarm, end, type Machine, type Step, stay } from './step.ts';
import type { Timing } from './timing.ts';

/** The non-INVITE client transaction. @source RFC 3261 section 17.1.2, figure 6 */
export interface NonInviteClientState {
  readonly name: 'trying' | 'proceeding' | 'completed' | 'terminated';
  /** What Timer E waits at present, ms. */
  readonly intervalMs: number;
}

type Next = Step<NonInviteClientState, ClientEffect>;
type StateFunction = (timing: Timing, state: NonInviteClientState, stimulus: ClientStimulus) => Next;

/** Section 17.1.2.2: send, then wait with Timer F and, on a hop that loses datagrams, retransmit with Timer E. */
function begin(timing: Timing): Next {
  const state: NonInviteClientState = { name: 'trying', intervalMs: timing.t1Ms };
  return timing.reliable
    ? step(state, send, arm('F', timing.fMs))
    : step(state, send, arm('E', timing.t1Ms), arm('F', timing.fMs));
}

const trying: StateFunction = (timing, state, stimulus) =>
  waiting(timing, state, stimulus, Math.min(2 * state.intervalMs, timing.t2Ms));

/** As `trying`, but Timer E repeats at T2: the server is there and at work. */
const proceeding: StateFunction = (timing, state, stimulus) => waiting(timing, state, stimulus, timing.t2Ms);

function waiting(timing: Timing, state: NonInviteClientState, stimulus: ClientStimulus, intervalMs: number): Next {
  switch (stimulus.type) {
    case 'response':
      return answered(timing, state, stimulus.response);
    case 'timer':
      if (stimulus.timer === 'E') return step({ ...state, intervalMs }, send, arm('E', intervalMs));
      if (stimulus.timer === 'F') return step(terminated(state), end, report({ type: 'no-response', timer: 'F' }));
      return stay(state);
    case 'transport':
      return step(terminated(state), end, report({ type: 'transport', failure: stimulus.failure }));
    case 'abandon':
      return step(terminated(state), end);
    case 'cancel':
      return stay(state); // a CANCEL is for INVITE only (section 9.1)
  }
}

function answered(timing: Timing, state: NonInviteClientState, response: SipResponse): Next {
  if (response.status < 200) return step({ ...state, name: 'proceeding' }, report({ type: 'provisional', response }));
  const final = report({ type: 'final', response });
  if (timing.kMs === 0) return step(terminated(state), end, final);
  return step({ ...state, name: 'completed' }, disarm('E'), disarm('F'), arm('K', timing.kMs), final);
}

/** Retransmitted responses end here until Timer K. */
const completed: StateFunction = (_timing, state, stimulus) =>
  stimulus.type === 'timer' && stimulus.timer === 'K' ? step(terminated(state), end) : stay(state);

const terminated = (state: NonInviteClientState): NonInviteClientState => ({ ...state, name: 'terminated' });

const states: Record<NonInviteClientState['name'], StateFunction> = {
  trying,
  proceeding,
  completed,
  terminated: (_timing, state) => stay(state),
};

export const nonInviteClient: Machine<NonInviteClientState, ClientStimulus, ClientEffect> = {
  begin,
  next: (timing, state, stimulus) => states[state.name](timing, state, stimulus),
};
