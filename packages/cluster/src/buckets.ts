import { BusError, ClusterError } from '@offhook/core';

/** The buckets of one cluster: who is there, who owns what, what is known of each line, and what all lines are. */
export interface BucketNames {
  readonly members: string;
  readonly slots: string;
  readonly ledger: string;
  readonly config: string;
}

const shape = /^[A-Za-z0-9_-]{1,64}$/;

/** A name of a member stands in keys and subjects. @throws ClusterError `E_CLUSTER_NAME` */
export function assertMemberName(id: string): void {
  if (shape.test(id)) return;
  const seen = JSON.stringify(id.slice(0, 80));
  throw new ClusterError('E_CLUSTER_NAME', `name ${seen}; expected 1 to 64 letters, digits, "-" and "_"; set another --name`);
}

/** @throws BusError `E_BUS_SUBJECT` when the cluster's name cannot be part of a bucket's name */
export function buckets(cluster: string): BucketNames {
  if (!shape.test(cluster)) {
    const seen = JSON.stringify(cluster.slice(0, 80));
    throw new BusError('E_BUS_SUBJECT', `cluster name ${seen}; expected 1 to 64 letters, digits, "-" and "_"`);
  }
  const name = (bucket: keyof BucketNames): string => `offhook_${cluster}_${bucket}`;
  return { members: name('members'), slots: name('slots'), ledger: name('ledger'), config: name('config') };
}
