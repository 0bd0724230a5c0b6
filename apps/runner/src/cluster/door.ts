import { buckets, createLineConfigStore, type LineConfigStore } from '@offhook/cluster';
import {
  type Ambient,
  type Bus,
  CommandError,
  createSubjects,
  type KeyValues,
  type Subjects,
  systemAmbient,
} from '@offhook/core';
import { busConnection } from '../bus-connection.ts';
import { loadPluggedConfig, runnableConfig } from '../config-file.ts';

/** Which cluster a command is for. */
export interface ClusterChoice {
  readonly bus?: string;
  readonly cluster: string;
  /** Configuration of a member: its bus section says who we are to the bus. */
  readonly config?: string;
}

/** An operator's way into a cluster. */
export interface ClusterDoor {
  readonly cluster: string;
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly values: KeyValues;
  readonly subjects: Subjects;
  close(): Promise<void>;
}

/** @throws CommandError `E_COMMAND_INVALID` no bus is named; BusError (rejects) `E_BUS_CONNECT`; KeyValueError (rejects) `E_KV_UNAVAILABLE` */
export async function openCluster(
  { bus: url, cluster, config: path }: ClusterChoice,
  env: NodeJS.ProcessEnv,
): Promise<ClusterDoor> {
  const config = path === undefined ? undefined : runnableConfig(await loadPluggedConfig(path), false);
  const servers = url ?? (env.OFFHOOK_BUS || undefined) ?? config?.bus.url;
  if (servers === undefined)
    throw new CommandError(
      'E_COMMAND_INVALID',
      'No cluster is named: give --bus nats://host:4222, set $OFFHOOK_BUS, or name a configuration with --config.',
    );
  const ambient = systemAmbient();
  const { connectCluster } = await import('@offhook/bus-nats');
  const { bus, values, close } = await connectCluster({
    ...(config === undefined ? { servers } : busConnection(config, servers)),
    name: `offhook-operator-${cluster}`,
    ambient,
  });
  return { cluster, ambient, bus, values, subjects: createSubjects(cluster), close };
}

export const lineConfigStore = async ({ ambient, cluster, values }: ClusterDoor): Promise<LineConfigStore> =>
  createLineConfigStore({ ambient, config: await values.bucket(buckets(cluster).config) });
