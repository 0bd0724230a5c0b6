import type { FlowFailure } from '@offhook/core';
import type { SipResponse } from '../codec/message.ts';
import {
  ack,
  type ClientEffect,
  type ClientEvent,
  type ClientStimulus,
  cancel,
  hangUp,
  report,
  send,
  step,
} from './client-machine.ts';
import { arm, disarm, end, type Machine, type Step, stay } from './step.ts';
import type { Timing } from './timing.ts';

/**
 * The INVITE client transaction, with one state more than the RFCs draw: `abandoned`. There the user has had his answer (Timer B, a
 * refused datagram) while the server may still be at work, so a late 1xx is cancelled and a late 2xx hung up.
 * @source RFC 3261 section 17.1.1 figure 5 and section 9.1, RFC 6026 section 7.2, D-19, D-21
 */
export interface InviteClientState {
  readonly name: 'calling' | 'proceeding' | 'completed' | 'accepted' | 'abandoned' | 'terminated';
  /** What Timer A waits at present, ms. */
  readonly intervalMs: number;
  /** `wished`: the CANCEL waits for a provisional response. */
  readonly cancel: 'no' | 'wished' | 'sent';
  /** Somebody listens; otherwise nothing is reported and a 2xx is hung up. */
  readonly wanted: boolean;
}

type Next = Step<InviteClientState, ClientEffect>;
type StateFunction = (timing: Timing, state: InviteClientState, stimulus: ClientStimulus) => Next;

/** Section 17.1.1.2: send, then wait with Timer B and, on a hop that loses datagrams, retransmit with Timer A. */
function begin(timing: Timing): Next {
  const state: InviteClientState = { name: 'calling', intervalMs: timing.t1Ms, cancel: 'no', wanted: true };
  return timing.reliable
    ? step(state, send, arm('B', timing.bMs))
    : step(state, send, arm('A', timing.t1Ms), arm('B', timing.bMs));
}

const calling: StateFunction = (timing, state, stimulus) => {
  switch (stimulus.type) {
    case 'response':
      return stimulus.response.status < 200
        ? firstProvisional(timing, state, stimulus.response)
        : final(timing, state, stimulus.response);
    case 'timer':
      if (stimulus.timer === 'A') {
        const intervalMs = 2 * state.intervalMs;
        return step({ ...state, intervalMs }, send, arm('A', intervalMs));
      }
      return stimulus.timer === 'B' ? abandon(timing, state, { type: 'no-response', timer: 'B' }) : stay(state);
    case 'transport':
      return flowFailed(timing, state, stimulus.failure);
    case 'cancel':
      return stay({ ...state, cancel: stimulus.sent ? 'sent' : 'wished' });
    case 'abandon':
      return stay({ ...state, cancel: state.cancel === 'no' ? 'wished' : state.cancel, wanted: false });
  }
};

/** D-19: from here on no timer ends the INVITE; that is left to its user. */
function firstProvisional(timing: Timing, state: InviteClientState, response: SipResponse): Next {
  const stopped = running(timing, state);
  const heard = told(state, { type: 'provisional', response });
  if (state.cancel === 'no') return step({ ...state, name: 'proceeding' }, ...stopped, ...heard);
  const { effects } = cancelled(timing, { ...state, cancel: 'no' }, state.cancel === 'sent');
  return step({ ...state, name: 'proceeding', cancel: 'sent' }, ...stopped, ...effects, ...heard);
}

const proceeding: StateFunction = (timing, state, stimulus) => {
  switch (stimulus.type) {
    case 'response':
      if (stimulus.response.status >= 200) return final(timing, state, stimulus.response);
      return step(state, ...told(state, { type: 'provisional', response: stimulus.response }));
    case 'timer':
      if (stimulus.timer !== 'cancel') return stay(state);
      return step(terminated(state), end, ...told(state, { type: 'no-response', timer: 'cancel' }));
    case 'transport':
      return flowFailed(timing, state, stimulus.failure);
    case 'cancel':
      return cancelled(timing, state, stimulus.sent);
    case 'abandon':
      return cancelled(timing, { ...state, wanted: false }, false);
  }
};

/** Section 9.1: one CANCEL, and 64*T1 for the final response it provokes. */
function cancelled(timing: Timing, state: InviteClientState, sent: boolean): Next {
  if (state.cancel === 'sent') return stay(state);
  const waiting = arm('cancel', timing.lingerMs);
  return sent ? step({ ...state, cancel: 'sent' }, waiting) : step({ ...state, cancel: 'sent' }, cancel, waiting);
}

