import {
  type Ambient,
  ConfigError,
  type Finding,
  hasErrors,
  type LineConfig,
  type RuntimeConfig,
  systemAmbient,
} from '@offhook/core';
import { createDefaultLocator } from '@offhook/runtime';
import { findConfig, loadPluggedConfig, type PluggedFile, resolveSecret } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { defaultSocketPath } from '../socket-path.ts';
import { busChecks } from './doctor-bus.ts';
import { createClockCheck } from './doctor-clock.ts';
import { configurationChecks, plainPasswords } from './doctor-config.ts';
import { configFileCheck, controlSocketCheck, secretFileChecks, stateFolderCheck } from './doctor-files.ts';
import { nodeCheck, openFileCheck, receiveBufferCheck } from './doctor-machine.ts';
import { portChecks } from './doctor-ports.ts';
import { type Diagnosis, diagnose, reportOf } from './doctor-report.ts';
import { serverChecks } from './doctor-servers.ts';
import { doctorText } from './doctor-text.ts';

/** A configuration as far as it could be read, and where its secrets came from. */
interface Patient {
  readonly path: string | undefined;
  readonly config: RuntimeConfig | undefined;
  readonly findings: readonly Finding[];
  readonly secrets: ReadonlySet<string>;
  readonly secretFiles: readonly string[];
  /** It cannot be read at all. */
  readonly unreadable: string | undefined;
  /** A plugin that it names cannot be loaded. */
  readonly fault?: string | undefined;
}

const nobody: Patient = {
  path: undefined,
  config: undefined,
  findings: [],
  secrets: new Set(),
  secretFiles: [],
  unreadable: undefined,
};

/** Undefined: none is named, and none is at the usual places. */
function configPath(given: string | undefined): string | undefined {
  try {
    return findConfig(given, process.env);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

async function readPatient(given: string | undefined): Promise<Patient> {
  const path = configPath(given);
  if (path === undefined) return nobody;
  const secrets = new Set<string>();
  const secretFiles: string[] = [];
  let file: PluggedFile;
  try {
    file = await loadPluggedConfig(path, {
      secrets(reference) {
        const secret = resolveSecret(reference);
        if (secret !== undefined) secrets.add(secret);
        if ('file' in reference) secretFiles.push(reference.file);
        return secret;
      },
    });
  } catch (error) {
    if (error instanceof ConfigError) return { ...nobody, path, unreadable: error.message };
    throw error;
  }
  const fault = file.pluginFault?.message;
  return { path, config: file.config, findings: file.findings, secrets, secretFiles, unreadable: undefined, fault };
}

/** What is asked of the network: all at once, each with a time of its own. */
async function askAround(config: RuntimeConfig, socket: string, ambient: Ambient): Promise<readonly Diagnosis[]> {
  const found = await Promise.all([
    portChecks(config, socket, ambient),
    serverChecks({ config, locator: createDefaultLocator(config, ambient), ambient }),
    busChecks(config, ambient),
  ]);
  return found.flat();
}

function fileChecks({ path, config, secretFiles }: Patient, socket: string, plain: readonly LineConfig[]): readonly Diagnosis[] {
  return [
    ...(path === undefined ? [] : configFileCheck(path, plain.length)),
    ...secretFileChecks(secretFiles),
    ...(config === undefined ? [] : [...stateFolderCheck(config.state?.folder), ...controlSocketCheck(socket)]),
  ];
}

function readingChecks({ path, unreadable, fault }: Patient): readonly Diagnosis[] {
  const told = diagnose('configuration');
  if (unreadable !== undefined) {
    const words = { subject: path ?? '', seen: unreadable, why: 'Nothing but the machine was looked at.' };
    return [told('error', 'config.unreadable', { ...words, remedy: 'Correct the path or its rights.' })];
  }
  if (fault !== undefined) {
    const words = { subject: 'plugins', seen: fault, why: 'The runner does not start without them (exit 3).' };
    return [told('error', 'plugin', { ...words, remedy: 'Correct plugins, or install what is missing.' })];
  }
  if (path !== undefined) return [];
  const words = {
    subject: 'configuration',
    seen: 'none is named, and none is at the usual places',
    why: 'Nothing but the machine was looked at.',
  };
  return [told('info', 'config.none', { ...words, remedy: 'Name one: offhook doctor phone.yaml.' })];
}

function exitOf({ config, findings, unreadable, path, fault }: Patient, isWell: boolean): ExitCode {
  if (unreadable !== undefined || fault !== undefined || hasErrors(findings) || (path !== undefined && config === undefined))
    return exit.usage;
  return isWell ? exit.done : exit.missed;
}

/** Looks at everything that could keep lines from working here, sends nothing but OPTIONS. Exit 1 on an error, 2 on a bad configuration. */
export async function doctor(given: string | undefined, output: Output): Promise<ExitCode> {
  const ambient = systemAmbient();
  const clock = createClockCheck(() => ambient.now());
  const patient = await readPatient(given);
  const { config, findings } = patient;
  const lines = config?.lines ?? [];
  const plain = plainPasswords(lines, patient.secrets);
  const socket = config?.control?.socket ?? defaultSocketPath(config?.cluster ?? 'local');
  const around = config === undefined ? [] : await askAround(config, socket, ambient);
  const report = reportOf(patient.path, lines.length, [
    ...[nodeCheck(), ...clock.check(), ...openFileCheck(lines), ...(config === undefined ? [] : receiveBufferCheck(config))],
    ...[...readingChecks(patient), ...configurationChecks(config, findings, plain)],
    ...[...fileChecks(patient, socket, plain), ...around],
  ]);
  output.result(report, (paint) => doctorText(report, paint));
  return exitOf(patient, report.ok);
}
