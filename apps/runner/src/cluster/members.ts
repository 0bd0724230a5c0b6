import { buckets, type MemberRecord, readMembers } from '@offhook/cluster';
import { BusError, ClusterError } from '@offhook/core';
import { sendCommand } from '@offhook/runtime';
import type { MemberStatus } from '@offhook/runtime/cluster';
import type { ClusterDoor } from './door.ts';

/** A member as it is known to the cluster, and what it says of itself; undefined: it does not answer. */
export interface SeenMember extends MemberRecord {
  readonly status?: MemberStatus;
}

/** All that are there, or were lately. */
export const listMembers = async ({ cluster, values }: ClusterDoor): Promise<readonly MemberRecord[]> =>
  readMembers(await values.bucket(buckets(cluster).members));

export const isThere = ({ state }: MemberRecord): boolean => state === 'joining' || state === 'up' || state === 'draining';

/** A member answers from memory: one that is silent for so long hangs or has gone, ms. */
const patienceMs = 5_000;

/** Asks one member; undefined when it does not answer. */
export async function askMember<T>(door: ClusterDoor, id: string, command: string, args = {}): Promise<T | undefined> {
  try {
    return (await sendCommand(door.bus, door.subjects.member(id), { command, args }, patienceMs)) as T;
  } catch (error) {
    if (error instanceof BusError && (error.code === 'E_BUS_TIMEOUT' || error.code === 'E_BUS_NO_RESPONDERS')) return undefined;
    throw error;
  }
}

export async function seeMembers(door: ClusterDoor): Promise<readonly SeenMember[]> {
  const members = await listMembers(door);
  return Promise.all(
    members.map(async (member) => {
      const status = isThere(member) ? await askMember<MemberStatus>(door, member.id, 'status') : undefined;
      return status === undefined ? member : { ...member, status };
    }),
  );
}

/** @throws ClusterError (rejects) `E_CLUSTER_MEMBER` */
export async function findMember(door: ClusterDoor, id: string, role?: MemberRecord['role']): Promise<MemberRecord> {
  const members = (await listMembers(door)).filter((member) => isThere(member) && (role === undefined || member.role === role));
  const found = members.find((member) => member.id === id);
  if (found !== undefined) return found;
  const what = role === 'host' ? 'line host' : 'member';
  const known = members.map((member) => member.id).join(', ') || 'none';
  throw new ClusterError('E_CLUSTER_MEMBER', `Cluster ${door.cluster} has no ${what} "${id}". There are: ${known}.`);
}
