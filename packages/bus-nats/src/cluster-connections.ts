import type { KeyValues } from '@offhook/core';
import { type ConnectionOptions, dial } from './connect.ts';
import { type KeyValueOptions, keyValuesOver } from './key-values.ts';
import { ConnectedBus, type NatsBus } from './nats-bus.ts';

/** What one process of a cluster speaks over: two connections, so that bulk never stands before a heartbeat. */
export interface ClusterConnections {
  /** Traffic: SIP, facts. */
  readonly bus: NatsBus;
  /** Commands to members and their answers. */
  readonly control: NatsBus;
  /** Sessions, slots, ledgers: on the connection of `control`. */
  readonly values: KeyValues;
  /** Delivers what is queued, traffic first, then closes both. Idempotent. */
  close(): Promise<void>;
}

export type ClusterConnectionOptions = ConnectionOptions & KeyValueOptions;

/**
 * Connects to the servers of a cluster, once for traffic and once for control. The server lists them as `NAME` and `NAME-control`.
 * @throws BusError (rejects) `E_BUS_CONNECT`
 */
export async function connectCluster(options: ClusterConnectionOptions): Promise<ClusterConnections> {
  const { ambient, name = 'offhook' } = options;
  const controlConnection = await dial({ ...options, name: `${name}-control` });
  const control = new ConnectedBus(controlConnection, ambient);
  const values = keyValuesOver(controlConnection, ambient, options);
  const traffic = await dial({ ...options, name }).catch(async (error: unknown) => {
    await control.drain();
    throw error;
  });
  const bus = new ConnectedBus(traffic, ambient);
  return {
    bus,
    control,
    values,
    async close() {
      await bus.drain();
      await control.drain();
    },
  };
}
