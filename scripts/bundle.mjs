import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './bootstrap.mjs';

/** Modules that read files beside them go on finding those. @type {import('esbuild').Plugin} */
const ownUrl = {
  name: 'own-url',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' };
    });
  },
};

/**
 * Joins TypeScript programs of the repository with every package of ours, from source; what npm installed stays outside.
 * @param {{ entries: string[], outdir: string }} options
 */
export async function bundle({ entries, outdir }) {
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    conditions: ['@offhook/source'],
    external: [
      'sip.js',
      'sip.js/*',
      'xstate',
      'nats',
      'pino',
      'commander',
      'picocolors',
      'tsyringe',
      'reflect-metadata',
      'zod',
      'dns-packet',
      'fast-check',
    ],
    plugins: [ownUrl],
    logLevel: 'warning',
    sourcemap: 'inline',
  });
}
