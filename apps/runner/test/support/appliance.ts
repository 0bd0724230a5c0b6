import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Folder } from './folder.ts';
import { type Offhook, startProgram } from './offhook.ts';

const script = fileURLToPath(new URL('../../../../scripts/appliance.mjs', import.meta.url));

/** What `npm run appliance` writes. */
export interface ApplianceBuild {
  readonly path: string;
  /** Files of the repository that went into it. */
  readonly inputs: readonly string[];
  /** What it imports when it runs. */
  readonly imports: readonly string[];
  readonly licences: string;
}

/** The part of esbuild's metafile that is read here. */
interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, unknown>>; readonly imports: readonly { readonly path: string }[] }>
  >;
}

/** @throws Error with what the build said */
export function buildAppliance(folder: Folder): ApplianceBuild {
  const { status, stderr } = spawnSync(process.execPath, [script, '--outdir', folder.path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const metafile = JSON.parse(readFileSync(folder.at('offhook-appliance.meta.json'), 'utf8')) as Metafile;
  const outputs = Object.values(metafile.outputs);
  return {
    path: folder.at('offhook-appliance.mjs'),
    inputs: outputs.flatMap(({ inputs }) => Object.keys(inputs)),
    imports: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
    licences: readFileSync(folder.at('offhook-appliance.licences.txt'), 'utf8'),
  };
}

/** An appliance that has said it runs. */
export interface RunningAppliance extends Offhook {
  /** From its start until it listened, ms. On a machine that is busy with other things: the time it was given of that. */
  readonly startedAfterMs: number;
  /** What it says of itself. */
  readonly running: {
    readonly event: string;
    readonly lines: number;
    readonly listening: readonly { readonly port: number }[];
    readonly control?: string;
  };
}

export interface ApplianceOptions {
  /** Words before `node`: what it is started by. */
  readonly under?: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** As docs/appliance.md starts it. */
const nodeOptions = ['--max-semi-space-size=1'];

export async function startAppliance(
  build: ApplianceBuild,
  args: readonly string[],
  { under = [], ...options }: ApplianceOptions = {},
): Promise<RunningAppliance> {
  const startMs = performance.now();
  const process_ = startProgram([...under, process.execPath, ...nodeOptions, build.path, ...args], options);
  const said = await process_.line('"running"');
  const elapsedMs = performance.now() - startMs;
  return {
    ...process_,
    startedAfterMs: Math.min(elapsedMs, cpuMs(process_.child.pid ?? 0) ?? elapsedMs),
    running: JSON.parse(said) as RunningAppliance['running'],
  };
}

/** What a process has used of a processor, in hundredths of a second. Undefined where the system has no /proc. */
function cpuMs(pid: number): number | undefined {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return undefined;
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process, MB of 1,024 kB: now and at its highest. Undefined where the system has no /proc. */
export function residentMb(pid: number): { readonly now: number; readonly highest: number } | undefined {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1_024;
  return { now: read('VmRSS'), highest: read('VmHWM') };
}

/** Runs the words behind it on a file system where nothing but one folder can be written; undefined where that is not allowed. */
export function readOnlyRoot(writable: string): readonly string[] | undefined {
  const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const steps =
    'mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && ! touch /offhook-writes 2>/dev/null && exec "$@"';
  const [program, ...rest]: readonly [string, ...string[]] = ['unshare', ...asUser, '--mount', 'sh', '-c', steps, 'sh', writable];
  return spawnSync(program, [...rest, 'true']).status === 0 ? [program, ...rest] : undefined;
}
