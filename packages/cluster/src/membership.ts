import type { Ambient, KeyValue } from '@offhook/core';
import type { MemberRecord, MemberRole, MemberState } from './member-record.ts';
import type { ClusterTiming } from './timing.ts';

export interface MembershipOptions {
  readonly members: KeyValue;
  readonly ambient: Ambient;
  /** The wall clock, ms since 1970; it goes on where the process is suspended. */
  wallNow(): number;
  /** One token; unique in the cluster. */
  readonly id: string;
  readonly role: MemberRole;
  readonly timing: ClusterTiming;
  readonly build: string;
  /** Default 1; 0: it never gets a slot. */
  readonly weight?: number;
  readonly info?: Readonly<Record<string, unknown>>;
  /** This session is over and nothing may be done for any line; `start` begins another one. */
  onFenced(reason: FenceReason): void;
}

/** Who took the right away: another member's verdict, another start of the same name, a suspended process, or a lost bucket. */
export type FenceReason = 'declared-dead' | 'name-taken' | 'suspended' | 'record-lost';

/** A member as this one sees it. */
export interface Member extends MemberRecord {
  /** Of its latest record. */
  readonly revision: number;
  /** When this member heard of it last, on its own clock. */
  readonly seenAtMs: number;
}

export interface Membership {
  readonly id: string;
  /** Of the current start; undefined: not started, fenced or left. */
  readonly session: string | undefined;
  /** Revision of the record with which this session began. */
  readonly joinedAt: number | undefined;
  readonly state: MemberState | undefined;
  /**
   * @throws ClusterError (rejects) `E_CLUSTER_NAME` a member of that name lives; KeyValueError `E_KV_UNAVAILABLE`
   */
  start(): Promise<void>;
  /** May this member act now? Cheap; asked before every message. */
  isValid(): boolean;
  /** Tells the others to expect no more of this member's slots. Resolves when they can know. */
  drain(): Promise<void>;
  /** Says that this session has ended, then stops; idempotent. The rights of the session end at once. */
  stop(): Promise<void>;
  /** Everybody this member has heard of. */
  members(): ReadonlyMap<string, Member>;
  /** Has that session ended? `joinedAt` is the revision with which it began. Undefined: that cannot be known yet. */
  hasEnded(id: string, session: string, joinedAt: number): boolean | undefined;
  /** After each change of who is there, how, or with what rights of our own. Returns the way to stop it. */
  onChange(handler: () => void): () => void;
}

export function createMembership(_options: MembershipOptions): Membership {
  throw new Error('not built yet');
}
