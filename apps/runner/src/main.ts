import { CommandError } from '@offhook/core';
import { Command, CommanderError, Option } from 'commander';
import { logLevels, parseBusUrl, parseDuration, parseLines, parseName, parsePath, parsePresets } from './arguments.ts';
import { addCluster } from './cluster-commands.ts';
import type { ConformanceOptions } from './commands/conformance.ts';
import type { DrillOptions } from './commands/drill.ts';
import type { ExplainOptions } from './commands/explain.ts';
import type { Connect } from './commands/remote.ts';
import type { RunOptions } from './commands/run.ts';
import { type ExitCode, exit, exitCodeOf } from './exit.ts';
import { command, type Finish, type Frame, type Interrupts } from './frame.ts';
import { createOutput, type Streams } from './output.ts';
import type { RunnerChoice } from './runner-door.ts';
import { version } from './version.ts';

type RemoteOptions = RunnerChoice;

function createInterrupts(): Interrupts {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exit.interrupted);
    controller.abort();
  };
  const release = (): void => {
    for (const name of names) process.off(name, onSignal);
  };
  return {
    signal() {
      release();
      for (const name of names) process.on(name, onSignal);
      return controller.signal;
    },
    release,
  };
}

/** A command to a running runner. */
const remote = (program: Command, name: string, description: string): Command =>
  command(program, name, description)
    .option('--socket <path>', 'control socket of the runner; default: $OFFHOOK_SOCKET, then that of the cluster', parsePath)
    .option('--cluster <name>', 'cluster whose runner is asked', parseName, 'local')
    .option('--bus <url>', 'ask the cluster on this NATS bus instead of a runner', parseBusUrl);

function addLocal(program: Command, { output, finish, interrupts }: Frame): void {
  command(program, 'run', 'run the lines of a configuration until interrupted')
    .argument('[config]', 'YAML or flat-profile XML; default: $OFFHOOK_CONFIG, ./offhook.yaml, then the usual places')
    .option('--bus <url>', 'run on a NATS bus, nats://host:4222', parseBusUrl)
    .option('--socket <path>', 'control socket to serve', parsePath)
    .option('--state <folder>', 'folder where registrations survive a power cut', parsePath)
    .option('--strict', 'refuse to start where a value would be repaired or a mechanism refused', false)
    .addOption(new Option('--log-level <level>', 'how much is logged on standard error').choices(logLevels).default('warn'))
    .action(async (config: string | undefined, options: Omit<RunOptions, 'config'>) => {
      const { run } = await import('./commands/run.ts');
      finish(await run({ ...options, ...(config === undefined ? {} : { config }) }, output, interrupts.signal()));
    });
  command(program, 'demo', 'the failover story: three lines, two servers on loopback, an outage and its recovery')
    .option('--once', 'end when the story has been told', false)
    .option('--socket <path>', 'control socket to serve after the story', parsePath)
    .action(async (options: { once: boolean; socket?: string }) => {
      const { demo } = await import('./commands/demo.ts');
      finish(await demo(options, output, interrupts.signal()));
    });
  command(program, 'drill', 'play a script of outages, calls and restarts against a configuration, in virtual time')
    .argument('<file>', 'drill: YAML or JSON, see docs/drills.md')
    .option('--config <file>', 'configuration to use in place of the one that the drill names', parsePath)
    .option('--compare <file>', 'another configuration: both are played, and what differs is told', parsePath)
    .option('--preset <names>', 'X Defaults Preset: seed or mpp-11.3; seed,mpp-11.3 compares the two', parsePresets)
    .option('--lines <n>', 'so many lines, made of those of the configuration; a fleet is counted, not told', parseLines)
    .option('--seed <text>', 'another seed: other random delays, same otherwise')
    .option('--line <id>', 'the timeline and the picture of this line alone')
    .option('--svg <file>', 'draw the drill into this file', parsePath)
    .action(async (file: string, options: DrillOptions) => {
      const { drill } = await import('./commands/drill.ts');
      finish(await drill(file, options, output, interrupts.signal()));
    });
  command(program, 'conformance', 'play the vectors of the redundancy reference against this build, in virtual time')
    .argument('[vector...]', 'such as RED-30; all of them without')
    .option('--vectors <folder>', 'folder of vectors to play in place of those of this build', parsePath)
    .action(async (vectors: string[], options: ConformanceOptions) => {
      const { conformance } = await import('./commands/conformance.ts');
      finish(await conformance(vectors, options, output, interrupts.signal()));
    });
  command(program, 'doctor', 'look for what keeps lines from working here: machine, files, ports, servers, bus')
    .argument('[config]', 'YAML or flat-profile XML; default as for run. Without one the machine alone is looked at')
    .action(async (config: string | undefined) => {
      const { doctor } = await import('./commands/doctor.ts');
      finish(await doctor(config, output));
    });
  command(program, 'check', 'judge configuration files without running them')
    .argument('<file...>', 'YAML or flat-profile XML')
    .action(async (files: string[]) => {
      const { check } = await import('./commands/check.ts');
      finish(await check(files, output));
    });
}

/** Commands load what they need: `--help` does not wait for a phone. */
const remotes = () => import('./commands/remote.ts');

