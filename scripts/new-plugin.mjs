/** `npm run new-plugin -- mechanism NAME | transport NAME [--dir FOLDER]`: a package of your own that passes its kit, made from the example. */
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root, say } from './bootstrap.mjs';

const usage = 'Usage: npm run new-plugin -- mechanism NAME | transport NAME [--dir FOLDER]';
const failed = 2;

/** @type {Readonly<Record<string, string>>} */
const examples = { mechanism: 'my-policy', transport: 'my-transport' };
const nameShape = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const unwritten = new Set(['node_modules', 'dist', 'reports', '.turbo']);

/** @param {string} name @returns {string} `quiet-hours` as `Quiet hours` */
const titleOf = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ');

/** @param {string} folder @returns {string[]} */
function filesIn(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

/**
 * @param {string} kind @param {string} name @param {string} folder where the package is made
 * @throws {Error} with what is wrong and what is allowed; nothing is written then
 */
export function makePlugin(kind, name, folder) {
  const example = examples[kind];
  if (example === undefined) throw new Error(`"${kind}" is no kind of plugin; those are mechanism and transport.\n${usage}`);
  if (!nameShape.test(name))
    throw new Error(`"${name}" is no name for a plugin; use lower-case words joined by -, such as quiet-hours.`);
  if (existsSync(folder)) throw new Error(`${folder} is there already. Choose another name, or another folder with --dir.`);
  const source = join(root, 'examples', example);
  cpSync(source, folder, { recursive: true, filter: (path) => !unwritten.has(basename(path)) });
  const up = `${relative(folder, root).split(sep).join('/')}/`;
  for (const file of filesIn(folder)) {
    const text = readFileSync(file, 'utf8')
      .replaceAll(`@offhook/example-${example}`, name)
      .replaceAll(example, name)
      .replaceAll(titleOf(example), titleOf(name))
      .replaceAll(/(?<=['"])\.\.\/\.\.\//g, up);
    writeFileSync(file, text);
  }
}

/** @param {readonly string[]} args */
function main(args) {
  const { values, positionals } = parseArgs({ args: [...args], options: { dir: { type: 'string' } }, allowPositionals: true });
  const [kind = '', name = '', ...more] = positionals;
  if (name === '' || more.length > 0) throw new Error(usage);
  // npm runs this in the root; paths on the command line are those of the folder it was called from.
  const from = process.env.INIT_CWD ?? process.cwd();
  const folder = values.dir === undefined ? join(root, 'plugins', name) : resolve(from, values.dir);
  makePlugin(kind, name, folder);
  const place = relative(from, folder) || '.';
  say(`${place} is ready. Next:
  cd ${place}
  npx vitest run      the conformance kit, from source
  npx tsc -b          compiles it; then name its folder under plugins in a configuration
docs/plugins.md says what the kit asks for.`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = failed;
  }
}
