import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import type { Output } from './output.ts';

/** How a command is told to end. */
export interface Interrupts {
  /** From the first call on, SIGINT and SIGTERM end the command in order; the second one ends the process. */
  signal(): AbortSignal;
  release(): void;
}

export type Finish = (code: ExitCode) => void;

/** What every command is given. */
export interface Frame {
  readonly output: Output;
  readonly finish: Finish;
  readonly interrupts: Interrupts;
}

/** Prints data with --json, and nothing else on standard output. */
export const command = (program: Command, name: string, description: string): Command =>
  program
    .command(name)
    .description(description)
    .option('--json', 'data as JSON, one value a line, on standard output; remarks and errors as JSON on standard error');
