import { Command, CommanderError } from 'commander';
import { call } from './commands/call.ts';
import { check } from './commands/check.ts';
import { events, explain, hangup, lines } from './commands/remote.ts';
import { run } from './commands/run.ts';
import { defaultSocketPath } from './control-protocol.ts';
import { type ExitCode, exit, exitCodeOf } from './exit.ts';
import { createOutput } from './output.ts';

type Globals = { readonly json?: boolean; readonly socket?: string; readonly cluster?: string };

/** First SIGINT or SIGTERM ends the command in order; the second ends the process. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => (controller.signal.aborted ? process.exit(exit.interrupted) : controller.abort()));
  }
  return controller.signal;
}

function build(finish: (code: ExitCode) => void): Command {
  const program = new Command('offhook');
  program
    .description('Multi-line SIP phone runtime: two registrations per line, every decision explained.')
    .showSuggestionAfterError()
    .exitOverride();

  /** Every command prints data with --json, and nothing else on standard output. */
  const command = (name: string, description: string): Command =>
    program.command(name).description(description).option('--json', 'print data as JSON on standard output').exitOverride();
  const remote = (name: string, description: string): Command =>
    command(name, description)
      .option('--socket <path>', 'control socket of the runner')
      .option('--cluster <name>', 'cluster whose default socket is used', 'local');
  const socketOf = ({ socket, cluster = 'local' }: Globals): string =>
    socket ?? process.env.OFFHOOK_SOCKET ?? defaultSocketPath(cluster);
  const outputOf = ({ json }: Globals) => createOutput(json === true);

  command('run', 'run the lines of a configuration until interrupted')
    .argument('[config]', 'YAML or flat-profile XML file; default: ./offhook.yaml, then the usual places')
    .option('--bus <url>', 'run on a NATS bus, nats://host:4222')
    .option('--socket <path>', 'control socket to serve')
    .option('--strict', 'refuse to start where a value would be repaired', false)
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .action(async (config: string | undefined, options: Globals & { bus?: string; strict: boolean; logLevel: string }) =>
      finish(await run({ ...options, ...(config === undefined ? {} : { config }) }, outputOf(options), interruptSignal())),
    );
  command('demo', 'three dual lines, two registrars, an outage and its recovery, on loopback')
    .option('--once', 'play the story once and end', false)
    .action(async (options: Globals & { once: boolean }) => {
      const { demo } = await import('./commands/demo.ts');
      finish(await demo(options, outputOf(options), interruptSignal()));
    });
  command('check', 'judge configuration files without running them')
    .argument('<file...>', 'YAML or flat-profile XML')
    .action((files: string[], options: Globals) => finish(check(files, outputOf(options))));
  remote('lines', 'every line: registrations, route, calls').action(async (options: Globals) =>
    finish(await lines(socketOf(options), outputOf(options))),
  );
  remote('explain', 'which server a line uses, by which rule, and what comes next')
    .argument('<line>')
    .action(async (line: string, options: Globals) => finish(await explain(socketOf(options), line, outputOf(options))));
  remote('events', 'decisions and states as they happen').action(async (options: Globals) =>
    finish(await events(socketOf(options), outputOf(options))),
  );
  remote('call', 'place a call from a line; ends with the call')
    .argument('<line>')
    .argument('<target>', 'user or SIP URI')
    .option('--duration <seconds>', 'hang up after this time', Number)
    .action(async (line: string, target: string, options: Globals & { duration?: number }) =>
      finish(await call(socketOf(options), line, target, options.duration, outputOf(options), interruptSignal())),
    );
  remote('hangup', 'end a call of a line, or all of them')
    .argument('<line>')
    .argument('[call]', 'identifier of the call')
    .action(async (line: string, callId: string | undefined, options: Globals) =>
      finish(await hangup(socketOf(options), line, callId, outputOf(options))),
    );
  return program;
}

/** Runs one command line; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exit.done;
  try {
    await build((given) => {
      code = given;
    }).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage;
    const { message } = error as Error;
    process.stderr.write(`offhook: ${message}\n`);
    if (exitCodeOf(error) === exit.couldNotStart && process.env.OFFHOOK_DEBUG)
      process.stderr.write(`${(error as Error).stack}\n`);
    return exitCodeOf(error);
  }
}
