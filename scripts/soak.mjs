/**
 * `npm run soak`: long runs, outside `npm test`. `day`: hours of many lines in virtual time; `peers`: minutes against two real
 * Kamailios. Without a name both. Exit 1 when memory grows, a timer is left or a line is not registered.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { requireNode, root, say } from './bootstrap.mjs';
import { bundle } from './bundle.mjs';

const runs = ['day', 'peers'];

requireNode();
const [first = '', ...rest] = process.argv.slice(2);
const named = runs.includes(first);
if (!named && first !== '' && !first.startsWith('--')) {
  say(`Usage: npm run soak [-- ${runs.join('|')}] [-- --hours 24 --minutes 10 --lines N --seed TEXT]`);
  process.exit(2);
}
const args = named ? rest : process.argv.slice(2);
const outdir = join(root, 'dist', 'soak');
await bundle({ entries: [...runs, 'phone'].map((name) => join(root, 'scripts', 'soak', `${name}.ts`)), outdir });
let failed = 0;
for (const run of named ? [first] : runs) {
  const { status } = spawnSync(process.execPath, ['--expose-gc', join(outdir, `${run}.mjs`), ...args], { stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
