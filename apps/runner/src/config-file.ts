import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  ConfigError,
  describeFinding,
  type Finding,
  hasErrors,
  knownMechanisms,
  policyFindings,
  type RuntimeConfig,
} from '@offhook/core';
import { readConfiguration } from '@offhook/provisioning';

/** What a configuration file says, and what is wrong with it. */
export interface LoadedFile {
  readonly path: string;
  /** Undefined when it cannot be run at all. */
  readonly config: RuntimeConfig | undefined;
  readonly findings: readonly Finding[];
}

/** Where a configuration is looked for when none is named, first found wins. */
function configCandidates(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  return ['offhook.yaml', 'offhook.xml', join(home, 'offhook', 'offhook.yaml'), '/etc/offhook/offhook.yaml'];
}

/** @throws ConfigError `E_CONFIG_UNREADABLE` when nothing is named and nothing found */
export function findConfig(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = given ?? env.OFFHOOK_CONFIG;
  if (named !== undefined) return named;
  const candidates = configCandidates(env);
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ConfigError(
    'E_CONFIG_UNREADABLE',
    `No configuration file. Looked for: ${candidates.join(', ')}. Name one: offhook run FILE.`,
  );
}

function resolveSecret(reference: { readonly env: string } | { readonly file: string }): string | undefined {
  if ('env' in reference) return process.env[reference.env];
  try {
    return readFileSync(reference.file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}

/** Reads and judges a file: faults of the text, of values and of mechanisms at once. @throws ConfigError `E_CONFIG_UNREADABLE` */
export function loadConfig(path: string): LoadedFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      'E_CONFIG_UNREADABLE',
      `Cannot read ${path}: ${(cause as Error).message}. Check the path and its rights.`,
      { cause },
    );
  }
  const { config, findings, locate } = readConfiguration({ name: path, text, resolveSecret });
  const policy = config === undefined ? [] : policyFindings(config.lines, knownMechanisms, locate);
  return { path, config, findings: [...findings, ...policy] };
}

/** The configuration to run. @throws ConfigError `E_CONFIG_INVALID` when it is unreadable, or faulty and strict */
export function runnableConfig(file: LoadedFile, strict: boolean): RuntimeConfig {
  const { config, findings, path } = file;
  if (config !== undefined && !((strict || config.strict) && hasErrors(findings))) return config;
  const faults = findings.filter(({ severity }) => severity === 'error').map(describeFinding);
  throw new ConfigError('E_CONFIG_INVALID', `${path} cannot be run:\n${faults.join('\n')}`);
}
