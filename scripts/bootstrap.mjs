/**
 * Makes a fresh clone runnable with nothing but Node and npm: checks Node, installs what the lock file names, builds what is out of date.
 * Only `node:` modules, and a syntax that an older Node still parses, so that it can say what is wrong. All chatter goes to stderr.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Exit code of everything that could not start. */
export const couldNotStart = 3;

const oldestNode = [20, 19, 0];

/**
 * @param {string} version as in `process.versions.node`
 * @returns {string | undefined} what is wrong with this Node and what to do; undefined when it will do
 */
export function nodeFault(version) {
  const parts = version.split('.').map(Number);
  const difference = oldestNode.map((least, i) => Number(parts[i]) - least).find((each) => each !== 0);
  if (difference === undefined || difference > 0) return undefined;
  return `Offhook needs Node ${oldestNode.join('.')} or newer; this is Node ${version}. Install Node 24 LTS (see .nvmrc) and try again.`;
}

/**
 * Packages that the lock file names and node_modules lacks or has in another version. Optional ones (binaries of other platforms) may be missing.
 * @param {{ packages: Record<string, any> }} wanted package-lock.json
 * @param {{ packages?: Record<string, any> } | undefined} present node_modules/.package-lock.json, which npm writes last
 * @returns {string[]} their paths
 */
export function missingPackages(wanted, present) {
  const have = present?.packages || {};
  return Object.keys(wanted.packages).filter((path) => {
    const entry = wanted.packages[path];
    if (!path.includes('node_modules/')) return false;
    if (!have[path]) return !entry.optional;
    return have[path].version !== entry.version || have[path].integrity !== entry.integrity;
  });
}

/** @param {string} path @returns {any} undefined when it is not there */
function readJson(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs Node on a script of ours or of a package; its output goes to stderr.
 * @param {string[]} args @returns {boolean} whether it ended well
 */
function runNode(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
}

/** Runs `npm ci` when node_modules is missing or out of date. @returns {boolean} whether everything is there */
export function install() {
  if (missingPackages(readJson('package-lock.json'), readJson('node_modules/.package-lock.json')).length === 0) return true;
  say('Installing what package-lock.json names (npm ci) …');
  // Under `npm start --silent` npm hands its silence down; an error must be seen all the same.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const done =
    npm !== undefined && /\.[cm]?js$/.test(npm)
      ? runNode([npm, ...args])
      : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' }).status === 0;
  if (!done) say('The installation failed; see above. It needs the npm registry or a mirror of it (npm config get registry).');
  return done;
}

/** Compiles what changed since the last build. @returns {boolean} whether the types are right */
export function build() {
  const built = runNode([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);
  if (!built) say('The build failed; see above.');
  return built;
}

/** Ends the process when Node is too old. Call it before anything else. */
export function requireNode() {
  const fault = nodeFault(process.versions.node);
  if (fault === undefined) return;
  say(fault);
  process.exit(couldNotStart);
}
