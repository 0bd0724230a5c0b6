import { hostname } from 'node:os';
import type { Service } from '@offhook/bus-nats';
import {
  type Ambient,
  ConfigError,
  createSubjects,
  describeFinding,
  type LineConfig,
  type RuntimeConfig,
  readRuntimeConfig,
  systemAmbient,
} from '@offhook/core';
import { readConfiguration } from '@offhook/provisioning';
import {
  type ClusterMember,
  createClusterEdge,
  createClusterHost,
  type LoadedPlugins,
  memberCommands,
} from '@offhook/runtime/cluster';
import type { LogLevel } from '../arguments.ts';
import { busConnection } from '../bus-connection.ts';
import { loadPluggedConfig, resolveSecret, runnableConfig, standIn } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import { createLog } from '../log.ts';
import type { Output } from '../output.ts';
import { version } from '../version.ts';

export interface MemberOptions {
  readonly config?: string;
  readonly bus?: string;
  readonly cluster?: string;
  readonly name?: string;
  readonly logLevel: LogLevel;
}

interface MemberFile {
  readonly config: RuntimeConfig;
  readonly plugins: LoadedPlugins | undefined;
}

/** A member needs no file: the bus may be named on the command line, and all lines come from the cluster. */
async function readMemberFile({ config: path, cluster }: MemberOptions): Promise<MemberFile> {
  const file = path === undefined ? undefined : await loadPluggedConfig(path);
  const config = file === undefined ? (readRuntimeConfig({}).config as RuntimeConfig) : runnableConfig(file, false);
  return { config: cluster === undefined ? config : { ...config, cluster }, plugins: file?.plugins };
}

/** The lines of a text that is in force on the cluster; an edge has no use for their secrets. @throws ConfigError `E_CONFIG_INVALID` */
function readLines(role: 'host' | 'edge', text: string): readonly LineConfig[] {
  const secrets = role === 'edge' ? standIn : resolveSecret;
  const { config, findings } = readConfiguration({ name: 'configuration of the cluster', text, resolveSecret: secrets });
  if (config !== undefined) return config.lines;
  const faults = findings.filter(({ severity }) => severity === 'error');
  const [first] = faults;
  const more =
    faults.length > 1 ? ` There ${faults.length === 2 ? 'is one fault' : `are ${faults.length - 1} faults`} more.` : '';
  throw new ConfigError('E_CONFIG_INVALID', `${first === undefined ? 'It cannot be run.' : describeFinding(first)}${more}`, {
    findings: faults,
  });
}

const defaultName = (role: string): string => `${role}-${hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${process.pid}`;

/** Runs `member` until it is interrupted, drained by an operator, or cannot go on. */
async function stay(member: ClusterMember, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const isDrained = await Promise.race([
    member.ended.then(() => true),
    new Promise<false>((resolve) => {
      if (interrupted.aborted) return resolve(false);
      interrupted.addEventListener('abort', () => resolve(false), { once: true });
    }),
  ]);
  if (isDrained) return exit.done;
  output.say('Ending: what this member has goes to others. Once more ends at once.');
  await member.drain();
  return exit.interrupted;
}

/**
 * Runs a line host or an edge of a cluster. SIGTERM and SIGINT drain it: its lines, or its flows, go to others first; a second one ends at once.
 * @throws BusError (rejects) `E_BUS_CONNECT`; KeyValueError `E_KV_UNAVAILABLE`; ClusterError `E_CLUSTER_NAME`; TransportError: exit 3
 */
export async function runMember(
  role: 'host' | 'edge',
  options: MemberOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<ExitCode> {
  const { config, plugins } = await readMemberFile(options);
  const servers = options.bus ?? config.bus.url;
  if (servers === undefined) {
    const message = `A${role === 'edge' ? 'n edge' : ' line host'} needs a bus: give --bus nats://host:4222, or bus.url in its configuration.`;
    throw new ConfigError('E_CONFIG_INVALID', message);
  }
  const ambient: Ambient = systemAmbient({ log: createLog(options.logLevel) });
  const id = options.name ?? (role === 'edge' && config.edge.name !== 'edge' ? config.edge.name : defaultName(role));
  const { announceService, connectCluster } = await import('@offhook/bus-nats');
  const way = await connectCluster({ ...busConnection(config, servers), name: `offhook-${config.cluster}-${id}`, ambient });
  let service: Service<string> | undefined;
  try {
    const common = {
      id,
      config,
      ambient,
      build: version(),
      bus: way.bus,
      control: way.control,
      values: way.values,
      ...(plugins && { plugins }),
      isRogue: process.env.OFFHOOK_ROGUE_HOST === '1',
      readLines: (text: string) => readLines(role, text),
      onCommand: (command: string, ms: number, refusal?: string) => service?.note(command, ms, refusal),
    };
    const member = role === 'edge' ? await createClusterEdge(common) : await createClusterHost(common);
    service = announceService(way.control, {
      ...{ name: `offhook-${role}`, id, version: version(), ambient },
      description: `${role === 'edge' ? 'edge' : 'line host'} ${id} of cluster ${config.cluster}`,
      metadata: { cluster: config.cluster },
      endpoints: memberCommands[role].map((name) => ({ name, subject: createSubjects(config.cluster).member(id) })),
    });
    const { listening = [] } = member.status();
    output.result({ event: 'running', role, name: id, cluster: config.cluster, listening }, () => {
      const where = listening.length === 0 ? '' : ` on ${listening.join(', ')}`;
      return `${role === 'edge' ? 'Edge' : 'Line host'} ${id} of cluster ${config.cluster} runs${where}. Ctrl-C ends.`;
    });
    return await stay(member, output, interrupted);
  } finally {
    await service?.stop();
    await way.close();
  }
}
