import {
  type Ambient,
  type Bus,
  type EdgeListen,
  formatEndpoint,
  type LineStore,
  type RuntimeConfig,
  systemAmbient,
} from '@offhook/core';
import { createRuntime, type LoadedPlugins, type Runtime } from '@offhook/runtime';
import type { LogLevel } from '../arguments.ts';
import { busConnection } from '../bus-connection.ts';
import { findConfig, loadPluggedConfig, runnableConfig } from '../config-file.ts';
import { type ControlServer, openControl } from '../control-server.ts';
import { type ExitCode, exit } from '../exit.ts';
import { createLog } from '../log.ts';
import type { Output } from '../output.ts';
import { tellProgress } from '../registration-progress.ts';
import { createReload, type Reload } from '../reload.ts';
import { reloadText } from '../reload-text.ts';
import { defaultSocketPath } from '../socket-path.ts';
import { findingText } from '../text.ts';

export interface RunOptions {
  readonly config?: string;
  readonly bus?: string;
  readonly socket?: string;
  readonly state?: string;
  readonly strict: boolean;
  readonly logLevel: LogLevel;
}

/** The bus of `--bus` or the configuration; undefined: the one inside the process. Loaded only when asked for. */
async function openBus(config: RuntimeConfig, options: RunOptions, ambient: Ambient): Promise<Bus | undefined> {
  const url = options.bus ?? config.bus.url;
  if (url === undefined) return undefined;
  const { createNatsBus } = await import('@offhook/bus-nats');
  return createNatsBus({ ...busConnection(config, url), name: `offhook-${config.cluster}`, ambient });
}

/** Keeps registrations in the folder of `--state` or the configuration; undefined: nothing is written. */
async function openStore(config: RuntimeConfig, options: RunOptions, ambient: Ambient): Promise<LineStore | undefined> {
  const folder = options.state ?? config.state?.folder;
  if (folder === undefined) return undefined;
  const { createFileLineStore } = await import('@offhook/line-store');
  return createFileLineStore({ folder, ambient });
}

interface Program {
  readonly config: RuntimeConfig;
  readonly plugins: LoadedPlugins | undefined;
}

/** Runs `use` with a runtime and takes all, runtime, bus and store, down afterwards. */
async function withRuntime(
  { config, plugins }: Program,
  options: RunOptions,
  use: (runtime: Runtime) => Promise<void>,
): Promise<void> {
  const ambient = systemAmbient({ log: createLog(options.logLevel) });
  // First: a second runner on one state folder ends before it has said a word to anybody.
  const store = await openStore(config, options, ambient);
  let bus: Bus | undefined;
  try {
    bus = await openBus(config, options, ambient);
    const runtime = await createRuntime({
      config,
      ambient,
      ...(plugins && { plugins }),
      ...(bus && { bus }),
      ...(store && { store }),
    });
    try {
      await use(runtime);
    } finally {
      await runtime.stop();
    }
  } finally {
    await bus?.drain();
    await store?.close();
  }
}

/** `udp`, or `udp by my-transport`. */
const servedBy = ({ protocol, plugin }: Partial<EdgeListen> = {}): string =>
  plugin === undefined ? (protocol ?? 'udp') : `${protocol} by ${plugin}`;

function announce(runtime: Runtime, config: RuntimeConfig, path: string, output: Output): void {
  const { listening } = runtime;
  const lines = config.lines.length;
  output.result({ event: 'running', lines, listening, control: path }, () => {
    const places = listening.map((at, i) => `${formatEndpoint(at)} (${servedBy(config.edge.listen[i])})`).join(', ');
    return [
      `Running ${lines} line${lines === 1 ? '' : 's'} on ${places}.`,
      `Control socket ${path}; try "offhook lines" in another terminal. Ctrl-C ends.`,
    ].join('\n');
  });
}

/** SIGHUP reads the configuration again, unless it is the terminal that hangs up. Answers with what ends that. */
function listenForHangUp(reload: Reload, output: Output): () => void {
  if (process.stdout.isTTY || process.stderr.isTTY) return () => {};
  const again = (): void => {
    reload().then(
      (report) => output.say((paint) => reloadText(report, paint)),
      (error: unknown) => output.fail(error),
    );
  };
  process.on('SIGHUP', again);
  return () => process.off('SIGHUP', again);
}

interface Stay {
  readonly control: ControlServer;
  readonly reload: Reload;
}

async function stay(runtime: Runtime, { control, reload }: Stay, output: Output, interrupted: AbortSignal): Promise<void> {
  control.serve(runtime, reload);
  const endHangUp = listenForHangUp(reload, output);
  const endProgress = tellProgress(runtime, output);
  await new Promise<void>((resolve) => {
    if (interrupted.aborted) return resolve();
    interrupted.addEventListener('abort', () => resolve(), { once: true });
  });
  endProgress();
  endHangUp();
  output.say('Ending: calls are ended and registrations withdrawn. Once more ends at once.');
}

/**
 * Runs a configuration until interrupted: lines register, commands are served on the control socket. SIGTERM and SIGINT
 * withdraw the bindings; a second one ends at once.
 */
export async function run(options: RunOptions, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const file = await loadPluggedConfig(findConfig(options.config, process.env));
  const config = runnableConfig(file, options.strict);
  for (const finding of file.findings) output.say((paint) => findingText(finding, paint));
  const path = options.socket ?? config.control?.socket ?? defaultSocketPath(config.cluster);
  output.say(`Starting ${config.lines.length} line${config.lines.length === 1 ? '' : 's'} of ${file.path} …`);
  if (config.lines.length === 0) output.say('The configuration has no lines: nothing will register.');
  // Before anything is sent: a second runner of the same lines would quarrel with the first over their registrations.
  const control = await openControl(path);
  try {
    await withRuntime({ config, plugins: file.plugins }, options, async (runtime) => {
      announce(runtime, config, path, output);
      const reload = createReload(runtime, file.path, options.strict);
      await stay(runtime, { control, reload }, output, interrupted);
    });
  } finally {
    await control.stop();
  }
  return exit.interrupted;
}
