import { buckets, pinSlot } from '@offhook/cluster';
import { lineKey, slotCount, slotOf } from '@offhook/core';
import { clusterLines } from '../cluster/client.ts';
import { type ClusterDoor, lineConfigStore } from '../cluster/door.ts';
import { askMember, findMember, isThere, type SeenMember, seeMembers } from '../cluster/members.ts';
import { clusterLinesText, statusText } from '../cluster/text.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';

/* Commands to a cluster, over its bus. */

/** What `cluster status` shows. */
export interface ClusterStatus {
  readonly cluster: string;
  /** Of the configuration in force; undefined: there is none yet. */
  readonly configuration?: { readonly revision: number; readonly bytes: number };
  readonly members: readonly SeenMember[];
  /** Slots that a living host owns, of 1,024. */
  readonly slotsOwned: number;
  readonly lines: number;
  readonly legsRegistered: number;
  readonly calls: number;
}

const sum = (members: readonly SeenMember[], of: (status: NonNullable<SeenMember['status']>) => number | undefined): number =>
  members.reduce((total, { status }) => total + (status === undefined ? 0 : (of(status) ?? 0)), 0);

const isWell = (member: SeenMember): boolean =>
  !isThere(member) || (member.status !== undefined && member.status.fault === undefined);

/** Exit 1 when a slot has no owner, or a member does not answer or cannot use the configuration. */
export async function status(door: ClusterDoor, output: Output): Promise<ExitCode> {
  const store = await lineConfigStore(door);
  const [document, members] = await Promise.all([store.read(), seeMembers(door)]);
  const seen: ClusterStatus = {
    cluster: door.cluster,
    ...(document === undefined
      ? {}
      : { configuration: { revision: document.revision, bytes: Buffer.byteLength(document.text) } }),
    members,
    slotsOwned: sum(members, (each) => each.slots),
    lines: sum(members, (each) => each.lines),
    legsRegistered: sum(members, (each) => each.registered),
    calls: sum(members, (each) => each.calls),
  };
  output.result(seen, (paint) => statusText(seen, door.ambient.now(), paint));
  return seen.slotsOwned === slotCount && members.every(isWell) ? exit.done : exit.missed;
}

/** Exit 1 when a host does not answer: its lines are missing. */
export async function lines(door: ClusterDoor, output: Output): Promise<ExitCode> {
  const { lines: found, silent } = await clusterLines(door);
  output.result(found, (paint) => clusterLinesText(found, door.ambient.now(), paint));
  for (const host of silent) output.say(`${host} does not answer: its lines are missing here.`);
  return silent.length === 0 ? exit.done : exit.missed;
}

/** The slot of the line goes to the host, with all lines in it. */
export async function move(door: ClusterDoor, line: string, host: string, output: Output): Promise<ExitCode> {
  await findMember(door, host, 'host');
  const slot = slotOf(lineKey(line));
  await pinSlot(await door.values.bucket(buckets(door.cluster).slots), slot, host);
  output.result(
    { line, slot, host },
    () => `${line} is in slot ${slot}; the slot is ${host}'s from now on, as long as it lives.`,
  );
  return exit.done;
}

/** A host hands its lines over, an edge its flows; the process ends when it has. */
export async function drain(door: ClusterDoor, id: string, output: Output): Promise<ExitCode> {
  await findMember(door, id);
  const answer = await askMember(door, id, 'drain');
  output.result({ member: id, draining: answer !== undefined }, () =>
    answer === undefined ? `${id} does not answer.` : `${id} hands its lines over and ends.`,
  );
  return answer === undefined ? exit.missed : exit.done;
}
