import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';
import { searchPath } from './child.ts';
import { unshare } from './network.ts';

const isInstalled = (program: string): boolean => searchPath.split(delimiter).some((folder) => existsSync(join(folder, program)));

function mayMakeNetworks(): boolean {
  const [program, ...args] = unshare;
  return spawnSync(program, [...args, 'true'], { env: { PATH: searchPath } }).status === 0;
}

const network = ['unshare', 'nsenter', 'ip', 'nft'];

function missing(programs: readonly string[]): readonly string[] {
  const absent = [...network, ...programs].filter((program) => !isInstalled(program));
  if (absent.length > 0 || mayMakeNetworks()) return absent;
  return ['the right to make a network namespace'];
}

/**
 * Tests against real programs. Where one is missing they are skipped under a name that says so; with OFFHOOK_PEERS=required they run
 * all the same, and fail.
 */
export function describePeers(name: string, programs: readonly string[], body: () => void): void {
  const absent = process.env.OFFHOOK_PEERS === 'required' ? [] : missing(programs);
  if (absent.length === 0) describe(name, body);
  else describe.skip(`${name} (not here: ${absent.join(', ')})`, body);
}
