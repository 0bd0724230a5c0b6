import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled, startSink, timeProgram } from './child.ts';

/** SIPp does the same work against a sink of the same kind in the same run; µs of its CPU for one. Undefined: not installed, or it failed. */
async function sipp(scenario: string, count: number, perSecond: number, args: readonly string[]): Promise<number | undefined> {
  if (!isInstalled('sipp')) return undefined;
  const sink = await startSink();
  sink.order({ order: 'set', challenge: 'always' });
  const path = fileURLToPath(new URL(`../sipp/${scenario}.xml`, import.meta.url));
  const bounds = ['-m', `${count}`, '-r', `${perSecond}`, '-l', '4000', '-timeout', '120', '-nostdin'];
  const timed = await timeProgram('sipp', ['-sf', path, '-i', '127.0.0.1', ...bounds, ...args, `127.0.0.1:${sink.ports[0]}`]);
  await sink.stop();
  return timed === undefined ? undefined : (timed.cpuS / count) * 1e6;
}

export async function sippRegistrations(count: number, perSecond: number): Promise<number | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  const users = join(folder, 'users.csv');
  const row = (_: unknown, i: number): string => `${100_000 + i};[authentication username=${100_000 + i} password=secret]`;
  await writeFile(users, `SEQUENTIAL\n${Array.from({ length: count }, row).join('\n')}\n`);
  const cpuUs = await sipp('register', count, perSecond, ['-inf', users]);
  await rm(folder, { recursive: true });
  return cpuUs;
}

export const sippCalls = (count: number, perSecond: number): Promise<number | undefined> =>
  sipp('caller', count, perSecond, ['-s', '5000']);
