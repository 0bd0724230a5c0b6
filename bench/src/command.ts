import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What both commands of the bench have in common. */

export const say = (text: string): void => void process.stderr.write(`${text}\n`);

export function machineOf(): { readonly cpus: number; readonly model: string; readonly node: string } {
  const [cpu] = cpus();
  return { cpus: cpus().length, model: cpu?.model.trim() ?? 'unknown', node: process.versions.node };
}

export interface CommandOptions {
  readonly short: boolean;
  readonly json: boolean;
  readonly profile: boolean;
  readonly lines?: string;
  readonly out: string;
}

/** @throws TypeError another option */
export const readOptions = (): CommandOptions =>
  parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      lines: { type: 'string' },
      out: { type: 'string', default: 'bench/reports' },
    },
  }).values;

/** What a run has found, and how it is shown. */
export interface Report {
  readonly figures: object;
  readonly text: string;
  readonly svg: string;
  /** Names of the files, without endings. */
  readonly names: { readonly figures: string; readonly svg: string };
  /** Names what lies beside them with `--profile`. */
  readonly profiles: string;
}

/** Prints the figures, and leaves them in the folder with a picture. */
export async function leave(
  { out, json, profile }: CommandOptions,
  { figures, text, svg, names, profiles }: Report,
): Promise<void> {
  const files = [join(out, `${names.figures}.json`), join(out, `${names.svg}.svg`)] as const;
  await mkdir(out, { recursive: true });
  await writeFile(files[0], `${JSON.stringify(figures, undefined, 2)}\n`);
  await writeFile(files[1], svg);
  process.stdout.write(json ? `${JSON.stringify(figures)}\n` : `${text}\n`);
  say(`Written: ${files.join(', ')}${profile ? ` and ${profiles} beside them` : ''}`);
}

/** Numbers of dual lines as given to `--lines`. Ends the process when they are none. */
export function readLines(given: string | undefined, usual: readonly number[]): readonly number[] {
  const chosen = given === undefined ? usual : given.split(',').map(Number);
  if (chosen.every((lines) => Number.isInteger(lines) && lines >= 1)) return chosen;
  say(`--lines ${given}: expected numbers of dual lines such as 1000,10000.`);
  return process.exit(2);
}
