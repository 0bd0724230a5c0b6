import { cpus } from 'node:os';

/** What both commands of the bench have in common. */

export const say = (text: string): void => void process.stderr.write(`${text}\n`);

export function machineOf(): { readonly cpus: number; readonly model: string; readonly node: string } {
  const [cpu] = cpus();
  return { cpus: cpus().length, model: cpu?.model.trim() ?? 'unknown', node: process.versions.node };
}

/** Numbers of dual lines as given to `--lines`. Ends the process when they are none. */
export function readLines(given: string | undefined, usual: readonly number[]): readonly number[] {
  const chosen = given === undefined ? usual : given.split(',').map(Number);
  if (chosen.every((lines) => Number.isInteger(lines) && lines >= 1)) return chosen;
  say(`--lines ${given}: expected numbers of dual lines such as 1000,10000.`);
  return process.exit(2);
}
