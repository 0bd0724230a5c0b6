import { repeat, report, type ServerEffect, type ServerStimulus, send, step, trying } from './server-machine.ts';
import { arm, disarm, end, type Machine, type Step, stay } from './step.ts';
import type { Timing } from './timing.ts';

/** The INVITE server transaction. @source RFC 3261 section 17.2.1, figure 7; RFC 6026 section 7.1 */
export interface InviteServerState {
  readonly name: 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';
  /** The most recent response. */
  readonly last: Uint8Array | undefined;
  /** What Timer G waits at present, ms. */
  readonly intervalMs: number;
}

type Next = Step<InviteServerState, ServerEffect>;
type StateFunction = (timing: Timing, state: InviteServerState, stimulus: ServerStimulus) => Next;

const begin = (timing: Timing): Next =>
  step({ name: 'proceeding', last: undefined, intervalMs: timing.t1Ms }, arm('trying', timing.tryingMs));

const proceeding: StateFunction = (timing, state, stimulus) => {
  switch (stimulus.type) {
    case 'request':
      return step(state, ...repeat(state.last));
    case 'respond':
      return respond(timing, state, stimulus.status, stimulus.bytes);
    case 'timer':
      return stimulus.timer === 'trying' && state.last === undefined ? step(state, trying) : stay(state);
    case 'transport':
      return timing.reliable
        ? step(terminated(state), end, report({ type: 'transport', failure: stimulus.failure }))
        : stay(state);
    case 'ack':
      return stay(state);
  }
};

function respond(timing: Timing, state: InviteServerState, status: number, bytes: Uint8Array): Next {
  const answered = state.last === undefined ? [disarm('trying')] : [];
  if (status < 200) return step({ ...state, last: bytes }, send(bytes), ...answered);
  if (status < 300)
    return step({ ...state, name: 'accepted', last: undefined }, send(bytes), ...answered, arm('L', timing.lingerMs));
  const completed: InviteServerState = { ...state, name: 'completed', last: bytes };
  return timing.reliable
    ? step(completed, send(bytes), ...answered, arm('H', timing.hMs))
    : step(completed, send(bytes), ...answered, arm('G', timing.t1Ms), arm('H', timing.hMs));
}

/** Repeats the final response, by Timer G and for each repeated INVITE, until its ACK or Timer H. */
const completed: StateFunction = (timing, state, stimulus) => {
  switch (stimulus.type) {
    case 'request':
      return step(state, ...repeat(state.last));
    case 'ack':
      return confirm(timing, state);
    case 'timer':
      if (stimulus.timer === 'H') return step(terminated(state), end, report({ type: 'timeout' }));
      return stimulus.timer === 'G' ? again(state, Math.min(2 * state.intervalMs, timing.t2Ms)) : stay(state);
    case 'transport':
      return timing.reliable ? step(terminated(state), end) : stay(state);
    case 'respond':
      return stay(state);
  }
};

const again = (state: InviteServerState, intervalMs: number): Next =>
  step({ ...state, intervalMs }, ...repeat(state.last), arm('G', intervalMs));

function confirm(timing: Timing, state: InviteServerState): Next {
  const acked = report({ type: 'acked' });
  if (timing.iMs === 0) return step(terminated(state), end, acked);
  return step({ ...state, name: 'confirmed', last: undefined }, disarm('G'), disarm('H'), arm('I', timing.iMs), acked);
}

/** Repeated ACKs end here until Timer I. */
const confirmed: StateFunction = (_timing, state, stimulus) =>
  stimulus.type === 'timer' && stimulus.timer === 'I' ? step(terminated(state), end) : stay(state);

/** RFC 6026: repeated INVITEs are absorbed; the 2xx is repeated by the user, who passes it through here. */
const accepted: StateFunction = (timing, state, stimulus) => {
  if (stimulus.type === 'respond' && stimulus.status >= 200 && stimulus.status < 300) return step(state, send(stimulus.bytes));
  const over = (stimulus.type === 'timer' && stimulus.timer === 'L') || (stimulus.type === 'transport' && timing.reliable);
  return over ? step(terminated(state), end) : stay(state);
};

const terminated = (state: InviteServerState): InviteServerState => ({ ...state, name: 'terminated' });

const states: Record<InviteServerState['name'], StateFunction> = {
  proceeding,
  completed,
  confirmed,
  accepted,
  terminated: (_timing, state) => stay(state),
};

export const inviteServer: Machine<InviteServerState, ServerStimulus, ServerEffect> = {
  begin,
  next: (timing, state, stimulus) => states[state.name](timing, state, stimulus),
};
