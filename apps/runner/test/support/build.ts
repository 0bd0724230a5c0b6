import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));
/** The command, and the plugins that its tests load. */
const folders = ['../../', '../../../../examples/my-transport', '../../../../examples/my-policy'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Compiles what has changed; a fault of types is reported and does not keep the tests from running. */
export default function build(): void {
  // Vitest asks once for the whole and once for each project.
  if (process.env.OFFHOOK_BUILT !== undefined) return;
  process.env.OFFHOOK_BUILT = 'yes';
  spawnSync(process.execPath, [compiler, '-b', ...folders], { stdio: ['ignore', 'inherit', 'inherit'] });
}
