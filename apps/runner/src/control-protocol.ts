import type { Finding } from '@offhook/core';

/** What is said on the control socket: one JSON value a line, both ways. */

/** Without `line` a request is for the runner. */
export interface ControlRequest {
  /** Comes back in the answer; 0 when left out. */
  readonly id: number;
  readonly line?: string;
  /** A command of the bus; `reload`; or `events`: then facts follow until the connection closes. */
  readonly command: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export type ControlReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      /** Where a configuration is at fault. */
      readonly findings?: readonly Finding[];
    }
  | { readonly id: number; readonly fact: unknown }
  /** So many facts were left out, because they were not read in time. */
  | { readonly id: number; readonly missed: number };

/** Longest request, in characters. */
export const longestRequest = 1_048_576;
/** Longest answer, in characters: the status of a hundred thousand lines. */
export const longestReply = 268_435_456;

/** A line that is longer than agreed. */
export class LineTooLongError extends Error {}

/**
 * Lines of a stream of text, without their ends and without blank ones; a last one that is not ended is left out.
 * @throws LineTooLongError
 */
export async function* readLines(source: AsyncIterable<unknown>, longest: number): AsyncGenerator<string> {
  let parts: string[] = [];
  let length = 0;
  for await (const given of source) {
    const chunk = String(given);
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      parts.push(chunk.slice(start, end));
      const line = parts.join('');
      [parts, length, start] = [[], 0, end + 1];
      if (line.length > longest) throw new LineTooLongError();
      if (line.trim() !== '') yield line;
    }
    parts.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > longest) throw new LineTooLongError();
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refusal = (id: number, message: string): ControlReply => ({ id, ok: false, code: 'E_COMMAND_INVALID', message });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads one request; what is none becomes the answer that says so. */
export function parseRequest(text: string): { readonly request: ControlRequest } | { readonly refused: ControlReply } {
  const given = parseJson(text);
  if (!isRecord(given)) return { refused: refusal(0, 'A request is one line with a JSON object: {"id":1,"command":"lines"}.') };
  const { id = 0, command, line, args } = given;
  if (typeof id !== 'number') return { refused: refusal(0, `"id" is ${kindOf(id)}; a number is needed.`) };
  if (typeof command !== 'string' || command === '')
    return { refused: refusal(id, `"command" is ${kindOf(command)}; a non-empty text is needed.`) };
  if (line !== undefined && typeof line !== 'string')
    return { refused: refusal(id, `"line" is ${kindOf(line)}; the id of a line is needed, as text.`) };
  if (args !== undefined && !isRecord(args)) return { refused: refusal(id, `"args" is ${kindOf(args)}; an object is needed.`) };
  return { request: { id, command, ...(line === undefined ? {} : { line }), ...(args === undefined ? {} : { args }) } };
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === '') return 'empty';
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

/** Reads one answer; undefined when it is none. */
export function parseReply(text: string): ControlReply | undefined {
  const given = parseJson(text);
  return isRecord(given) && typeof given.id === 'number' ? (given as unknown as ControlReply) : undefined;
}
