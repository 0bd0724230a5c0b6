/**
 * `npm run appliance`: joins all that an appliance needs, from source, into one file, dist/offhook-appliance.mjs. Beside it: what
 * went into it (.meta.json, as esbuild writes it) and the licences of others (.licences.txt). `--outdir FOLDER` puts them elsewhere.
 */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { requireNode, root, say } from './bootstrap.mjs';

const name = 'offhook-appliance';

/** Messages of zod in all languages but English. @type {import('esbuild').Plugin} */
const englishOnly = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: "export { default as en } from './en.js';" }));
  },
};

/**
 * Folders of the packages of others that a file holds code of.
 * @param {import('esbuild').Metafile} metafile @returns {string[]}
 */
function foreignPackages(metafile) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** @param {string} folder @returns {string} */
function licenceOf(folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8').trim();
  return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
}

requireNode();
const { values } = parseArgs({ options: { outdir: { type: 'string', default: join(root, 'dist') } } });
const outfile = join(resolve(values.outdir), `${name}.mjs`);
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['apps/runner/src/appliance.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  conditions: ['@offhook/source'],
  minify: true,
  // Errors are shown by their class, and a stack that an appliance reports must be readable.
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  plugins: [englishOnly],
  banner: {
    js: "#!/usr/bin/env -S node --max-semi-space-size=1\nimport{createRequire as __load}from'node:module';const require=__load(import.meta.url);",
  },
  logLevel: 'warning',
});
chmodSync(outfile, 0o755);
writeFileSync(outfile.replace(/\.mjs$/, '.meta.json'), JSON.stringify(metafile));
writeFileSync(outfile.replace(/\.mjs$/, '.licences.txt'), foreignPackages(metafile).map(licenceOf).join('\n---\n\n'));
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
say(`${outfile}: ${(bytes / 1_000_000).toFixed(2)} MB`);
