import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));

/** For suites of compiled programs: compiles what has changed in their workspace. A fault of types is reported and keeps no test from running. */
export default function build(): void {
  // Vitest asks once for the whole and once for each project.
  if (process.env.OFFHOOK_BUILT !== undefined) return;
  process.env.OFFHOOK_BUILT = 'yes';
  spawnSync(process.execPath, [compiler, '-b', process.cwd()], { stdio: ['ignore', 'inherit', 'inherit'] });
}
