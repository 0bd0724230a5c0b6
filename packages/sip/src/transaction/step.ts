import type { Timing } from './timing.ts';

/**
 * What the four machines share. A machine is a set of pure functions, one per state: (timing, state, stimulus) -> (state, effects).
 *
 * The order of effects is part of the contract:
 * 1. what is sent comes before the timer that waits for its answer,
 * 2. `end` stops every timer still running, so nothing is disarmed before it,
 * 3. a report comes last, so that whoever hears it finds the transaction in its new state.
 */
export interface Machine<State, Stimulus, Effect> {
  begin(timing: Timing): Step<State, Effect>;
  next(timing: Timing, state: State, stimulus: Stimulus): Step<State, Effect>;
}

export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/**
 * RFC 3261 letters, L and M of RFC 6026, and four of our own:
 * `trying` an INVITE waits for its automatic 100, `cancel` a cancelled INVITE waits for its final response (section 9.1),
 * `late` an INVITE given up is remembered (D-21), `unanswered` a request nobody answers is forgotten.
 */
export type ClientTimer = 'A' | 'B' | 'D' | 'E' | 'F' | 'K' | 'M' | 'cancel' | 'late';
export type ServerTimer = 'G' | 'H' | 'I' | 'J' | 'L' | 'trying' | 'unanswered';
export type TimerName = ClientTimer | ServerTimer;

/** Effects every machine may use; each adds its own. */
export type TimerEffect<Name extends TimerName> =
  | { readonly type: 'arm'; readonly timer: Name; readonly afterMs: number }
  | { readonly type: 'disarm'; readonly timer: Name }
  /** Forget the transaction and stop its timers. */
  | { readonly type: 'end' };

export const arm = <Name extends TimerName>(timer: Name, afterMs: number) => ({ type: 'arm', timer, afterMs }) as const;
export const disarm = <Name extends TimerName>(timer: Name) => ({ type: 'disarm', timer }) as const;
export const end = { type: 'end' } as const;

const nothing: readonly never[] = [];
/** The stimulus means nothing in this state. */
export const stay = <State>(state: State): Step<State, never> => ({ state, effects: nothing });
