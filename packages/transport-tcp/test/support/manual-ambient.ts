import type { Ambient, Timer } from '@offhook/core';
import { createRealAmbient } from './real-ambient.ts';

export interface ManualAmbient extends Ambient {
  /** Lets time pass for timers; sockets go on in real time. */
  advance(ms: number): void;
  /** Timers that run. */
  readonly timers: number;
}

export function createManualAmbient(): ManualAmbient {
  const waiting = new Map<Timer, () => void>();
  let nowMs = 1_000_000;
  return {
    ...createRealAmbient(),
    now: () => nowMs,
    setTimer(fire, delayMs) {
      const timer: Timer = { dueMs: nowMs + delayMs };
      waiting.set(timer, fire);
      return timer;
    },
    clearTimer: (timer) => timer !== undefined && waiting.delete(timer),
    advance(ms) {
      nowMs += ms;
      for (const [timer, fire] of [...waiting]) if (timer.dueMs <= nowMs && waiting.delete(timer)) fire();
    },
    get timers() {
      return waiting.size;
    },
  };
}
