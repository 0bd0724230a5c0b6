import { readFileSync } from 'node:fs';

/** What the system says of processes that are not ours to ask. Linux alone has it. */

/** ms of a clock that all processes of this machine share. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Parts of `/proc/PID/stat` count from behind the name, which may contain anything. @source proc(5) */
const utimeAt = 11;
const ticksPerS = 100;

/** CPU of all threads so far, user and system, s. @throws Error when it has ended */
export function cpuS(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const parts = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(parts[utimeAt]) + Number(parts[utimeAt + 1])) / ticksPerS;
}

/** Resident memory, MB. @throws Error when it has ended */
export const rssMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
