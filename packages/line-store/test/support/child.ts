import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Makes a program of `store-process.ts`. @returns its path */
export async function buildStoreProcess(outDir: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true, resolve: { conditions: ['@offhook/source'] } },
    build: {
      ssr: fileURLToPath(new URL('store-process.ts', import.meta.url)),
      outDir,
      rollupOptions: { output: { entryFileNames: 'store-process.mjs' } },
    },
  });
  return join(outDir, 'store-process.mjs');
}

/** A process that uses a store; each line it prints is one fact about itself. */
export interface StoreProcess {
  readonly pid: number;
  readonly printed: readonly string[];
  /** Resolves with the first line, past or future, that begins so. Rejects when the process ends before. */
  line(beginning: string): Promise<string>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export function startStoreProcess(command: readonly [string, ...string[]]): StoreProcess {
  const [program, ...args] = command;
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const each of [...waiting]) each();
  };
  let isOver = false;
  const over = once(child, 'close').then(() => {
    isOver = true;
    wake();
  });
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed.push(line);
      wake();
    });
  return {
    pid: child.pid ?? 0,
    printed,
    line: (beginning) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = printed.find((line) => line.startsWith(beginning));
          if (found === undefined && !isOver) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`it ended and said: ${printed.join(', ')}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async kill() {
      child.kill('SIGKILL');
      await over;
    },
  };
}
