import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from '../bootstrap.mjs';
import { workspaceFolders } from '../workspaces.mjs';

/** The parts of a package.json that the house has rules about. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** One workspace; `folder` is its path from the root: `packages/core`. */
export interface Workspace {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Folders of the workspaces that its tsconfig.json refers to. */
  readonly references: readonly string[];
}

/** A file of the repository, by its path from the root. */
export const readText = (path: string): string => readFileSync(join(root, path), 'utf8');
export const readJson = <T>(path: string): T => JSON.parse(readText(path)) as T;

const unwritten = new Set(['node_modules', 'dist', 'reports', 'coverage', '.turbo', '.git']);

/** Every hand-written file below a folder, as paths from the root with `/`; build output is left out. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !unwritten.has(name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
}

/** The workspaces that package.json names. */
export function readWorkspaces(): readonly Workspace[] {
  return workspaceFolders().map((folder) => ({
    folder,
    manifest: readJson<Manifest>(`${folder}/package.json`),
    references: readReferences(folder),
  }));
}

function readReferences(folder: string): readonly string[] {
  const { references = [] } = readJson<{ references?: { path: string }[] }>(`${folder}/tsconfig.json`);
  return references.map(({ path }) =>
    relative(root, join(root, folder, path))
      .split(sep)
      .join('/'),
  );
}

/** Tests are exempt from arrows and doors: they may reach for whatever shows the behaviour. */
export const isTest = (file: string): boolean => /\.(test|spec)\.ts$|^[^/]+\/[^/]+\/test\//.test(file);
