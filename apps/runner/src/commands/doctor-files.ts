import { accessSync, constants, lstatSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { folderFault, pathFault } from '../socket-path.ts';
import { type Diagnosis, diagnose, plural } from './doctor-report.ts';

const files = diagnose('files');
const readableByOthers = 0o044;
const writableByOthers = 0o022;
const leastFreeBytes = 16 * 1_048_576;

const modeOf = (path: string): number | undefined => {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined;
  }
};
const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

/** The configuration: readable by others is a fault where passwords stand in it, writable by others always is. */
export function configFileCheck(path: string, passwords: number): readonly Diagnosis[] {
  const mode = modeOf(path);
  if (mode === undefined) return [];
  const seen = `mode ${octal(mode)}`;
  if ((mode & writableByOthers) !== 0) {
    const why = 'Whoever may write it decides where the lines register, and with which plugins.';
    return [
      files('warning', 'config.writable', {
        subject: path,
        seen: `${seen}: others may write it`,
        why,
        remedy: `chmod go-w ${path}`,
      }),
    ];
  }
  if (passwords > 0 && (mode & readableByOthers) !== 0) {
    const words = {
      subject: path,
      seen: `${seen}: others may read it`,
      why: `It holds the passwords of ${plural(passwords, 'line')}.`,
    };
    return [
      files('warning', 'config.readable', { ...words, remedy: `chmod 600 ${path}, or refer to secrets that stand elsewhere.` }),
    ];
  }
  return [files('ok', 'config.rights', { subject: path, seen })];
}

const isPublic = (text: string): boolean => text.includes('-----BEGIN ') && !text.includes('PRIVATE KEY-----');

/** Files that a configuration takes secrets from; certificates are none. */
export function secretFileChecks(paths: readonly string[]): readonly Diagnosis[] {
  return [...new Set(paths)].flatMap((path) => {
    const mode = modeOf(path);
    if (mode === undefined) return [];
    try {
      if (isPublic(readFileSync(path, 'utf8'))) return [];
    } catch {
      return [];
    }
    const open = (mode & (readableByOthers | writableByOthers)) !== 0;
    if (!open) return [files('ok', 'secret.rights', { subject: path, seen: `mode ${octal(mode)}` })];
    const words = {
      subject: path,
      seen: `mode ${octal(mode)}: others may read or write it`,
      why: 'It holds a password or a private key.',
    };
    return [files('warning', 'secret.readable', { ...words, remedy: `chmod 600 ${path}` })];
  });
}

/** The nearest folder above a path that exists. */
function standing(path: string): string {
  for (let at = resolve(path); ; at = dirname(at))
    if (lstatSync(at, { throwIfNoEntry: false }) !== undefined || at === dirname(at)) return at;
}

function unwritable(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory() ? undefined : 'is no folder';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EROFS'
      ? 'is on a read-only file system'
      : code === 'EACCES'
        ? 'may not be written by this user'
        : `cannot be used (${code})`;
  }
}

/** The folder where registrations survive, made or not yet. */
export function stateFolderCheck(folder: string | undefined): readonly Diagnosis[] {
  if (folder === undefined) {
    const why = 'After a power cut every line registers anew, all of them at once.';
    const words = { subject: 'state folder', seen: 'none', why, remedy: 'Name one in state.folder or with --state.' };
    return [files('info', 'state.none', words)];
  }
  const at = standing(folder);
  const subject = folder;
  const fault = unwritable(at);
  if (fault !== undefined) {
    const why = 'The runner does not start without it (exit 3).';
    const words = { subject, seen: `${at === resolve(folder) ? 'it' : at} ${fault}`, why };
    return [
      files('error', 'state.unwritable', { ...words, remedy: 'Give it to the user of the runner, or name another folder.' }),
    ];
  }
  const { bavail, bsize } = statfsSync(at);
  const free = bavail * bsize;
  const megabytes = `${Math.floor(free / 1_048_576)} MB free`;
  if (free < leastFreeBytes) {
    const why = 'On a full disk registrations are kept in memory only, and a power cut loses them.';
    return [
      files('warning', 'state.full', { subject, seen: megabytes, why, remedy: 'Make room there, or name another folder.' }),
    ];
  }
  const made = at === resolve(folder) ? folderFault(at) : undefined;
  if (made === undefined) return [files('ok', 'state.folder', { subject, seen: megabytes })];
  const why = 'Others could change what the lines go on with after a restart.';
  return [files('warning', 'state.shared', { subject, seen: `its folder ${made}`, why, remedy: `chmod 700 ${folder}` })];
}

/** Where the control socket is served. */
export function controlSocketCheck(path: string): readonly Diagnosis[] {
  const folder = dirname(path);
  const fault = pathFault(path) ?? folderFault(folder);
  const written = unwritable(standing(folder));
  const subject = path;
  const remedy = 'Name another path in control.socket or with --socket; its folder must be its user’s alone (chmod 700).';
  if (fault !== undefined) {
    const why = 'Whoever owns the place decides who answers; the runner refuses it (exit 3).';
    return [files('error', 'control.unsafe', { subject, seen: fault, why, remedy })];
  }
  if (written === undefined) return [files('ok', 'control.folder', { subject, seen: 'its folder is safe' })];
  return [
    files('error', 'control.unwritable', {
      subject,
      seen: `its folder ${written}`,
      why: 'The runner does not start (exit 3).',
      remedy,
    }),
  ];
}
