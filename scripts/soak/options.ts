import { parseArgs } from 'node:util';

/** What a soak may be told; every run ignores what is not its own. */
export interface SoakOptions {
  /** Virtual hours of a `day`. */
  readonly hours: number;
  /** Real minutes of `peers`. */
  readonly minutes: number;
  readonly lines: number;
  /** Same seed, same faults. */
  readonly seed: string;
}

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name} needs a number above 0, not "${text}"`);
};

/** @throws Error with what is wrong */
export function readOptions(args: readonly string[], defaultLines: number): SoakOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { hours: text, minutes: text, lines: text, seed: text } });
  return {
    hours: number('hours', values.hours ?? '24'),
    minutes: number('minutes', values.minutes ?? '10'),
    lines: number('lines', values.lines ?? String(defaultLines)),
    seed: values.seed ?? '1',
  };
}
