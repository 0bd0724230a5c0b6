import type { Manifest, Workspace } from './repository.ts';

/** Rules about package.json files and package-lock.json. Pure. */

interface LockEntry {
  readonly version?: string;
  readonly link?: boolean;
  /** Folder of a linked package. */
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const exact = /^(npm:@?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

/** Dependencies whose version could move by itself. Peer dependencies are ranges on purpose. */
export function loosePins({ name, dependencies, devDependencies, optionalDependencies }: Manifest): readonly string[] {
  const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  return all
    .filter(([, range]) => !exact.test(range))
    .map(([dependency, range]) => `${name}: ${dependency} "${range}" is not an exact version`);
}

const byName = (record: Readonly<Record<string, string>> = {}): string => JSON.stringify(Object.entries(record).sort());

/** Where `npm ci` would refuse: a package.json that the lock file does not repeat. `folder` is empty for the root. */
export function lockFaults(lock: Lock, folder: string, manifest: Manifest): readonly string[] {
  const entry = lock.packages[folder];
  if (entry === undefined) return [`${manifest.name}: not in package-lock.json`];
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
  return kinds
    .filter((kind) => byName(entry[kind]) !== byName(manifest[kind]))
    .map((kind) => `${manifest.name}: package-lock.json has other ${kind}; run npm install`);
}

/**
 * Optional packages (one for each platform) that the lock file lost. npm drops one that does not resolve without a word,
 * and then `npm ci` of npm 11 stops on that platform.
 */
export function missingOptionals({ packages }: Lock): readonly string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => placeOf(packages, path, name) === undefined)
      .map((name) => `${path || 'root'}: ${name} has no entry`),
  );
}

/** Paths of all packages that the one in `folder` needs when it runs, itself among them. */
export function runtimeClosure({ packages }: Lock, folder: string): readonly string[] {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = placeOf(packages, path, name);
      if (at !== undefined) visit(packages[at]?.link === true ? (packages[at]?.resolved ?? at) : at);
    }
  };
  visit(folder);
  return [...found].sort();
}

/** Looks in the package's own node_modules, then outwards, as Node does. */
function placeOf(packages: Lock['packages'], path: string, name: string): string | undefined {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (at === '') return undefined;
  }
}

const shippable = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'Unlicense',
  'BlueOak-1.0.0',
]);
const developmentOnly = new Set([...shippable, 'MPL-2.0', 'Python-2.0', 'MIT OR Apache-2.0']);
/** Packages whose package.json points at a file; the licence read there. */
const readByHand: Readonly<Record<string, string>> = { 'node_modules/spawndamnit': 'MIT' };

/** Packages under a licence that what we ship, or what we develop with, may not have. */
export function licenceFaults({ packages }: Lock): readonly string[] {
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
    .map(([path, entry]) => ({ path, dev: entry.dev === true, license: readByHand[path] ?? entry.license ?? 'none' }))
    .filter(({ dev, license }) => !(dev ? developmentOnly : shippable).has(license))
    .map(({ path, dev, license }) => `${path}: ${license}${dev ? ' (development)' : ''}`);
}

/** Dependencies of ours without a project reference, so that `tsc -b` would build in the wrong order, and the other way round. */
export function referenceFaults(
  { folder, manifest, references }: Workspace,
  folderOf: ReadonlyMap<string, string>,
): readonly string[] {
  const wanted = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).flatMap(
    (name) => folderOf.get(name) ?? [],
  );
  return [
    ...wanted.filter((path) => !references.includes(path)).map((path) => `${folder}/tsconfig.json: no reference to ${path}`),
    ...references.filter((path) => !wanted.includes(path)).map((path) => `${folder}/package.json: no dependency on ${path}`),
  ];
}
