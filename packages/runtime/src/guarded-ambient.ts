import type { Ambient, Log, Timer } from '@offhook/core';

/** A class, because a process holds one for each of its lines. */
class GuardedAmbient implements Ambient {
  private readonly ambient: Ambient;
  private readonly onError: (error: unknown) => void;

  constructor(ambient: Ambient, onError: (error: unknown) => void) {
    this.ambient = ambient;
    this.onError = onError;
  }

  get log(): Log {
    return this.ambient.log;
  }

  now(): number {
    return this.ambient.now();
  }

  random(): number {
    return this.ambient.random();
  }

  setTimer(fire: () => void, delayMs: number): Timer {
    return this.ambient.setTimer(() => this.run(fire), delayMs);
  }

  clearTimer(timer: Timer | undefined): void {
    this.ambient.clearTimer(timer);
  }

  defer(task: () => void): void {
    this.ambient.defer(() => this.run(task));
  }

  private run(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.onError(error);
    }
  }
}

/** The ambient of one line: what it throws in a timer or a deferred task is handed to `onError` and harms nobody else. */
export const guardAmbient = (ambient: Ambient, onError: (error: unknown) => void): Ambient =>
  new GuardedAmbient(ambient, onError);
