import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

/** @returns {string[]} the folders of the workspaces that package.json names, as paths from the root: `packages/core` */
export function workspaceFolders() {
  /** @type {string[]} */
  const globs = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces;
  const parents = globs.map((glob) => glob.replace(/\/\*$/, '')).filter((parent) => existsSync(join(root, parent)));
  const folders = parents.flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`));
  return folders.filter((folder) => existsSync(join(root, folder, 'package.json')));
}
