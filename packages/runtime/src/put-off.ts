import type { Ambient, Timer } from '@offhook/core';

/** What waits for the last call of a line to end, and the end of its patience, ms since 1970. */
export class PutOff {
  readonly untilMs: number;
  readonly #ambient: Ambient;
  readonly #act: () => void;
  readonly #timer: Timer;

  constructor(ambient: Ambient, untilMs: number, act: () => void) {
    this.untilMs = untilMs;
    this.#ambient = ambient;
    this.#act = act;
    this.#timer = ambient.setTimer(act, Math.max(0, untilMs - ambient.now()));
  }

  cancel(): void {
    this.#ambient.clearTimer(this.#timer);
  }

  /** It need not wait any longer. */
  end(): void {
    this.cancel();
    this.#act();
  }
}
