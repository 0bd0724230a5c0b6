import {
  type Ambient,
  type Bus,
  CommandError,
  createSubjects,
  type KeyValues,
  type Subjects,
  systemAmbient,
} from '@offhook/core';

/** Which cluster a command is for. */
export interface ClusterChoice {
  readonly bus?: string;
  readonly cluster: string;
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
export async function openCluster({ bus: url, cluster }: ClusterChoice, env: NodeJS.ProcessEnv): Promise<ClusterDoor> {
  const servers = url ?? (env.OFFHOOK_BUS || undefined);
  if (servers === undefined)
    throw new CommandError('E_COMMAND_INVALID', 'No cluster is named: give --bus nats://host:4222, or set $OFFHOOK_BUS.');
  const ambient = systemAmbient();
  const { connectCluster } = await import('@offhook/bus-nats');
  const { bus, values, close } = await connectCluster({ servers: [servers], name: `offhook-operator-${cluster}`, ambient });
  return { cluster, ambient, bus, values, subjects: createSubjects(cluster), close };
}
