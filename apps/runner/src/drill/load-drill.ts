import { resolve, sep } from 'node:path';
import {
  ConfigError,
  type Finding,
  hasErrors,
  type LineConfig,
  type Preset,
  type RuntimeConfig,
  readRuntimeConfig,
} from '@offhook/core';
import type { Drill, DrillReading } from '@offhook/lab';
import type { LoadedPlugins } from '@offhook/runtime';
import { findConfig, loadPluggedConfig, type PluggedFile, plugIn, readText, runnableConfig } from '../config-file.ts';

/** A configuration to be put through a drill. */
export interface Contender {
  /** What tells it from another one: its file, or its preset. */
  readonly name: string;
  readonly config: RuntimeConfig;
  readonly plugins: LoadedPlugins | undefined;
  /** What is doubtful in it. */
  readonly findings: readonly Finding[];
}

export interface ContenderChoice {
  /** A file; otherwise what the drill says. */
  readonly config?: string | undefined;
  readonly preset?: Preset | undefined;
  /** So many lines in place of those of the drill or the configuration. */
  readonly lines?: number | undefined;
}

/** No drill needs a real password: servers are told what the lines know. */
const secrets = (): string => 'drill';

/** @throws ConfigError `E_CONFIG_INVALID` with every finding, `E_CONFIG_UNREADABLE` */
export async function loadDrill(path: string): Promise<{ readonly drill: Drill; readonly locate: DrillReading['locate'] }> {
  const { readDrill } = await import('@offhook/lab');
  const { drill, findings, locate } = readDrill({ name: path, text: readText(path, 'drill') });
  if (drill === undefined) throw faulty(`Drill ${path} cannot be played`, findings);
  return { drill, locate };
}

function faulty(what: string, findings: readonly Finding[]): ConfigError {
  const faults = findings.filter(({ severity }) => severity === 'error');
  const count = faults.length === 1 ? 'one error' : `${faults.length} errors`;
  return new ConfigError('E_CONFIG_INVALID', `${what}: ${count}.`, { findings: faults });
}

function withPreset(input: Readonly<Record<string, unknown>>, preset: Preset | undefined): unknown {
  if (preset === undefined) return input;
  const phone = typeof input.phone === 'object' && input.phone !== null ? input.phone : {};
  return { ...input, phone: { ...phone, xDefaultsPreset: preset } };
}

async function readContender(
  drill: Drill,
  locate: DrillReading['locate'],
  path: string,
  { config, preset }: ContenderChoice,
): Promise<PluggedFile> {
  const written = drill.configuration;
  if (config === undefined && typeof written === 'object') {
    const reading = readRuntimeConfig(withPreset(written, preset), {
      resolveSecret: secrets,
      locate: (at) => locate(['configuration', ...at]),
    });
    return plugIn(path, reading);
  }
  const beside = typeof written === 'string' ? resolve(path, '..', written) : undefined;
  const file = config ?? (beside === undefined ? findConfig(undefined, process.env) : shorter(beside));
  return loadPluggedConfig(file, { secrets, ...(preset === undefined ? {} : { preset }) });
}

/** A path below the working folder as one would type it. */
const shorter = (path: string): string =>
  path.startsWith(process.cwd() + sep) ? path.slice(process.cwd().length + sep.length) : path;

/**
 * The configuration that a drill is about, with as many lines as wanted.
 * @throws ConfigError (rejects) `E_CONFIG_INVALID`, `E_CONFIG_UNREADABLE`; PluginError
 */
export async function loadContender(
  path: string,
  { drill, locate }: Awaited<ReturnType<typeof loadDrill>>,
  choice: ContenderChoice = {},
): Promise<Contender> {
  const { checkNames, multiplyLines } = await import('@offhook/lab');
  const file = await readContender(drill, locate, path, choice);
  const config = runnableConfig(file, false);
  const count = choice.lines ?? drill.lines;
  const lines: readonly LineConfig[] = count === undefined ? config.lines : multiplyLines(config.lines, count);
  if (lines.length === 0)
    throw new ConfigError('E_CONFIG_INVALID', `Configuration ${file.path} has no lines to be put through a drill.`);
  const faults = checkNames(drill.scenario, lines, ['script'], locate);
  if (hasErrors(faults)) throw faulty(`Drill ${path} does not fit configuration ${file.path}`, faults);
  const name = choice.preset ?? (file.path === path ? 'the drill' : file.path);
  return { name, config: { ...config, lines }, plugins: file.plugins, findings: file.findings };
}
