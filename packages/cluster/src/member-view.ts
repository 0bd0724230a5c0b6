import type { Ambient, KeyValueChange } from '@offhook/core';
import { idOfMemberKey, isOver, type MemberRecord, readMember } from './member-record.ts';

/** A member as another one sees it. */
export interface Member extends MemberRecord {
  /** Of its latest record. */
  readonly revision: number;
  /** When that one heard of it last, on its own clock. */
  readonly seenAtMs: number;
}

/** Everybody a member has heard of, and when: by its own clock alone, so that no two clocks are ever compared. */
export interface MemberView {
  readonly members: ReadonlyMap<string, Member>;
  /** Takes what a watcher heard. True: somebody is there, or is what it was not. */
  apply(change: KeyValueChange): boolean;
  /** The same, of a record that was written here. */
  put(record: MemberRecord, revision: number): boolean;
  /** Everybody counts as heard of now: it was this member that heard nothing. */
  resetSeen(): void;
  /** Members in whom nobody has heard a heartbeat for that long. */
  silent(ms: number): readonly Member[];
  /** Ended for that long. */
  ended(ms: number): readonly Member[];
  hasEnded(id: string, session: string, joinedAt: number): boolean;
  /** Members that own something and of whom nobody has told for that long. */
  missing(ms: number): readonly string[];
  /** There is no record of it. */
  confirmMissing(id: string): void;
}

export function createMemberView({ now }: Pick<Ambient, 'now'>): MemberView {
  const members = new Map<string, Member>();
  /** Members without a record, since when; and whether that was looked up. */
  const missing = new Map<string, { readonly sinceMs: number; isConfirmed: boolean }>();

  const older = (ms: number, wanted: boolean): readonly Member[] =>
    [...members.values()].filter(({ state, seenAtMs }) => isOver(state) === wanted && now() - seenAtMs > ms);

  function put(record: MemberRecord, revision: number): boolean {
    const known = members.get(record.id);
    // A watcher may tell a thing twice, and what was written here before it was heard of.
    if (known !== undefined && known.revision >= revision) return false;
    members.set(record.id, { ...record, revision, seenAtMs: now() });
    missing.delete(record.id);
    return known === undefined || !isSame(known, record);
  }

  return {
    members,
    put,
    apply({ key, value, revision }) {
      const id = idOfMemberKey(key);
      const record = readMember(value);
      if (record?.id === id) return put(record, revision);
      const known = members.get(id);
      return known !== undefined && known.revision < revision && members.delete(id);
    },
    resetSeen() {
      missing.clear();
      for (const member of members.values()) members.set(member.id, { ...member, seenAtMs: now() });
    },
    silent: (ms) => older(ms, false),
    ended: (ms) => older(ms, true),
    hasEnded(id, session, joinedAt) {
      const member = members.get(id);
      if (member?.session === session) return isOver(member.state);
      // A name passes to another session only when the one before has ended; an older record only says that news are on their way.
      if (member !== undefined) return member.revision > joinedAt;
      const absence = missing.get(id) ?? { sinceMs: now(), isConfirmed: false };
      missing.set(id, absence);
      return absence.isConfirmed;
    },
    missing: (ms) => [...missing].flatMap(([id, { sinceMs }]) => (now() - sinceMs > ms ? [id] : [])),
    confirmMissing(id) {
      const absence = missing.get(id);
      if (absence !== undefined) absence.isConfirmed = true;
    },
  };
}

const isSame = (one: MemberRecord, other: MemberRecord): boolean =>
  one.session === other.session &&
  one.state === other.state &&
  one.weight === other.weight &&
  JSON.stringify(one.info) === JSON.stringify(other.info);
