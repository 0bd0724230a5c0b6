import type { Ambient, Timer } from '@offhook/core';
import type { Machine, TimerEffect, TimerName } from './step.ts';
import type { Timing } from './timing.ts';

/**
 * Runs one machine: holds its state and its timers and carries out its effects in order. A class, because a line under load holds
 * thousands: methods are shared where closures would be made for each.
 */
export abstract class Execution<State, Stimulus, Effect extends { readonly type: string }> {
  protected state: State;
  private readonly ambient: Ambient;
  private readonly machine: Machine<State, Stimulus, Effect | TimerEffect<TimerName>>;
  private readonly timing: Timing;
  /** When each of its timers is due; those that are missing or undefined stand. */
  private readonly dueMs: Partial<Record<TimerName, number | undefined>> = {};
  /** One serves them all. It may ring for one that stands by then: answers come sooner than timers, nearly always. */
  private alarm: Timer | undefined = undefined;
  private alarmMs = Number.POSITIVE_INFINITY;
  private first: readonly (Effect | TimerEffect<TimerName>)[];
  private arrived: Stimulus[] | undefined = undefined;
  private busy = false;
  private over = false;

  constructor(ambient: Ambient, machine: Machine<State, Stimulus, Effect | TimerEffect<TimerName>>, timing: Timing) {
    this.ambient = ambient;
    this.machine = machine;
    this.timing = timing;
    const { state, effects } = machine.begin(timing);
    this.state = state;
    this.first = effects;
  }

  /** Carries out what is neither a timer nor the end. */
  protected abstract perform(effect: Effect): void;
  /** Makes the stimulus of a timer that fired. */
  protected abstract fired(timer: TimerName): Stimulus;
  /** The machine has ended and its timers are stopped. Called once; not called by `stop`. */
  protected abstract ended(): void;

  /** Begins. Whatever should find this transaction must be able to find it by now: an answer may come inside (T10). */
  start(): void {
    const effects = this.first;
    this.first = [];
    this.run(effects);
  }

  /** Runs to completion: a stimulus that arrives while effects are carried out waits for its turn. Ignored after the end. */
  step(stimulus: Stimulus): void {
    if (this.over) return;
    if (this.busy) {
      this.arrived ??= [];
      this.arrived.push(stimulus);
    } else {
      this.run(this.take(stimulus));
    }
  }

  /** Stops the timers and ends without a word. */
  stop(): void {
    this.over = true;
    this.ambient.clearTimer(this.alarm);
    this.alarm = undefined;
  }

  private run(effects: readonly (Effect | TimerEffect<TimerName>)[]): void {
    this.busy = true;
    try {
      for (const effect of effects) this.carryOut(effect);
      for (let next = this.arrived?.shift(); next !== undefined && !this.over; next = this.arrived?.shift()) {
        for (const effect of this.take(next)) this.carryOut(effect);
      }
    } finally {
      this.busy = false;
      this.arrived = undefined;
    }
  }

  private take(stimulus: Stimulus): readonly (Effect | TimerEffect<TimerName>)[] {
    const { state, effects } = this.machine.next(this.timing, this.state, stimulus);
    this.state = state;
    return effects;
  }

  private carryOut(effect: Effect | TimerEffect<TimerName>): void {
    if (!isTimerEffect(effect)) {
      this.perform(effect);
    } else if (effect.type === 'end') {
      this.stop();
      this.ended();
    } else if (!this.over) {
      if (effect.type === 'arm') this.arm(effect.timer, effect.afterMs);
      else this.dueMs[effect.timer] = undefined;
    }
  }

  protected arm(timer: TimerName, afterMs: number): void {
    this.dueMs[timer] = this.ambient.now() + afterMs;
    this.wind();
  }

  /** The end of a wait comes before a repetition that is due at the same instant: machines arm it after that. */
  private next(): TimerName | undefined {
    let next: TimerName | undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const name in this.dueMs) {
      const atMs = this.dueMs[name as TimerName];
      if (atMs === undefined || atMs > nextMs) continue;
      next = name as TimerName;
      nextMs = atMs;
    }
    return next;
  }

  private wind(): void {
    const next = this.next();
    const atMs = next && this.dueMs[next];
    if (atMs === undefined || atMs >= this.alarmMs) return;
    this.ambient.clearTimer(this.alarm);
    this.alarmMs = atMs;
    this.alarm = this.ambient.setTimer(() => this.ring(atMs), Math.max(0, atMs - this.ambient.now()));
  }

  private ring(atMs: number): void {
    this.alarm = undefined;
    this.alarmMs = Number.POSITIVE_INFINITY;
    const name = this.next();
    const isDue = name !== undefined && (this.dueMs[name] ?? 0) <= atMs;
    if (isDue) this.dueMs[name] = undefined;
    this.wind();
    if (isDue) this.step(this.fired(name));
  }
}

function isTimerEffect<Effect extends { readonly type: string }>(
  effect: Effect | TimerEffect<TimerName>,
): effect is TimerEffect<TimerName> {
  return effect.type === 'arm' || effect.type === 'disarm' || effect.type === 'end';
}
