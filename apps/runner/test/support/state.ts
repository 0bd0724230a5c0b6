import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Resolves once the log of a folder holds so many legs. */
export async function untilKept(state: string, legs: number): Promise<void> {
  const path = join(state, 'facts.log');
  const kept = (): number => (existsSync(path) ? readFileSync(path, 'utf8').split('"callId"').length - 1 : 0);
  const watcher = watch(state);
  await new Promise<void>((resolve) => {
    const look = (): void => void (kept() >= legs && resolve());
    watcher.on('change', look);
    look();
  });
  watcher.close();
}
