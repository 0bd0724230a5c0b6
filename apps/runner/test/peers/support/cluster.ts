import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandReply, createSubjects, type LineInput, lineKey, type RuntimeInput } from '@offhook/core';
import type { LineStatus } from '@offhook/runtime';
import type { ClusterStatus } from '../../../src/commands/cluster.ts';
import type { Child } from './child.ts';
import type { JetStream } from './jetstream.ts';
import { type CommandResult, offhook, type RunningCommand, startOffhook } from './runner.ts';
import type { Stage } from './stage.ts';
import { until } from './waiting.ts';

/** `offhook host` or `offhook edge` as a process of its own. */
export interface MemberProcess {
  readonly name: string;
  readonly child: Child;
  /** What it has logged and said on standard error so far, line by line. */
  readonly log: readonly string[];
  /** SIGKILL: it says nothing to anybody; resolves with the instant. */
  kill(): Promise<number>;
  /** SIGTERM; the exit code. */
  stop(withinMs?: number): Promise<number | null>;
}

export interface MemberOptions {
  /** Another way to the bus. */
  readonly bus?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly plugins?: readonly string[];
  /** Default: a port of its own. */
  readonly port?: number;
}

export interface LineOrder {
  readonly line: string;
  readonly command: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** What a suite does with a cluster; every part of it is a process. */
export interface TestCluster {
  readonly jetStream: JetStream;
  readonly members: ReadonlyMap<string, MemberProcess>;
  /** @throws Error (rejects) with its last words when it does not run */
  host(name: string, options?: MemberOptions): Promise<MemberProcess>;
  edge(name: string, options?: MemberOptions): Promise<MemberProcess>;
  /** Runs a member that is not to start; what it said as it ended. */
  refused(role: 'host' | 'edge', name: string): Promise<CommandResult>;
  /** What so many answer to a client that knows NATS alone. */
  raw(subject: string, payload: string, answers?: number): Promise<readonly unknown[]>;
  /** Puts lines in force: `cluster apply --yes`. */
  apply(template: LineInput, lines: readonly LineInput[], phone?: NonNullable<RuntimeInput['phone']>): Promise<CommandResult>;
  /** An `offhook` command to the cluster. */
  ask(...args: readonly string[]): Promise<CommandResult>;
  /** One that stays, such as `call`. */
  begin(...args: readonly string[]): Promise<RunningCommand>;
  /** Sends commands to lines over the bus, as any program may; their answers in order. */
  order(orders: readonly LineOrder[]): Promise<readonly CommandReply[]>;
  status(): Promise<ClusterStatus>;
  lines(): Promise<readonly (LineStatus & { readonly host: string })[]>;
  /** Every slot owned and so many legs registered. @throws Error (rejects) after `withinMs` */
  settled(legs: number, withinMs: number): Promise<ClusterStatus>;
  stop(): Promise<void>;
}

const orderer = fileURLToPath(new URL('bus-orders.mjs', import.meta.url));
const bin = fileURLToPath(new URL('../../../bin/offhook.mjs', import.meta.url));

const client = fileURLToPath(new URL('nats-client.mjs', import.meta.url));

/** Fast members: a dead one is shut out after 1.8 s. */
export const fast = { heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 };

export function openCluster(stage: Stage, jetStream: JetStream, takeover: object = {}): TestCluster {
  const { network, folder } = stage;
  const members = new Map<string, MemberProcess>();
  const way = ['--bus', jetStream.url, '--cluster', 'peers'] as const;
  const ask: TestCluster['ask'] = (...args) => offhook(network, [...args, ...way]);
  const subjects = createSubjects('peers');

  async function writeMember(file: string, { plugins = [], port = network.port() }: MemberOptions): Promise<string> {
    const path = join(folder, file);
    const listen = ['udp', 'tcp'].map((protocol) => ({ protocol, host: '127.0.0.1', port }));
    await writeFile(path, JSON.stringify({ cluster: 'peers', edge: { listen }, takeover, plugins }));
    return path;
  }

  async function member(role: 'host' | 'edge', name: string, options: MemberOptions = {}): Promise<MemberProcess> {
    const { bus = jetStream.url, env = {} } = options;
    const path = await writeMember(`${name}.yaml`, options);
    const log: string[] = [];
    let runs = false;
    let hasEnded = false;
    const child = network.start([process.execPath, bin, role, path, '--json', '--name', name, '--bus', bus], {
      env: { ...process.env, ...env },
      onOut: (line) => {
        runs ||= line.includes('"running"');
      },
      onErr: (line) => void log.push(line),
    });
    child.ended.then(
      () => {
        hasEnded = true;
      },
      () => {},
    );
    await until(`${role} ${name} runs`, 30_000, () => runs || hasEnded, child.tail);
    if (!runs) throw new Error(`${role} ${name} did not start:\n${child.tail()}`);
    const process_: MemberProcess = {
      name,
      child,
      log,
      async kill() {
        child.signal('SIGKILL');
        const atMs = Date.now();
        await child.ended;
        members.delete(name);
        return atMs;
      },
      async stop(withinMs = 30_000) {
        members.delete(name);
        return (await child.stop(withinMs)).code;
      },
    };
    members.set(name, process_);
    return process_;
  }

  const status = async (): Promise<ClusterStatus> => (await ask('cluster', 'status')).value as ClusterStatus;
  return {
    jetStream,
    members,
    ask,
    begin: (...args) => startOffhook(network, [...args, ...way]),
    async order(orders) {
      const input = orders.map(({ line, command, args = {} }) =>
        JSON.stringify({ subject: subjects.line(lineKey(line), 'cmd'), payload: { command, args } }),
      );
      const answers = await network.run([process.execPath, orderer, jetStream.url], { input: input.join('\n') });
      return answers.split('\n').map((answer) => JSON.parse(answer) as CommandReply);
    },
    status,
    host: (name, options) => member('host', name, options),
    edge: (name, options) => member('edge', name, options),
    refused: async (role, name) =>
      offhook(network, [role, await writeMember(`${name}-again.yaml`, {}), '--name', name, '--bus', jetStream.url]),
    async raw(subject, payload, answers = 1) {
      const text = await network.run([process.execPath, client, jetStream.url, subject, payload, String(answers)]);
      return text.split('\n').map((line) => JSON.parse(line) as unknown);
    },
    async apply(template, lines, phone = {}) {
      const path = join(folder, 'lines.yaml');
      const own = lines.map((line) => ({ template: 'desk', ...line }));
      await writeFile(path, JSON.stringify({ phone, templates: { desk: template }, lines: own }));
      return ask('cluster', 'apply', path, '--yes');
    },
    lines: async () => (await ask('cluster', 'lines')).value as readonly (LineStatus & { readonly host: string })[],
    settled: (legs, withinMs) => {
      let seen: ClusterStatus | undefined;
      return until(
        `${legs} legs are registered`,
        withinMs,
        async () => {
          seen = await status();
          return seen?.slotsOwned === 1_024 && seen.legsRegistered === legs && seen;
        },
        () => JSON.stringify(seen),
      );
    },
    async stop() {
      await Promise.all([...members.values()].map(({ child }) => child.stop(2_000)));
      members.clear();
    },
  };
}
