/**
 * `npm run bench`: sets up what is missing, then measures; `npm run bench -- cluster`: a cluster over NATS.
 * Arguments of both: `--short`, `--json`, `--profile`, `--lines 1000,10000`, `--out FOLDER`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, couldNotStart, install, requireNode, root } from './bootstrap.mjs';

requireNode();
if (!install() || !build()) process.exit(couldNotStart);
const isCluster = process.argv[2] === 'cluster';
if (isCluster) process.argv.splice(2, 1);
await import(pathToFileURL(join(root, 'bench', 'dist', isCluster ? 'cluster' : '', 'main.js')).href);
