import type { Writable } from 'node:stream';

/** Data goes to standard output, everything said about it to standard error. */
export interface Output {
  readonly json: boolean;
  /** With --json the value as one line; otherwise the text. */
  result(value: unknown, text: () => string): void;
  /** A remark, never on standard output. */
  say(text: string): void;
}

export function createOutput(json: boolean, stdout: Writable = process.stdout, stderr: Writable = process.stderr): Output {
  return {
    json,
    result: (value, text) => void stdout.write(`${json ? JSON.stringify(value) : text()}\n`),
    say: (text) => void stderr.write(`${text}\n`),
  };
}
