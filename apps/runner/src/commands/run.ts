import { type Bus, describeFinding, type RuntimeConfig, systemAmbient } from '@offhook/core';
import { createRuntime, type Runtime } from '@offhook/runtime';
import { findConfig, loadConfig, runnableConfig } from '../config-file.ts';
import { defaultSocketPath } from '../control-protocol.ts';
import { startControl } from '../control-server.ts';
import { type ExitCode, exit } from '../exit.ts';
import { createLog } from '../log.ts';
import type { Output } from '../output.ts';

export interface RunOptions {
  readonly config?: string;
  readonly bus?: string;
  readonly socket?: string;
  readonly strict: boolean;
  readonly logLevel: string;
}

/** The bus of `--bus` or the configuration; undefined: the one inside the process. Loaded only when asked for. */
async function openBus(
  config: RuntimeConfig,
  options: RunOptions,
  ambient: ReturnType<typeof systemAmbient>,
): Promise<Bus | undefined> {
  const url = options.bus ?? config.bus.url;
  if (url === undefined) return undefined;
  const { createNatsBus } = await import('@offhook/bus-nats');
  return createNatsBus({ servers: [url], name: `offhook-${config.cluster}`, ambient });
}

const listeningText = (runtime: Runtime): string => runtime.listening.map(({ host, port }) => `${host}:${port}`).join(', ');

/**
 * Runs a configuration until interrupted: lines register, commands are served on the control socket. SIGTERM and SIGINT
 * withdraw the bindings; a second one ends at once.
 */
export async function run(options: RunOptions, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const file = loadConfig(findConfig(options.config, process.env));
  const config = runnableConfig(file, options.strict);
  for (const finding of file.findings) output.say(describeFinding(finding));
  const ambient = systemAmbient({ log: createLog(options.logLevel) });
  const bus = await openBus(config, options, ambient);
  const runtime = await createRuntime({ config, ambient, ...(bus === undefined ? {} : { bus }) }).catch(
    async (error: unknown) => {
      await bus?.drain();
      throw error;
    },
  );
  const path = options.socket ?? config.control?.socket ?? defaultSocketPath(config.cluster);
  try {
    const control = await startControl(runtime, path);
    output.result({ event: 'running', lines: config.lines.length, listening: runtime.listening, control: path }, () =>
      [`Running ${config.lines.length} lines on ${listeningText(runtime)}.`, `Control socket ${path}: try "offhook lines".`].join(
        '\n',
      ),
    );
    await new Promise<void>((resolve) => {
      if (interrupted.aborted) return resolve();
      interrupted.addEventListener('abort', () => resolve(), { once: true });
    });
    await control.stop();
  } finally {
    await runtime.stop();
    await bus?.drain();
  }
  return exit.interrupted;
}
