import { lstatSync, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TransportError } from '@offhook/core';

/** Where control sockets are, and whether a place can be trusted: whoever owns the folder decides who answers. */

/** The kernel's limit on the path of a socket (`sun_path`), without the closing zero. */
const longestPathBytes = process.platform === 'linux' ? 107 : 103;

const prefix = 'offhook-';
const suffix = '.sock';

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** `$XDG_RUNTIME_DIR`, or a folder of the user below the one for temporary files. */
function defaultSocketFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env.XDG_RUNTIME_DIR;
  return own?.startsWith('/') && isFolder(own) ? own : join(tmpdir(), `offhook-${process.getuid?.() ?? 0}`);
}

/** Default path of the control socket of a cluster. */
export function defaultSocketPath(cluster: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(defaultSocketFolder(env), `${prefix}${cluster}${suffix}`);
}

/** Clusters that have, or had, a socket at the default place. */
export function knownClusters(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  try {
    const names = readdirSync(defaultSocketFolder(env)).filter((name) => name.startsWith(prefix) && name.endsWith(suffix));
    return names.map((name) => name.slice(prefix.length, -suffix.length)).sort();
  } catch {
    return [];
  }
}

const writableByOthers = 0o022;

function statFault(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return 'is a symbolic link';
  if (!found.isDirectory()) return 'is no folder';
  if (process.getuid !== undefined && found.uid !== process.getuid()) return `belongs to another user (uid ${found.uid})`;
  if ((found.mode & writableByOthers) !== 0) return `can be written by others (mode ${(found.mode & 0o777).toString(8)})`;
  return undefined;
}

/** Why a folder is not its user's alone; undefined when it is, or is not there yet. */
export function folderFault(folder: string): string | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found === undefined ? undefined : statFault(found);
}

/** Why a socket cannot have a path; undefined when it can. */
export function pathFault(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  return bytes > longestPathBytes ? `has a path of ${bytes} bytes; a socket's may have ${longestPathBytes}` : undefined;
}

const refused = (message: string, cause?: unknown): TransportError => new TransportError('E_TRANSPORT_BIND', message, { cause });

/** Makes the socket's folder, for its owner alone. @throws TransportError `E_TRANSPORT_BIND` when path or folder will not do */
export function prepareFolder(path: string): void {
  const tooLong = pathFault(path);
  if (tooLong !== undefined) throw refused(`Control socket ${path} ${tooLong}. Name a shorter one with --socket.`);
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw refused(
      `Cannot make the folder of control socket ${path}: ${(cause as Error).message}. Name another path with --socket.`,
      cause,
    );
  }
  const fault = folderFault(folder);
  if (fault === undefined) return;
  throw refused(
    `Control socket ${path} is refused: its folder ${fault}, so that others could take its place. ` +
      `Use a folder that only you can write to (chmod go-w), or name another path with --socket.`,
  );
}
