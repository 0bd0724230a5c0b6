import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/offhook.mjs', import.meta.url));

/** The command, or another program, as a process of its own. */
export interface Offhook {
  readonly child: ChildProcess;
  /** Lines so far. */
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** The first line of either stream that has, or will have, the words. @throws Error (rejects) when it ends without */
  line(words: string): Promise<string>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** SIGTERM unless told; then its end. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export interface OffhookOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const started = new Set<ChildProcess>();

/** Ends whatever a test left running. */
export function stopAll(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** Nothing of the tester's own surroundings decides what the command does. */
function plainEnv(): NodeJS.ProcessEnv {
  const { OFFHOOK_CONFIG, OFFHOOK_SOCKET, OFFHOOK_DEBUG, FORCE_COLOR, CI, XDG_RUNTIME_DIR, ...rest } = process.env;
  return { ...rest, NO_COLOR: '1' };
}

export const startOffhook = (args: readonly string[], options?: OffhookOptions): Offhook =>
  startProgram([process.execPath, bin, ...args], options);

export function startProgram([program = '', ...args]: readonly string[], { cwd, env }: OffhookOptions = {}): Offhook {
  const child = spawn(program, args, {
    cwd,
    env: { ...plainEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  const out: string[] = [];
  const err: string[] = [];
  const looks = new Set<() => void>();
  const gather = (stream: NodeJS.ReadableStream, into: string[]): void => {
    createInterface({ input: stream }).on('line', (text) => {
      into.push(text);
      for (const look of [...looks]) look();
    });
  };
  gather(child.stdout, out);
  gather(child.stderr, err);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => {
      started.delete(child);
      resolve(code ?? signal);
    }),
  );
  return {
    child,
    out,
    err,
    ended,
    line: (words) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = [...out, ...err].find((text) => text.includes(words));
          if (found === undefined) return;
          looks.delete(look);
          resolve(found);
        };
        looks.add(look);
        look();
        void ended.then((code) => reject(new Error(`Ended with ${code} before "${words}":\n${[...out, ...err].join('\n')}`)));
      }),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

export interface Finished {
  readonly code: number | NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command to its end. */
export async function offhook(args: readonly string[], options: OffhookOptions = {}): Promise<Finished> {
  const { out, err, ended } = startOffhook(args, options);
  const code = await ended;
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** Every line as JSON. @throws SyntaxError when one is none */
export const jsonLines = (text: string): readonly unknown[] =>
  text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
