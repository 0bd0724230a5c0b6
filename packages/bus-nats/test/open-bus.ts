import { type Ambient, type Bus, type Log, silentLog, systemAmbient } from '@offhook/core';
import type { BusSubject } from '@offhook/core/testkit';
import { createNatsBus, type NatsBusOptions } from '../src/index.ts';

/** Hops of a request are two; this is deeper than any chain of answers in these tests. */
const rounds = 6;

/** Resolves once what was published on `buses` has gone round, answers to it included. */
export async function settleBuses(...buses: readonly Bus[]): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const bus of buses) await bus.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const wait = (ambient: Ambient, ms: number): Promise<void> => new Promise((resolve) => void ambient.setTimer(resolve, ms));

/** Longer than anything takes here. */
const longestMs = 20_000;

/** Resolves once the condition holds. */
export async function until(ambient: Ambient, condition: () => boolean): Promise<void> {
  const endMs = ambient.now() + longestMs;
  while (!condition()) {
    if (ambient.now() > endMs) throw new Error(`it did not come true within ${longestMs} ms`);
    await wait(ambient, 5);
  }
}

/** A NATS bus as the conformance kit wants it. */
export async function openSubject(options: Omit<NatsBusOptions, 'ambient'>): Promise<BusSubject> {
  const ambient = systemAmbient();
  const nats = await createNatsBus({ ...options, ambient });
  const drains: Promise<void>[] = [];
  const bus: Bus = {
    publish: (...message) => nats.publish(...message),
    reaches: (subject) => nats.reaches(subject),
    subscribe: (...subscription) => nats.subscribe(...subscription),
    request: (...request) => nats.request(...request),
    flush: () => nats.flush(),
    drain() {
      const drained = nats.drain();
      drains.push(drained);
      return drained;
    },
  };
  return {
    bus,
    async settle() {
      await settleBuses(nats);
      await Promise.all(drains);
      await new Promise((resolve) => setImmediate(resolve));
    },
    elapse: (ms) => wait(ambient, ms),
    now: ambient.now,
    close: () => nats.drain(),
  };
}

/** Keeps what is logged: level, message. */
export function recordLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const note = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, log: { ...silentLog, info: note('info'), warn: note('warn'), error: note('error') } };
}
