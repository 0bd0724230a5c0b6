import { type Ambient, ClusterError, type KeyValue, type KeyValueEntry, KeyValueError } from '@offhook/core';
import { isOver, memberKey, readMember } from './member-record.ts';

export interface AwaitNameOptions {
  readonly members: KeyValue;
  readonly ambient: Ambient;
  readonly id: string;
  readonly fenceMs: number;
}

export const nameTaken = (id: string): ClusterError =>
  new ClusterError(
    'E_CLUSTER_NAME',
    `A member with the name "${id}" runs already in this cluster; it goes on undisturbed. Start this one with another --name.`,
  );

export const isConflict = (error: unknown): boolean => error instanceof KeyValueError && error.code === 'E_KV_CONFLICT';

export interface FreeName {
  /** The record to write over; 0: there is none. */
  readonly revision: number;
  /** A session that nobody has declared dead had it until now: what it owned is still there for whoever takes its name. */
  readonly isOrphan: boolean;
}

/**
 * Resolves when a name may be taken: its record has ended, or was silent for one fence time, so that the lease of whoever had it has
 * run out. Taking it is then the very write that declares the former one dead.
 * @throws ClusterError (rejects) `E_CLUSTER_NAME`; KeyValueError `E_KV_UNAVAILABLE`
 */
export async function awaitName({ members, ambient, id, fenceMs }: AwaitNameOptions): Promise<FreeName> {
  const found = await members.get(memberKey(id));
  if (found === undefined) return { revision: 0, isOrphan: false };
  if (hasEnded(found)) return { revision: found.revision, isOrphan: false };
  ambient.log.info('a member of this name may still be there: waiting whether it is', { id, waitMs: fenceMs });
  return new Promise((resolve, reject) => {
    let latest: FreeName = { revision: found.revision, isOrphan: true };
    const watching = members.watch(memberKey(id), ({ value, revision, key }) => {
      if (revision <= found.revision) return;
      // A record that was taken off says nothing of whoever wrote it.
      if (value === undefined) latest = { revision: 0, isOrphan: false };
      else if (hasEnded({ key, value, revision })) done(() => resolve({ revision, isOrphan: false }));
      else done(() => reject(nameTaken(id)));
    });
    const timer = ambient.setTimer(() => done(() => resolve(latest)), fenceMs);
    function done(settle: () => void): void {
      ambient.clearTimer(timer);
      watching.unsubscribe();
      settle();
    }
  });
}

/** What cannot be read is nobody's. */
function hasEnded({ value }: KeyValueEntry): boolean {
  const record = readMember(value);
  return record === undefined || isOver(record.state);
}
