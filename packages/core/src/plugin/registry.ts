import type { PluginManifest } from '../contracts/manifest.ts';
import { PluginError } from '../errors.ts';

/** What a plugin package exports: a frozen manifest and one factory. */
export interface Plugin {
  readonly manifest: PluginManifest;
  /** Makes the thing; what it takes depends on the kind. */
  readonly create: (...args: never[]) => unknown;
}

export type PluginKind = PluginManifest['kind'];

/** A candidate and where it came from, for messages: a path, a package, `built in`. */
export interface PluginCandidate {
  readonly plugin: unknown;
  readonly from: string;
}

export interface PluginRegistry {
  /**
   * Admits all candidates or none; every fault of every candidate is in the message.
   * @throws PluginError `E_PLUGIN_INVALID` no plugin, or for another contract; `E_PLUGIN_DUPLICATE` a name twice within a kind
   */
  admit(candidates: readonly PluginCandidate[]): void;
  find(kind: PluginKind, name: string): Plugin | undefined;
  /** Sorted by name. */
  list(kind: PluginKind): readonly Plugin[];
}

const supportedApi = 1;
const nameShape = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

type Loose = Readonly<Record<string, unknown>>;
type Field = readonly [name: string, accepts: (value: unknown) => boolean, expected: string];

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);

/** What a manifest must carry beside name, kind and api. */
const fieldsOf: Readonly<Record<PluginKind, readonly Field[]>> = {
  transport: [
    ['protocol', oneOf('udp', 'tcp', 'tls'), 'udp, tcp or tls'],
    ['framing', oneOf('datagram', 'stream'), 'datagram or stream'],
    ['reliable', oneOf(true, false), 'true or false'],
    ['maxBytes', (value) => Number.isInteger(value) && Number(value) > 0, 'a positive whole number'],
  ],
  mechanism: [
    ['title', isText, 'text'],
    ['claims', isFunction, 'a function of the line'],
  ],
  locator: [],
  bus: [],
  'line-store': [],
};

const isObject = (value: unknown): value is Loose => (typeof value === 'object' || typeof value === 'function') && value !== null;

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}

/** Everything that is wrong with one candidate. */
function faultsOf({ plugin }: PluginCandidate): readonly string[] {
  const manifest = isObject(plugin) ? plugin.manifest : undefined;
  if (!isObject(plugin) || !isObject(manifest)) return ['exports no manifest; export a frozen object of that name'];
  const { name, kind, api } = manifest;
  const faults: string[] = [];
  if (typeof name !== 'string' || !nameShape.test(name))
    faults.push(`name is ${show(name)}, expected lower-case words joined by -`);
  if (api !== supportedApi)
    faults.push(`api is ${show(api)}, this runtime supports ${supportedApi}; use a release of the plugin for that`);
  if (!Object.isFrozen(manifest)) faults.push('the manifest is not frozen; wrap it in Object.freeze()');
  if (!isFunction(plugin.create)) faults.push('create is no function; export the factory under that name');
  const fields = typeof kind === 'string' && Object.hasOwn(fieldsOf, kind) ? fieldsOf[kind as PluginKind] : undefined;
  if (fields === undefined) faults.push(`kind is ${show(kind)}, expected one of ${Object.keys(fieldsOf).join(', ')}`);
  for (const [field, accepts, expected] of fields ?? []) {
    if (!accepts(manifest[field])) faults.push(`${field} is ${show(manifest[field])}, expected ${expected}`);
  }
  return faults;
}

/** Keeps the plugins of one runtime. Two registries share nothing. */
export function createPluginRegistry(): PluginRegistry {
  const admitted = new Map<string, { readonly plugin: Plugin; readonly from: string }>();
  const keyOf = (kind: string, name: string): string => `${kind} ${name}`;
  return {
    admit(candidates) {
      const invalid = candidates.flatMap((candidate) => faultsOf(candidate).map((fault) => `plugin ${candidate.from}: ${fault}`));
      const duplicates: string[] = [];
      const wanted = new Map(admitted);
      for (const candidate of candidates) {
        if (faultsOf(candidate).length > 0) continue;
        const plugin = candidate.plugin as Plugin;
        const { kind, name } = plugin.manifest;
        const other = wanted.get(keyOf(kind, name));
        if (other !== undefined)
          duplicates.push(
            `plugin ${candidate.from}: the ${kind} "${name}" is already given by ${other.from}; remove or rename one of the two`,
          );
        else wanted.set(keyOf(kind, name), { plugin, from: candidate.from });
      }
      const faults = [...invalid, ...duplicates];
      if (faults.length > 0)
        throw new PluginError(invalid.length > 0 ? 'E_PLUGIN_INVALID' : 'E_PLUGIN_DUPLICATE', faults.join('\n'));
      for (const [key, entry] of wanted) admitted.set(key, entry);
    },
    find: (kind, name) => admitted.get(keyOf(kind, name))?.plugin,
    list: (kind) =>
      [...admitted.values()]
        .map(({ plugin }) => plugin)
        .filter(({ manifest }) => manifest.kind === kind)
        .sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1)),
  };
}
