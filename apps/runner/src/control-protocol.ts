import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** One request on the control socket: JSON, one a line. Without `line` it is for the runtime. */
export interface ControlRequest {
  readonly id: number;
  readonly line?: string;
  /** A command of the bus, or `events`: then facts follow until the connection closes. */
  readonly command: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export type ControlReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string }
  | { readonly id: number; readonly fact: unknown };

/** Default path of the control socket of a cluster. */
export function defaultSocketPath(cluster: string, env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_RUNTIME_DIR ?? join(tmpdir(), `offhook-${process.getuid?.() ?? 0}`);
  return join(base, `offhook-${cluster}.sock`);
}

/** The folder of the socket is the owner's alone. */
export function prepareFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
}

const maxLineBytes = 1_048_576;

/** Calls `onLine` for each line of text; a line above 1 MiB ends the connection. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes) return void socket.destroy();
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
}
