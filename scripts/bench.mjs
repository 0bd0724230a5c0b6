/** `npm run bench`: sets up what is missing, then measures. Arguments: `--short`, `--json`, `--profile`, `--lines 1000,10000`, `--out FOLDER`. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, couldNotStart, install, requireNode, root } from './bootstrap.mjs';

requireNode();
if (!install() || !build()) process.exit(couldNotStart);
await import(pathToFileURL(join(root, 'bench', 'dist', 'main.js')).href);
