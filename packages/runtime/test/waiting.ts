import { setImmediate as turn } from 'node:timers/promises';
import type { Runtime } from '../src/index.ts';

/** Resolves once the condition holds; asked again at every fact. */
export function until(runtime: Runtime, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!condition()) return;
      facts.unsubscribe();
      resolve();
    };
    const facts = runtime.onFact(look);
    look();
  });
}

/** Every leg of every line has a usable registration. */
export const registered = (runtime: Runtime): Promise<void> =>
  until(runtime, () => runtime.lines().every(({ legs }) => legs.length > 0 && legs.every(({ usable }) => usable)));

/** Sockets that keep this process running. A closed socket is gone a few turns of the event loop later. */
export async function handles(): Promise<readonly string[]> {
  for (let turns = 0; turns < 4; turns++) await turn();
  return process.getActiveResourcesInfo().filter((name) => /UDP|TCP/.test(name));
}
