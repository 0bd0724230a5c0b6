import type { Writable } from 'node:stream';
import { type Finding, PhoneError } from '@offhook/core';
import { exitCodeOf } from './exit.ts';
import { noPaint, type Paint, paintFor } from './paint.ts';
import { findingText } from './text.ts';

/** Data goes to standard output, everything said about it to standard error. With --json both are JSON, one value a line. */
export interface Output {
  readonly json: boolean;
  /** Aborted when nobody reads standard output any longer. */
  readonly closed: AbortSignal;
  /** With --json the value as one line; otherwise the text. */
  result(value: unknown, text: (paint: Paint) => string): void;
  /** A remark on standard error: text, or `{"remark":…}` with --json. */
  say(text: string | ((paint: Paint) => string)): void;
  /** What ended the command, on standard error: text, or `{"error":{"code","message","exit","findings"}}` with --json. */
  fail(error: unknown): void;
}

/** An error as --json reports it. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly findings?: readonly Finding[];
}

export function errorReport(error: unknown): ErrorReport {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof PhoneError ? error.code : 'E_INTERNAL';
  const findings = (error as { readonly findings?: readonly Finding[] }).findings ?? [];
  return { code, message, exit: exitCodeOf(error), ...(findings.length === 0 ? {} : { findings }) };
}

/** Where a command writes; a process has both. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export function createOutput(json: boolean, { stdout, stderr }: Streams): Output {
  const closed = new AbortController();
  // A reader that has seen enough (`| head`) ends the output, not the process; without standard error nobody is left to be told.
  stdout.on('error', () => closed.abort());
  stderr.on('error', () => {});
  const [paint, remarkPaint] = [paintFor(stdout), paintFor(stderr)];
  const write = (stream: Writable, text: string): void => void (stream.writable && stream.write(`${text}\n`));
  return {
    json,
    closed: closed.signal,
    result: (value, text) => write(stdout, json ? JSON.stringify(value) : text(paint)),
    say(text) {
      if (json) write(stderr, JSON.stringify({ remark: typeof text === 'string' ? text : text(noPaint) }));
      else write(stderr, typeof text === 'string' ? text : text(remarkPaint));
    },
    fail(error) {
      const report = errorReport(error);
      if (json) return write(stderr, JSON.stringify({ error: report }));
      const findings = (report.findings ?? []).map((finding) => findingText(finding, remarkPaint));
      write(stderr, [`${remarkPaint.red('offhook:')} ${report.message}`, ...findings].join('\n'));
    },
  };
}
