import type { Bus } from '@offhook/core';

/** A bus as one process has it, until that process is gone. */
export interface MortalBus {
  readonly bus: Bus;
  /** Nothing that it says is heard any more. */
  die(): void;
}

export function createMortalBus(shared: Bus): MortalBus {
  let isDead = false;
  return {
    bus: {
      publish: (subject, payload, options) => isDead || shared.publish(subject, payload, options),
      reaches: (subject) => shared.reaches(subject),
      subscribe: (subject, handler, options) => shared.subscribe(subject, handler, options),
      request: (subject, payload, options) => shared.request(subject, payload, options),
      flush: () => shared.flush(),
      drain: () => shared.drain(),
    },
    die() {
      isDead = true;
    },
  };
}