function addRemote(program: Command, { output, finish, interrupts }: Frame): void {
  const to =
    (options: RemoteOptions): Connect =>
    async () =>
      (await import('./runner-door.ts')).connectRunner(options, process.env);
  remote(program, 'lines', 'every line: registrations, route, calls').action(async (options: RemoteOptions) =>
    finish(await (await remotes()).lines(to(options), output)),
  );
  remote(program, 'explain', 'which server a line uses, by which rule, and what comes next')
    .argument('<line>', 'id of a line, as "offhook lines" shows it')
    .option('--request <id>', 'one request or call instead, such as r12 or c3: each step of it')
    .option('--svg <file>', 'write a diagram too: charts with the states they are in, servers, next moves', parsePath)
    .option('--config <file>', 'ask the runner of this configuration: its control socket, or that of its cluster', parsePath)
    .action(async (line: string, options: RemoteOptions & ExplainOptions) => {
      const { explain } = await import('./commands/explain.ts');
      finish(await explain(to(options), line, options, output));
    });
  remote(program, 'counters', 'what became of every message: delivered, answered, or dropped and why').action(
    async (options: RemoteOptions) => finish(await (await remotes()).counters(to(options), output)),
  );
  remote(program, 'events', 'decisions and states as they happen, until interrupted').action(async (options: RemoteOptions) =>
    finish(await (await remotes()).events(to(options), output, interrupts.signal())),
  );
  remote(program, 'call', 'place a call from a line and stay until it ends')
    .argument('<line>', 'id of a line')
    .argument('<target>', 'user or SIP URI')
    .option('--duration <seconds>', 'hang up so long after the answer; default: when interrupted', parseDuration)
    .action(async (line: string, target: string, options: RemoteOptions & { duration?: number }) => {
      const { call } = await import('./commands/call.ts');
      finish(await call(to(options), { line, target, durationS: options.duration }, output, interrupts.signal()));
    });
  remote(program, 'hangup', 'end a call of a line, or all of them')
    .argument('<line>', 'id of a line')
    .argument('[call]', 'id of a call, such as c1')
    .action(async (line: string, callId: string | undefined, options: RemoteOptions) =>
      finish(await (await remotes()).hangup(to(options), line, callId, output)),
    );
}

function addChanges(program: Command, { output, finish }: Frame): void {
  const to =
    (options: RemoteOptions): Connect =>
    async () =>
      (await import('./runner-door.ts')).connectRunner(options, process.env);
  const changes = () => import('./commands/configure.ts');
  remote(program, 'reload', 'have the runner read its configuration again: what counts now, and what waits for what')
    .argument('[file]', 'another configuration; default: the one that was read last')
    .action(async (file: string | undefined, options: RemoteOptions) =>
      finish(await (await changes()).reload(to(options), file, output)),
    );
  remote(program, 'policy', 'ask for the fallback mechanism of a line; the registry admits or refuses it')
    .argument('<line>', 'id of a line')
    .argument('<mechanism>', 'auto, dual-registration, ranked-list, dns-srv, broadsoft, or the name of a plugin')
    .option('--restart', 'restart the line with it at once', false)
    .action(async (line: string, mechanism: string, options: RemoteOptions & { restart: boolean }) =>
      finish(await (await changes()).policy(to(options), { line, mechanism, restart: options.restart }, output)),
    );
  remote(program, 'restart', 'restart a line with all that waits for it: registrations are withdrawn and made anew')
    .argument('<line>', 'id of a line')
    .action(async (line: string, options: RemoteOptions) => finish(await (await changes()).restart(to(options), line, output)));
}

function build(frame: Frame, { stdout, stderr }: Streams): Command {
  const { output } = frame;
  const program = new Command('offhook')
    .description('A multi-line SIP phone without a handset: two registrations a line, every decision explained.')
    .version(version())
    .showSuggestionAfterError()
    .exitOverride();
  // Below --json what is wrong with the usage is told as every other error.
  program.configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void (output.json || stderr.write(text)),
  });
  if (!output.json) program.showHelpAfterError('(--help after a command shows what it takes)');
  addLocal(program, frame);
  addRemote(program, frame);
  addChanges(program, frame);
  addCluster(program, frame);
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 a stated goal was missed, 2 bad configuration or usage, 3 could not start, 130 interrupted.',
  );
  return program;
}

function usageFault({ message }: CommanderError): CommandError {
  const text =
    message === '(outputHelp)' ? 'A command is missing; "offhook --help" lists them.' : message.replace(/^error: /, '');
  return new CommandError('E_COMMAND_INVALID', text);
}

/** Runs one command line; resolves with the exit code. */
export async function main(args: readonly string[], streams: Streams = process): Promise<ExitCode> {
  const output = createOutput(args.includes('--json'), streams);
  const interrupts = createInterrupts();
  let code: ExitCode = exit.done;
  const finish: Finish = (given) => {
    code = given;
  };
  try {
    await build({ output, finish, interrupts }, streams).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exit.done;
      if (output.json) output.fail(usageFault(error));
      return exit.usage;
    }
    output.fail(error);
    if (process.env.OFFHOOK_DEBUG && error instanceof Error) output.say(error.stack ?? '');
    return exitCodeOf(error);
  } finally {
    interrupts.release();
  }
}
