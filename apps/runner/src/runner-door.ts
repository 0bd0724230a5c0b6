import { dirname } from 'node:path';
import { PhoneError } from '@offhook/core';
import { type ControlClient, connectControl } from './control-client.ts';
import { defaultSocketPath, folderFault, knownClusters } from './socket-path.ts';

/** Which runner a command is for. */
export interface RunnerChoice {
  readonly socket?: string;
  readonly cluster: string;
}

/**
 * Connects to the runner that is named, or to the one of the cluster at its default place.
 * @throws PhoneError (rejects) `E_CONTROL_UNREACHABLE`; the message names the clusters that have a socket here
 */
export async function connectRunner({ socket, cluster }: RunnerChoice, env: NodeJS.ProcessEnv): Promise<ControlClient> {
  const named = socket ?? (env.OFFHOOK_SOCKET || undefined);
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
