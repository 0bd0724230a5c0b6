import type { Ambient, Timer } from '@offhook/core';

/** Whose clocks they are. */
export interface ClockOwner<Name extends string> {
  readonly line: { readonly ambient: Ambient };
  /** The clock is due, and stands from now on. */
  ring(clock: Name): void;
}

/** A few clocks on one timer, set for the first that is due: a process holds hundreds of thousands. */
export class Clocks<Name extends string> {
  private readonly owner: ClockOwner<Name>;
  /** When each of them is due; those that are missing or undefined stand. */
  private readonly dueMs: Partial<Record<Name, number | undefined>> = {};
  private timer: Timer | undefined = undefined;
  private timerMs: number | undefined = undefined;

  constructor(owner: ClockOwner<Name>) {
    this.owner = owner;
  }

  arm(clock: Name, atMs: number): void {
    this.dueMs[clock] = atMs;
    this.wind();
  }

  disarm(clock: Name): void {
    if (this.dueMs[clock] === undefined) return;
    this.dueMs[clock] = undefined;
    this.wind();
  }

  stop(): void {
    for (const clock in this.dueMs) this.disarm(clock);
  }

  /** Of those due at one instant the one that was armed first in its life. */
  private first(): Name | undefined {
    const { dueMs } = this;
    let first: Name | undefined;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const clock in dueMs) {
      const atMs = dueMs[clock];
      if (atMs === undefined || atMs >= firstMs) continue;
      first = clock;
      firstMs = atMs;
    }
    return first;
  }

  private wind(): void {
    const { ambient } = this.owner.line;
    const first = this.first();
    const atMs = first && this.dueMs[first];
    if (atMs === this.timerMs) return;
    ambient.clearTimer(this.timer);
    this.timerMs = atMs;
    this.timer = atMs === undefined ? undefined : ambient.setTimer(() => this.ring(), Math.max(0, atMs - ambient.now()));
  }

  private ring(): void {
    const clock = this.first();
    this.timer = undefined;
    this.timerMs = undefined;
    if (clock === undefined) return;
    this.disarm(clock);
    this.owner.ring(clock);
  }
}
