/**
 * `npm run model`: the model tests of the lab, as many as are wanted, outside `npm test`: random lines, outages, calls and restarts against the
 * invariants of a line. Exit 1 when one was broken; its story is printed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { requireNode, root } from './bootstrap.mjs';
import { bundle } from './bundle.mjs';

requireNode();
const outdir = join(root, 'dist', 'model');
await bundle({ entries: [join(root, 'scripts', 'model', 'many.ts')], outdir });
const { status } = spawnSync(process.execPath, [join(outdir, 'many.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
