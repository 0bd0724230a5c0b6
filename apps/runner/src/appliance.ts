import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, ConfigError, describeFinding, type LineStore, type RuntimeConfig, systemAmbient } from '@offhook/core';
import { createFileLineStore } from '@offhook/line-store';
import { createRuntime, type Runtime } from '@offhook/runtime';
import { loadPluggedConfig, runnableConfig } from './config-file.ts';
import { type ControlServer, openControl } from './control-server.ts';
import { type ExitCode, exit, exitCodeOf } from './exit.ts';
import { createOutput, type Output, type Streams } from './output.ts';
import { createPlainLog } from './plain-log.ts';
import { createReload, type Reload } from './reload.ts';

/* The program of an appliance: lines of one file, a state folder, and a control socket in it. Speaks JSON, one value a line. */

const usage = `Usage: offhook-appliance CONFIG [--state FOLDER] [--socket PATH]
  CONFIG    YAML or flat-profile XML
  --state   folder where registrations survive a power cut, and where the control socket stands; default: state.folder of CONFIG
  --socket  another path for the control socket; without a folder and a path there is none
Exit codes: 2 bad configuration or usage, 3 could not start, 130 ended by SIGINT or SIGTERM.`;

interface ApplianceOptions {
  readonly config: string;
  readonly state: string | undefined;
  readonly socket: string | undefined;
}

/** Undefined: help was asked for. @throws CommandError `E_COMMAND_INVALID` */
function readArguments(args: readonly string[]): ApplianceOptions | undefined {
  const text = { type: 'string' } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { state: text, socket: text, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help === true) return undefined;
    const [config, ...more] = positionals;
    if (config === undefined || more.length > 0) throw new Error(`One configuration is needed, not ${positionals.length}.`);
    for (const value of [config, values.state, values.socket]) if (value === '') throw new Error('A path must not be empty.');
    return { config, state: values.state, socket: values.socket };
  } catch (error) {
    throw new CommandError('E_COMMAND_INVALID', `${(error as Error).message}\n${usage}`);
  }
}

/** @throws ConfigError `E_CONFIG_INVALID` where the file asks for what is not in here */
function refuseWhatIsMissing({ bus }: RuntimeConfig, path: string): void {
  if (bus.url === undefined) return;
  const message = `Configuration ${path} names a bus, and this build has none but the one inside the process. Remove bus.url, or use "offhook run".`;
  throw new ConfigError('E_CONFIG_INVALID', message);
}

/** From now on the first SIGINT or SIGTERM ends all in order, the second one the process. */
function listenForEnd(): Promise<void> {
  return new Promise((resolve) => {
    let isEnding = false;
    const end = (): void => {
      if (isEnding) process.exit(exit.interrupted);
      isEnding = true;
      resolve();
    };
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, end);
  });
}

interface Living {
  readonly control: ControlServer | undefined;
  readonly reload: Reload;
  readonly ended: Promise<void>;
}

async function live(runtime: Runtime, { control, reload, ended }: Living, output: Output): Promise<void> {
  control?.serve(runtime, reload);
  // An appliance has no terminal that could hang up.
  process.on('SIGHUP', () => {
    reload().then(
      (report) => output.result({ event: 'reloaded', ...report }, () => ''),
      (error: unknown) => output.fail(error),
    );
  });
  const lines = runtime.lines().length;
  output.result({ event: 'running', lines, listening: runtime.listening, control: control?.path }, () => '');
  await ended;
  output.say('Ending: calls are ended and registrations withdrawn. Once more ends at once.');
}

async function runLines(options: ApplianceOptions, output: Output): Promise<ExitCode> {
  const ended = listenForEnd();
  const file = await loadPluggedConfig(options.config);
  if (file.config !== undefined && file.pluginFault !== undefined) throw file.pluginFault;
  const config = runnableConfig(file, false);
  refuseWhatIsMissing(config, file.path);
  for (const finding of file.findings) output.say(describeFinding(finding));
  const folder = options.state ?? config.state?.folder;
  const socket = options.socket ?? config.control?.socket ?? (folder === undefined ? undefined : join(folder, 'control.sock'));
  const { now } = systemAmbient();
  const ambient = systemAmbient({ log: createPlainLog((text) => void process.stderr.write(`${text}\n`), now) });
  // First: a second process on one state folder ends before it has said a word to anybody.
  const store: LineStore | undefined = folder === undefined ? undefined : await createFileLineStore({ folder, ambient });
  let control: ControlServer | undefined;
  try {
    control = socket === undefined ? undefined : await openControl(socket);
    const runtime = await createRuntime({
      config,
      ambient,
      ...(file.plugins && { plugins: file.plugins }),
      ...(store && { store }),
    });
    try {
      await live(runtime, { control, reload: createReload(runtime, file.path, false), ended }, output);
    } finally {
      await runtime.stop();
    }
  } finally {
    await control?.stop();
    await store?.close();
  }
  return exit.interrupted;
}

/** Runs one command line; resolves with the exit code. */
async function appliance(args: readonly string[], streams: Streams = process): Promise<ExitCode> {
  const output = createOutput(true, streams);
  try {
    const options = readArguments(args);
    if (options !== undefined) return await runLines(options, output);
    streams.stdout.write(`${usage}\n`);
    return exit.done;
  } catch (error) {
    output.fail(error);
    return exitCodeOf(error);
  }
}

process.exitCode = await appliance(process.argv.slice(2));
