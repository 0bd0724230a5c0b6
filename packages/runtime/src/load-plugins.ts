import { createRequire } from 'node:module';
import { dirname, isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createPluginRegistry, type EdgeListen, type ErrorCode, type Mechanism, type Plugin, PluginError } from '@offhook/core';
import { builtInTransports, listenFaults, type TransportPlugin } from './plugin-transport.ts';

/** What the plugins of a configuration bring. */
export interface LoadedPlugins {
  readonly mechanisms: readonly Mechanism[];
  readonly transports: readonly TransportPlugin[];
}

export const noPlugins: LoadedPlugins = Object.freeze({ mechanisms: [], transports: [] });

const said = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.replace(/\.$/, '') ?? '';
const isPath = (name: string): boolean => /^\.{0,2}[\\/]/.test(name) || isAbsolute(name);
const fault = (code: ErrorCode, name: string, sentence: string, cause?: unknown): PluginError =>
  new PluginError(code, `plugin ${name}: ${sentence}`, { cause });

/** The file of a plugin, as `require` in that file would find it. */
function locate(name: string, from: string): string {
  const folder = dirname(from);
  let cause: unknown;
  try {
    const file = createRequire(from).resolve(name);
    // Otherwise it is a module of Node's own.
    if (isAbsolute(file)) return file;
  } catch (error) {
    cause = error;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND')
      throw fault('E_PLUGIN_LOAD', name, `cannot be resolved: ${said(error)}. See its package.json.`, error);
  }
  const remedy = isPath(name)
    ? 'Check the path: it counts from that folder and names a module, or a folder whose package.json has "main"'
    : `Install it there (npm install ${name}); a path begins with ./, ../ or /`;
  throw fault('E_PLUGIN_LOAD', name, `nothing is found from ${folder}. ${remedy}.`, cause);
}

async function importPlugin(name: string, from: string): Promise<Plugin> {
  const file = locate(name, from);
  try {
    return (await import(pathToFileURL(file).href)) as Plugin;
  } catch (error) {
    const remedy = /\.[mc]?tsx?$/.test(file) ? 'Compile it to JavaScript first' : 'Correct it, or take it out of plugins';
    throw fault('E_PLUGIN_LOAD', name, `fails as it is imported: ${said(error)}. ${remedy}.`, error);
  }
}

function makeMechanism(plugin: Plugin, from: string): Mechanism {
  let made: Mechanism | undefined;
  try {
    made = (plugin.create as () => Mechanism | undefined)();
  } catch (error) {
    throw fault('E_PLUGIN_LOAD', from, `create() fails: ${said(error)}. Correct it, or take it out of plugins.`, error);
  }
  if (typeof made?.decide !== 'function')
    throw fault('E_PLUGIN_INVALID', from, 'create() makes no mechanism: decide is no function.');
  if (made.manifest === plugin.manifest) return made;
  throw fault('E_PLUGIN_INVALID', from, 'what create() makes has another manifest than the plugin exports; let it be the same.');
}

/** Gathers what goes wrong, so that all of it is told at once. */
function createFaults() {
  const faults: PluginError[] = [];
  const codes: readonly ErrorCode[] = ['E_PLUGIN_LOAD', 'E_PLUGIN_INVALID', 'E_PLUGIN_DUPLICATE'];
  return {
    async attempt(act: () => Promise<void>): Promise<void> {
      try {
        await act();
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        faults.push(error);
      }
    },
    /** @throws PluginError with every fault, under the code of the gravest */
    settle(): void {
      const gravest = codes.find((code) => faults.some((each) => each.code === code));
      if (gravest !== undefined)
        throw new PluginError(gravest, faults.map(({ message }) => message).join('\n'), { cause: faults });
    },
  };
}

/**
 * Loads the plugins a configuration names and makes its mechanisms; transports are made when a runtime starts. Names are resolved as
 * `require` does it in the file `from` (an absolute path or a file URL): paths from its folder, packages from the node_modules above it.
 * Importing a plugin runs its code.
 * @param listen the addresses that may name a transport plugin
 * @throws PluginError (rejects) `E_PLUGIN_LOAD`, `E_PLUGIN_INVALID`, `E_PLUGIN_DUPLICATE`: every fault of every plugin, with its remedy
 */
export async function loadPlugins(
  names: readonly string[],
  from: string | URL,
  listen: readonly EdgeListen[] = [],
): Promise<LoadedPlugins> {
  const base = String(from).startsWith('file:') ? fileURLToPath(from) : String(from);
  const faults = createFaults();
  const registry = createPluginRegistry();
  registry.admit(builtInTransports.map((plugin) => ({ plugin, from: 'Offhook itself' })));
  const mechanisms: Mechanism[] = [];
  const transports: TransportPlugin[] = [];
  for (const name of names) {
    await faults.attempt(async () => {
      const plugin = await importPlugin(name, base);
      registry.admit([{ plugin, from: name }]);
      const { kind } = plugin.manifest;
      if (kind === 'mechanism') mechanisms.push(makeMechanism(plugin, name));
      else if (kind === 'transport') transports.push(plugin as TransportPlugin);
      else throw fault('E_PLUGIN_INVALID', name, `kind is "${kind}"; plugins of a configuration are transports and mechanisms.`);
    });
  }
  faults.settle();
  const wrong = listenFaults(listen, transports);
  if (wrong.length > 0) throw new PluginError('E_PLUGIN_INVALID', wrong.join('\n'));
  return Object.freeze({ mechanisms, transports });
}
