import { type BucketNames, buckets, type MemberState } from '@offhook/cluster';
import type { Ambient, Bus, KeyValue, KeyValues, LineConfig, Locator, RuntimeConfig, Transport } from '@offhook/core';
import type { RuntimeOptions } from '../create-runtime.ts';
import type { CommandCount, NoteCommand } from '../front-desk.ts';
import type { LoadedPlugins } from '../load-plugins.ts';

/** What a line host or an edge needs to be one of a cluster. */
export interface ClusterMemberOptions {
  /** Its name in the cluster, one token. */
  readonly id: string;
  /** Of this process: cluster, takeover, edge, dns. Its lines are not used: those of the cluster are. */
  readonly config: RuntimeConfig;
  readonly ambient: Ambient;
  /** Program and version, as the status shows it. */
  readonly build: string;
  /** Carries SIP and facts. Not drained on its end. */
  readonly bus: Bus;
  /** Carries commands: a connection of its own, so that no load delays them. Not drained on its end. */
  readonly control: Bus;
  readonly values: KeyValues;
  readonly plugins?: LoadedPlugins;
  /** Of an edge; default: those of `config.edge.listen`. */
  readonly transports?: readonly Transport[];
  /** Default: as `createRuntime`. */
  readonly locator?: Locator;
  /** Tells whether the process was suspended; default: the clock of the system. */
  readonly wallNow?: () => number;
  /**
   * A host that does not stop when it must, for the proof that the edges hold it back: it sends for slots that others own. Never else.
   */
  readonly isRogue?: boolean;
  /** Is told of each command of `memberCommands` that was answered. */
  readonly onCommand?: NoteCommand;
  /** The lines of the cluster's configuration. @throws ConfigError: the lines go on as they are */
  readLines(text: string): readonly LineConfig[];
}

/** What a member says of itself. */
export interface MemberStatus {
  readonly id: string;
  readonly role: 'host' | 'edge';
  readonly state: MemberState | 'fenced';
  /** Revision of the configuration in force; 0: none has been seen. */
  readonly revision: number;
  /** What is wrong with it, in words. */
  readonly fault?: string;
  /** Of a host: what it owns and runs, and messages that it held back because it may not act. */
  readonly slots?: number;
  readonly lines?: number;
  readonly registered?: number;
  readonly calls?: number;
  readonly heldBack?: number;
  /** Of an edge: `host:port protocol`, and flows that lines hold. */
  readonly listening?: readonly string[];
  readonly flows?: number;
}

/** A running member. */
export interface ClusterMember {
  status(): MemberStatus;
  /** Hands over what it has, then ends. Idempotent. */
  drain(): Promise<void>;
  /** Ends at once as a power cut would: nothing is said to anybody. */
  kill(): Promise<void>;
  /** It has ended: drained by an operator or by `drain`, or killed. */
  readonly ended: Promise<void>;
}

/** The commands that each answers on its own subject, `subjects.member(id)`. */
export const memberCommands = {
  host: ['status', 'lines', 'counters', 'drain'],
  edge: ['status', 'counters', 'drain'],
} as const;

/** How its commands are counted. */
export const countOf = ({ ambient, onCommand }: ClusterMemberOptions): CommandCount | undefined =>
  onCommand && { now: () => ambient.now(), note: onCommand };

/** Every command of a role, and none besides. */
export type MemberCommands<Role extends keyof typeof memberCommands> = Readonly<
  Record<(typeof memberCommands)[Role][number], (args: Readonly<Record<string, unknown>>) => unknown>
>;

/** What the parts of a member are composed of. */
export const partsOf = ({ config, ambient, bus, plugins, transports, locator, id }: ClusterMemberOptions): RuntimeOptions => ({
  config: { ...config, lines: [], edge: { ...config.edge, name: id } },
  ...{ ambient, bus },
  ...(plugins && { plugins }),
  ...(transports && { transports }),
  ...(locator && { locator }),
});

/**
 * Opens the buckets that a member of a role needs, and starts it. One that cannot start leaves nothing behind.
 * @throws KeyValueError (rejects) `E_KV_UNAVAILABLE`, and what its start throws
 */
export async function startMember<Name extends keyof BucketNames>(
  { values, config }: ClusterMemberOptions,
  needed: readonly Name[],
  make: (of: Readonly<Record<Name, KeyValue>>) => ClusterMember & { start(): Promise<void> },
): Promise<ClusterMember> {
  const names = buckets(config.cluster);
  const open: [Name, KeyValue][] = [];
  for (const name of needed) open.push([name, await values.bucket(names[name])]);
  const member = make(Object.fromEntries(open) as Record<Name, KeyValue>);
  try {
    await member.start();
  } catch (error) {
    await member.kill();
    throw error;
  }
  return member;
}