/** RFC 3261 section 17.1.1.2 for 3xx-6xx; RFC 6026 section 7.2 for 2xx. */
function final(timing: Timing, state: InviteClientState, response: SipResponse): Next {
  const stopped = running(timing, state);
  const heard = told(state, { type: 'final', response });
  if (response.status < 300) {
    const accepted: InviteClientState = { ...state, name: 'accepted' };
    return state.wanted
      ? step(accepted, ...stopped, arm('M', timing.lingerMs), ...heard)
      : step(accepted, ...stopped, hangUp(response), arm('M', timing.lingerMs));
  }
  return timing.dMs === 0
    ? step(terminated(state), ack(response), end, ...heard)
    : step({ ...state, name: 'completed' }, ...stopped, ack(response), arm('D', timing.dMs), ...heard);
}

/** A retransmitted 3xx-6xx means that our ACK was lost. */
const completed: StateFunction = (timing, state, stimulus) => {
  if (stimulus.type === 'response' && stimulus.response.status >= 300) return step(state, ack(stimulus.response));
  return over(timing, state, stimulus, 'D');
};

/** RFC 6026: every 2xx goes up, retransmissions and other forks alike; whoever accepted the call sends its ACK. */
const accepted: StateFunction = (timing, state, stimulus) => {
  if (stimulus.type === 'response' && isSuccess(stimulus.response)) {
    const { response } = stimulus;
    return step(state, state.wanted ? report({ type: 'final', response }) : hangUp(response));
  }
  return stimulus.type === 'abandon' ? stay({ ...state, wanted: false }) : over(timing, state, stimulus, 'M');
};

/** D-21: nobody listens, but the server may think that we do. */
const abandoned: StateFunction = (timing, state, stimulus) => {
  if (stimulus.type !== 'response') return over(timing, state, stimulus, state.cancel === 'sent' ? 'cancel' : 'late');
  if (stimulus.response.status >= 200) return final(timing, state, stimulus.response);
  if (state.cancel === 'sent') return stay(state);
  return step({ ...state, cancel: 'sent' }, cancel, disarm('late'), arm('cancel', timing.lingerMs));
};

/** A stream that is gone takes the transaction with it; a datagram refused now says nothing about the next one (D-18). */
function flowFailed(timing: Timing, state: InviteClientState, failure: FlowFailure): Next {
  const event: ClientEvent = { type: 'transport', failure };
  return timing.reliable ? step(terminated(state), end, ...told(state, event)) : abandon(timing, state, event);
}

function abandon(timing: Timing, state: InviteClientState, event: ClientEvent): Next {
  const abandoned: InviteClientState = { ...state, name: 'abandoned', wanted: false };
  const memory = arm(state.cancel === 'sent' ? 'cancel' : 'late', timing.lingerMs);
  return step(abandoned, ...running(timing, state), memory, ...told(state, event));
}

/** The end of a state that only waits: its timer, or the loss of the stream. */
const over = (timing: Timing, state: InviteClientState, stimulus: ClientStimulus, timer: 'D' | 'M' | 'cancel' | 'late'): Next =>
  (stimulus.type === 'timer' && stimulus.timer === timer) || (stimulus.type === 'transport' && timing.reliable)
    ? step(terminated(state), end)
    : stay(state);

const told = (state: InviteClientState, event: ClientEvent): readonly ClientEffect[] => (state.wanted ? [report(event)] : []);

/** Stops the timers that run in this state. */
function running(timing: Timing, { name, cancel }: InviteClientState): readonly ClientEffect[] {
  if (name === 'calling') return timing.reliable ? [disarm('B')] : [disarm('A'), disarm('B')];
  if (cancel === 'sent') return [disarm('cancel')];
  return name === 'abandoned' ? [disarm('late')] : [];
}

const isSuccess = ({ status }: SipResponse): boolean => status >= 200 && status < 300;
const terminated = (state: InviteClientState): InviteClientState => ({ ...state, name: 'terminated' });

const states: Record<InviteClientState['name'], StateFunction> = {
  calling,
  proceeding,
  completed,
  accepted,
  abandoned,
  terminated: (_timing, state) => stay(state),
};

export const inviteClient: Machine<InviteClientState, ClientStimulus, ClientEffect> = {
  begin,
  next: (timing, state, stimulus) => states[state.name](timing, state, stimulus),
};

/** D-21: the INVITE of an earlier owner of the line, which nobody listens to any more. It has been sent; it is ended. */
export const leftInviteClient = (isProceeding: boolean): Machine<InviteClientState, ClientStimulus, ClientEffect> => ({
  begin({ t1Ms, lingerMs }) {
    const state: InviteClientState = { name: 'abandoned', intervalMs: t1Ms, cancel: 'no', wanted: false };
    if (!isProceeding) return step(state, arm('late', lingerMs));
    return step({ ...state, cancel: 'sent' }, cancel, arm('cancel', lingerMs));
  },
  next: inviteClient.next,
});
