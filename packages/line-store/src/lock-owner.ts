import { readFile } from 'node:fs/promises';

/**
 * A process, told apart from a later one with its number: after a power cut the same number soon belongs to somebody else.
 * Without `/proc` the number alone must do.
 */
export interface LockOwner {
  readonly pid: number;
  /** Names this run of the system. */
  readonly boot: string;
  /** When the process began, in ticks since the system did. */
  readonly started: string;
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

const readBoot = async (): Promise<string> => (await readText('/proc/sys/kernel/random/boot_id')).trim();

/** State letter and start time: the fields behind the name, which may hold anything. */
async function readProcess(pid: number): Promise<{ readonly state: string; readonly started: string }> {
  const text = await readText(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

export async function ownOwner(): Promise<LockOwner> {
  const { pid } = process;
  return { pid, boot: await readBoot(), started: (await readProcess(pid)).started };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether that very process still runs. */
export async function isRunning({ pid, boot, started }: LockOwner): Promise<boolean> {
  if (boot !== (await readBoot()) || !answersSignals(pid)) return false;
  const now = await readProcess(pid);
  return now.state !== 'Z' && now.started === started;
}
