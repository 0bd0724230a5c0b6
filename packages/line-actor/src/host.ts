import type { Ambient } from '@offhook/core';
import { type AnyStateMachine, createActor, type EventFromLogic, type InputFrom } from 'xstate';

/** One running machine of a line. */
export interface Running<Event> {
  send(event: Event): void;
  /** State value: `registered`, `dual.onTop`. */
  state(): string;
  stop(): void;
}

export interface HostOptions<Machine extends AnyStateMachine> {
  readonly id: string;
  readonly input: InputFrom<Machine>;
  /** After every transition that changed the state value. */
  onState?(state: string): void;
  /** The chart threw: the machine is dead, its line must be restarted. */
  onError(error: unknown): void;
}

/** Runs the machines of a line. Charts need nothing else of it, so that actors and a pooled host are interchangeable. */
export interface LineHost {
  run<Machine extends AnyStateMachine>(machine: Machine, options: HostOptions<Machine>): Running<EventFromLogic<Machine>>;
}

/** `dual.onTop` for `{ dual: 'onTop' }`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([parent, child]) => `${parent}.${flatten(child)}`)
    .join(' ');
}

/** The default: each machine is an XState actor and the root of its own system. */
export function createActorHost(ambient: Ambient): LineHost {
  const clock = {
    setTimeout: (fire: (...args: unknown[]) => void, delayMs: number) => ambient.setTimer(fire, delayMs),
    clearTimeout: (timer: ReturnType<Ambient['setTimer']>) => ambient.clearTimer(timer),
  };
  return {
    run(machine, options) {
      const { id, input } = options;
      const actor = createActor(machine as AnyStateMachine, { id, input, clock });
      actor.start();
      let state = flatten(actor.getSnapshot().value);
      actor.subscribe({
        next(snapshot) {
          const now = flatten(snapshot.value);
          if (now === state) return;
          state = now;
          // XState takes what an observer throws out of the process.
          try {
            options.onState?.(now);
          } catch (error) {
            options.onError(error);
          }
        },
        error: (error) => options.onError(error),
      });
      return {
        send: (event) => void (actor.getSnapshot().status === 'active' && actor.send(event)),
        state: () => state,
        stop: () => void actor.stop(),
      };
    },
  };
}
