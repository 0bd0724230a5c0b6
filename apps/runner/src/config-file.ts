import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  ConfigError,
  type Finding,
  hasErrors,
  knownMechanisms,
  outageFindings,
  PluginError,
  type Preset,
  policyFindings,
  type ResolveSecret,
  type RuntimeConfig,
  type RuntimeReading,
} from '@offhook/core';
import { readConfiguration } from '@offhook/provisioning';
import { judgedMechanisms, type LoadedPlugins, loadPlugins } from '@offhook/runtime';

/** What a configuration file says, what its plugins bring, and what is wrong with either. */
export interface PluggedFile {
  readonly path: string;
  /** Undefined when it cannot be run at all. */
  readonly config: RuntimeConfig | undefined;
  readonly findings: readonly Finding[];
  /** Undefined when there is a fault. */
  readonly plugins: LoadedPlugins | undefined;
  /** What follows from the configuration in seconds: for who checks it, not for who runs it. */
  figures(): readonly Finding[];
  /** `E_PLUGIN_LOAD`, `E_PLUGIN_INVALID`, `E_PLUGIN_DUPLICATE` */
  readonly pluginFault: PluginError | undefined;
}

/** Where a configuration is looked for when none is named, first found wins. */
function configCandidates(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return ['offhook.yaml', 'offhook.xml', join(home, 'offhook', 'offhook.yaml'), '/etc/offhook/offhook.yaml'];
}

const noConfiguration = (looked: readonly string[]): string => `No configuration is named, and none is at the usual places:
${looked.map((path) => `  ${path}`).join('\n')}
Write one, such as this phone.yaml, then start it with: offhook run phone.yaml
  lines:
    - { userId: "1000", password: secret, proxy: sip.example.net }
Every key is listed in docs/configuration.md. "offhook demo" shows Offhook at work without one.`;

/** @throws ConfigError `E_CONFIG_UNREADABLE` when nothing is named and nothing found */
export function findConfig(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = given ?? (env.OFFHOOK_CONFIG || undefined);
  if (named !== undefined) return named;
  const candidates = configCandidates(env);
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ConfigError('E_CONFIG_UNREADABLE', noConfiguration([...candidates, '$OFFHOOK_CONFIG']));
}

/** The text that a reference of a configuration stands for; undefined when there is none. */
export function resolveSecret(reference: { readonly env: string } | { readonly file: string }): string | undefined {
  if ('env' in reference) return process.env[reference.env];
  try {
    return readFileSync(reference.file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}

/** More than any configuration needs; what is longer is a mistake in the name. */
const longestBytes = 64 * 1_048_576;

const whyUnreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path.',
  EISDIR: 'it is a folder. Name a file in it.',
  EACCES: 'reading it is not permitted. Check its rights.',
  ENOTDIR: 'a part of the path is no folder. Check the path.',
};

/** @throws ConfigError `E_CONFIG_UNREADABLE` */
export function readText(path: string, what = 'configuration'): string {
  const unreadable = (why: string, cause?: unknown): ConfigError =>
    new ConfigError('E_CONFIG_UNREADABLE', `Cannot read ${what} ${path}: ${why}`, { cause });
  try {
    const { size } = statSync(path);
    if (size > longestBytes) throw unreadable(`it has ${size} bytes; at most ${longestBytes} are read.`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw unreadable(whyUnreadable[code] ?? `${message}.`, cause);
  }
}

/** Judges what was read, and loads the plugins that it names. `path` is where they are looked for. */
export async function plugIn(path: string, reading: RuntimeReading): Promise<PluggedFile> {
  const { config, lines, findings, locate, plugins: names } = reading;
  try {
    const plugins = await loadPlugins(names, resolve(path), config?.edge.listen);
    const manifests = judgedMechanisms(plugins.mechanisms);
    const policy = policyFindings(lines, manifests, locate);
    const figures = () => outageFindings(lines, manifests, locate);
    return { path, config, findings: [...findings, ...policy], figures, plugins, pluginFault: undefined };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    // Whether a name is unknown cannot be said while a plugin is missing that might bring it.
    const policy = policyFindings(lines, knownMechanisms, locate).filter(({ code }) => code !== 'policy.unknown');
    return { path, config, findings: [...findings, ...policy], figures: () => [], plugins: undefined, pluginFault: error };
  }
}

export interface LoadOptions {
  /** Default: environment and files. */
  readonly secrets?: ResolveSecret;
  /** Judged as if X Defaults Preset had this value. */
  readonly preset?: Preset;
}

/**
 * Reads and judges a file: faults of the text, of values, of mechanisms and of plugins at once. Plugins that it names are loaded, which runs
 * their code; its lines are judged against their mechanisms too. @throws ConfigError (rejects) `E_CONFIG_UNREADABLE`
 */
export async function loadPluggedConfig(path: string, options: LoadOptions = {}): Promise<PluggedFile> {
  const { secrets = resolveSecret, preset } = options;
  const source = { name: path, text: readText(path), resolveSecret: secrets };
  return plugIn(path, readConfiguration(preset === undefined ? source : { ...source, preset }));
}

/** Stands for every secret, certificate and key of a configuration that is not run here; another reference is another text. */
export const standIn: ResolveSecret = (reference) =>
  `-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n${JSON.stringify(reference)}`;

/**
 * Where the runner of a configuration is asked. Nothing of it is run, no secret is looked up.
 * @throws ConfigError `E_CONFIG_UNREADABLE`; `E_CONFIG_INVALID` when it cannot be run
 */
export function controlOf(path: string): { readonly socket?: string; readonly cluster: string } {
  const { config } = readConfiguration({ name: path, text: readText(path), resolveSecret: standIn });
  if (config === undefined)
    throw new ConfigError('E_CONFIG_INVALID', `Configuration ${path} cannot be run; "offhook check" lists its faults.`);
  const { cluster, control } = config;
  return { cluster, ...(control?.socket === undefined ? {} : { socket: control.socket }) };
}

/**
 * The configuration to run. @throws ConfigError `E_CONFIG_INVALID` when it is unreadable, or faulty and strict
 * @throws PluginError when one of its plugins cannot be used
 */
export function runnableConfig(file: PluggedFile, strict: boolean): RuntimeConfig {
  const { config, findings, path, pluginFault } = file;
  if (config !== undefined && pluginFault !== undefined) throw pluginFault;
  const isStrict = strict || config?.strict === true;
  if (config !== undefined && !(isStrict && hasErrors(findings))) return config;
  const faults = findings.filter(({ severity }) => severity === 'error');
  const why = config === undefined ? 'cannot be run' : 'is refused, since strict allows neither repair nor refusal';
  const count = faults.length === 1 ? 'one error' : `${faults.length} errors`;
  throw new ConfigError('E_CONFIG_INVALID', `Configuration ${path} ${why}: ${count}.`, { findings: faults });
}
