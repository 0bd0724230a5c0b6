import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { within } from './waiting.ts';

/** How a program ended. */
export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that a test started, with all it forked. */
export interface Child {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  /** What it wrote last, for messages. */
  tail(): string;
  signal(name: NodeJS.Signals): void;
  /** Closes its standard input. */
  endInput(): void;
  /** Asks it to end, then makes it. */
  stop(graceMs?: number): Promise<Ending>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** All of its standard input. */
  readonly input?: string;
  readonly onOut?: (line: string) => void;
  readonly onErr?: (line: string) => void;
}

const tailLines = 20;
const alive = new Set<number>();

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Ended already.
  }
}

// A test runner that is torn down leaves nothing behind.
process.once('exit', () => {
  for (const pid of alive) killGroup(pid, 'SIGKILL');
});

/** Daemons of Debian live outside the path of ordinary users. */
export const searchPath = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

/** Starts a program in a process group of its own. @throws Error when it cannot be started */
export function startChild([program, ...args]: readonly [string, ...string[]], options: ChildOptions = {}): Child {
  const env = { ...(options.env ?? process.env), PATH: searchPath };
  const child = spawn(program, args, { cwd: options.cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const { pid } = child;
  const last: string[] = [];
  const keep = (line: string): void => {
    last.push(line);
    if (last.length > tailLines) last.shift();
  };
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (pid !== undefined) alive.delete(pid);
      resolve({ code, signal });
    });
  });
  ended.catch(() => {});
  child.stdin.on('error', () => {});
  if (pid === undefined) throw new Error(`${program} could not be started. Is it installed?`);
  alive.add(pid);
  const listen = (stream: NodeJS.ReadableStream, use?: (line: string) => void): void => {
    createInterface({ input: stream }).on('line', (line) => {
      keep(line);
      use?.(line);
    });
  };
  if (options.input !== undefined) child.stdin.end(options.input);
  listen(child.stdout, options.onOut);
  listen(child.stderr, options.onErr);

  return {
    pid,
    ended,
    tail: () => last.join('\n'),
    signal: (name) => void child.kill(name),
    endInput: () => void child.stdin.end(),
    async stop(graceMs = 3_000) {
      child.kill('SIGTERM');
      try {
        return await within(`${program} ends`, graceMs, ended);
      } catch {
        killGroup(pid, 'SIGKILL');
        return ended;
      } finally {
        killGroup(pid, 'SIGKILL');
      }
    },
  };
}

/** Runs a program to its end. @throws Error (rejects) when it exits with another code than 0 */
export async function runChild(
  command: readonly [string, ...string[]],
  options: ChildOptions & { readonly withinMs?: number } = {},
): Promise<string> {
  const out: string[] = [];
  const child = startChild(command, { ...options, onOut: (line) => void out.push(line) });
  child.endInput();
  const ending = await within(command.join(' '), options.withinMs ?? 10_000, child.ended, child.tail).catch((error: unknown) => {
    killGroup(child.pid, 'SIGKILL');
    throw error;
  });
  if (ending.code !== 0) throw new Error(`${command.join(' ')} ended with ${ending.code ?? ending.signal}:\n${child.tail()}`);
  return out.join('\n');
}
