import type { Ambient, Timer } from '@offhook/core';
import type { Machine, TimerEffect, TimerName } from './step.ts';
import type { Timing } from './timing.ts';

export interface ExecutionOptions<State, Stimulus, Effect> {
  readonly ambient: Ambient;
  readonly machine: Machine<State, Stimulus, Effect | TimerEffect<TimerName>>;
  readonly timing: Timing;
  /** Carries out what is neither a timer nor the end. */
  perform(effect: Effect): void;
  /** Makes the stimulus of a timer that fired. */
  fired(timer: TimerName): Stimulus;
  /** The machine has ended and its timers are stopped. Called once; not called by `stop`. */
  ended(): void;
}

/** Runs one machine: holds its state and its timers and carries out its effects in order. */
export interface Execution<State, Stimulus> {
  readonly state: State;
  /** Begins. Whatever should find this transaction must be able to find it by now: an answer may come inside (T10). */
  start(): void;
  /** Runs to completion: a stimulus that arrives while effects are carried out waits for its turn. Ignored after the end. */
  step(stimulus: Stimulus): void;
  /** Stops the timers and ends without a word. */
  stop(): void;
}

export function createExecution<State, Stimulus, Effect extends { readonly type: string }>(
  options: ExecutionOptions<State, Stimulus, Effect>,
): Execution<State, Stimulus> {
  const { ambient, machine, timing } = options;
  const timers: Partial<Record<TimerName, Timer | undefined>> = {};
  const first = machine.begin(timing);
  let state = first.state;
  let waiting: Stimulus[] | undefined;
  let over = false;

  const stop = () => {
    over = true;
    for (const name in timers) ambient.clearTimer(timers[name as TimerName]);
  };

  const carryOut = (effect: Effect | TimerEffect<TimerName>) => {
    if (!isTimerEffect(effect)) return options.perform(effect);
    if (effect.type === 'end') {
      stop();
      return options.ended();
    }
    if (over) return;
    const { timer } = effect;
    ambient.clearTimer(timers[timer]);
    timers[timer] = effect.type === 'arm' ? ambient.setTimer(() => step(options.fired(timer)), effect.afterMs) : undefined;
  };

  /** Carries out the effects, then takes up what arrived meanwhile. */
  const run = (effects: readonly (Effect | TimerEffect<TimerName>)[]) => {
    const arrived: Stimulus[] = [];
    waiting = arrived;
    try {
      for (const effect of effects) carryOut(effect);
      for (let stimulus = arrived.shift(); stimulus !== undefined && !over; stimulus = arrived.shift()) {
        const next = machine.next(timing, state, stimulus);
        state = next.state;
        for (const effect of next.effects) carryOut(effect);
      }
    } finally {
      waiting = undefined;
    }
  };

  function step(stimulus: Stimulus): void {
    if (over) return;
    if (waiting !== undefined) {
      waiting.push(stimulus);
      return;
    }
    const next = machine.next(timing, state, stimulus);
    state = next.state;
    run(next.effects);
  }

  return {
    get state() {
      return state;
    },
    start: () => run(first.effects),
    step,
    stop,
  };
}

function isTimerEffect<Effect extends { readonly type: string }>(
  effect: Effect | TimerEffect<TimerName>,
): effect is TimerEffect<TimerName> {
  return effect.type === 'arm' || effect.type === 'disarm' || effect.type === 'end';
}
