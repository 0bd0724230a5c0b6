import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Decision } from '@offhook/core';
import type { CallFact, Explanation, Fact, LineStatus } from '@offhook/runtime';
import { connectControl } from '../../../src/control-client.ts';
import type { Network } from './network.ts';
import { until, within } from './waiting.ts';
import { configurationText, type FileText } from './yaml.ts';

/** What a command of the offhook command line left behind. */
export interface CommandResult {
  readonly code: number | null;
  /** Standard output read as JSON; undefined when there was none. */
  readonly value: unknown;
  readonly errors: string;
}

/** `offhook run` as a process of its own, seen through its control socket. */
export interface OffhookRunner {
  readonly socket: string;
  /** The line it prints with --json once it runs. */
  readonly announced: { readonly event: string; readonly lines: number };
  /** Decisions of every line so far. */
  readonly decisions: readonly Decision[];
  lines(): Promise<readonly LineStatus[]>;
  explain(line: string): Promise<Explanation>;
  call(line: string, target: string): Promise<CallFact>;
  hangup(line: string): Promise<unknown>;
  answer(line: string): Promise<unknown>;
  /** The latest fact of a line's calls that `wanted` accepts. @throws Error (rejects) after `withinMs` */
  callThat(line: string, withinMs: number, wanted: (call: CallFact) => boolean): Promise<CallFact>;
  /** Every leg of every line usable. @throws Error (rejects) after `withinMs` */
  registered(withinMs: number): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(withinMs?: number): Promise<number | null>;
  /** SIGKILL: it says nothing to anybody. */
  kill(): Promise<void>;
}

export interface RunnerOptions {
  readonly network: Network;
  readonly folder: string;
  /** Names its files. */
  readonly name: string;
  /** A configuration, or a flat profile as its text. */
  readonly file: FileText | string;
  readonly bus?: string;
  /** Folder where registrations survive. */
  readonly state?: string;
}

const bin = fileURLToPath(new URL('../../../bin/offhook.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

async function requireBuild(): Promise<void> {
  await access(built).catch(() => {
    throw new Error('The offhook command is not built. From the repository root run: npm run build');
  });
}

const parse = (text: string): unknown => (text.trim() === '' ? undefined : JSON.parse(text));

/** An `offhook` command at work. */
export interface RunningCommand {
  /** As Ctrl-C. */
  interrupt(): void;
  /** @throws Error (rejects) when it does not end in time */
  done(withinMs: number): Promise<CommandResult>;
}

/** Starts `offhook ARGS --json`. */
export async function startOffhook(network: Network, args: readonly string[]): Promise<RunningCommand> {
  await requireBuild();
  const out: string[] = [];
  const errors: string[] = [];
  const child = network.start([process.execPath, bin, ...args, '--json'], {
    onOut: (line) => void out.push(line),
    onErr: (line) => void errors.push(line),
  });
  return {
    interrupt: () => child.signal('SIGINT'),
    async done(withinMs) {
      try {
        const { code } = await within(`offhook ${args.join(' ')}`, withinMs, child.ended, child.tail);
        return { code, value: parse(out.join('\n')), errors: errors.join('\n') };
      } finally {
        await child.stop();
      }
    },
  };
}

/** Runs `offhook ARGS --json` to its end. */
export const offhook = async (network: Network, args: readonly string[], withinMs = 20_000): Promise<CommandResult> =>
  (await startOffhook(network, args)).done(withinMs);

export async function writeConfiguration(folder: string, name: string, file: FileText | string): Promise<string> {
  const isProfile = typeof file === 'string';
  const path = join(folder, `${name}.${isProfile ? 'xml' : 'yaml'}`);
  await writeFile(path, isProfile ? file : configurationText(file));
  return path;
}

/** Resolves when it says that it runs. @throws Error (rejects) with its last words when it ends before */
export async function startRunner({ network, folder, name, file, bus, state }: RunnerOptions): Promise<OffhookRunner> {
  await requireBuild();
  const path = await writeConfiguration(folder, name, file);
  const socket = join(folder, `${name}.sock`);
  let announced: OffhookRunner['announced'] | undefined;
  const kept = [...(bus === undefined ? [] : ['--bus', bus]), ...(state === undefined ? [] : ['--state', state])];
  const args = ['run', path, '--json', '--socket', socket, ...kept];
  const child = network.start([process.execPath, bin, ...args], {
    onOut(line) {
      announced ??= JSON.parse(line) as OffhookRunner['announced'];
    },
  });
  let ended = false;
  child.ended.then(
    () => {
      ended = true;
    },
    () => {},
  );
  const running = await until(
    `runner ${name} runs`,
    20_000,
    () => announced ?? (ended && { event: 'ended', lines: 0 }),
    child.tail,
  );
  if (running.event !== 'running') throw new Error(`Runner ${name} did not start:\n${child.tail()}`);

  const client = await connectControl(socket);
  const watcher = await connectControl(socket);
  const decisions: Decision[] = [];
  const calls: { readonly key: string; readonly fact: CallFact }[] = [];
  await watcher.subscribe((given) => {
    const { kind, key, value } = given as Fact;
    if (kind === 'decision') decisions.push(value as Decision);
    if (kind === 'call') calls.push({ key, fact: value as CallFact });
  });

  const lines = async (): Promise<readonly LineStatus[]> => (await client.ask('lines')) as readonly LineStatus[];
  const keyOf = async (line: string): Promise<string> => {
    const found = (await lines()).find(({ id }) => id === line);
    if (found === undefined) throw new Error(`No line ${line}`);
    return found.key;
  };

  return {
    socket,
    announced: running,
    decisions,
    lines,
    explain: async (line) => (await client.ask('explain', { line })) as Explanation,
    call: async (line, target) => (await client.ask('call', { line, args: { target } })) as CallFact,
    hangup: (line) => client.ask('hangup', { line }),
    answer: (line) => client.ask('answer', { line }),
    async callThat(line, withinMs, wanted) {
      const key = await keyOf(line);
      const ofLine = (): readonly CallFact[] => calls.filter((call) => call.key === key).map(({ fact }) => fact);
      return until(`a call of line ${line}`, withinMs, () => ofLine().findLast(wanted), ofLine);
    },
    async registered(withinMs) {
      const open = async (): Promise<readonly string[]> =>
        (await lines()).flatMap(({ id, legs }) =>
          legs.filter(({ usable }) => !usable).map(({ leg, registration }) => `${id} ${leg} ${registration}`),
        );
      let left: readonly string[] = [];
      await until(
        'every line is registered',
        withinMs,
        async () => {
          left = await open();
          return left.length === 0;
        },
        () => `${left.length} legs left, such as ${left.slice(0, 5).join(', ')}\n${child.tail()}`,
      );
    },
    async stop(withinMs = 15_000) {
      client.close();
      watcher.close();
      const { code } = await child.stop(withinMs);
      return code;
    },
    async kill() {
      client.close();
      watcher.close();
      child.signal('SIGKILL');
      await child.ended;
    },
  };
}
