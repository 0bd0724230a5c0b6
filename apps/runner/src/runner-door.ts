import { dirname } from 'node:path';
import { PhoneError } from '@offhook/core';
import { controlOf } from './config-file.ts';
import { type ControlClient, connectControl } from './control-client.ts';
import { defaultSocketPath, folderFault, knownClusters } from './socket-path.ts';

/** Which runner a command is for. */
export interface RunnerChoice {
  readonly socket?: string;
  readonly cluster: string;
  /** Configuration that the runner runs. */
  readonly config?: string;
  /** The cluster is asked over its bus. */
  readonly bus?: string;
}

async function connectToCluster(choice: RunnerChoice, env: NodeJS.ProcessEnv): Promise<ControlClient> {
  const { clusterClient } = await import('./cluster/client.ts');
  const { openCluster } = await import('./cluster/door.ts');
  return clusterClient(await openCluster(choice, env));
}

/**
 * Connects to the runner that is named, to that of a configuration, or to the one of the cluster at its default place.
 * With a bus it is the whole cluster that is asked.
 * @throws PhoneError (rejects) `E_CONTROL_UNREACHABLE`, `E_BUS_CONNECT`; the message names the clusters that have a socket here
 */
export async function connectRunner(choice: RunnerChoice, env: NodeJS.ProcessEnv): Promise<ControlClient> {
  if (choice.bus !== undefined) return connectToCluster(choice, env);
  const { config } = choice;
  const configured = choice.socket === undefined && config !== undefined ? controlOf(config) : undefined;
  const named = choice.socket ?? (configured === undefined ? env.OFFHOOK_SOCKET || undefined : configured.socket);
  const cluster = configured?.cluster ?? choice.cluster;
  if (named !== undefined) return connectControl(named);
  const path = defaultSocketPath(cluster, env);
  const fault = folderFault(dirname(path));
  if (fault !== undefined) {
    const message = `Control socket ${path} is not trusted: its folder ${fault}. Name the runner's socket with --socket.`;
    throw new PhoneError('E_CONTROL_UNREACHABLE', message);
  }
  const others = knownClusters(env).filter((name) => name !== cluster);
  const hint = others.length === 0 ? '' : ` Clusters with a socket here: ${others.join(', ')} (--cluster NAME).`;
  return connectControl(path, hint);
}
