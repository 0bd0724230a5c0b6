import type { Ambient, KeyValue } from '@offhook/core';
import type { MemberRole, MemberState } from './member-record.ts';
import type { Member } from './member-view.ts';
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
  weight?(): number;
  /** What others may want to know of it. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** What has to stand before the others hear of this member; called once its name is known to be free, at each start. */
  beforeJoin?(): Promise<void>;
  /** This session is over and nothing may be done for any line; `start` begins another one. */
  onFenced(reason: FenceReason): void;
}

/** What ended the session: another member's verdict, another start of the same name, a suspended process, a record that is gone. */
export type FenceReason = 'declared-dead' | 'name-taken' | 'suspended' | 'record-lost';

export interface Membership {
  readonly id: string;
  /** Of the current start; undefined: not started, fenced or left. */
  readonly session: string | undefined;
  /** Revision of the record with which this session began. */
  readonly joinedAt: number | undefined;
  /** What the others can know. */
  readonly state: MemberState | undefined;
  /**
   * Joins; after a session that is over, with a new one. Where a record of that name is left over, it waits until that member has been silent for one fence time.
   * @throws ClusterError (rejects) `E_CLUSTER_NAME` it is not silent; KeyValueError `E_KV_UNAVAILABLE`
   */
  start(): Promise<void>;
  /** May this member act now? Cheap; asked before every message. */
  isValid(): boolean;
  /** Tells the others to expect no more of this host. Resolves when they can know, or when the session is over. */
  drain(): Promise<void>;
  /** The rights of the session end at once; then it says that it has left. Idempotent. */
  stop(): Promise<void>;
  /** Ends as a power cut would: nobody is told. */
  kill(): void;
  /** Everybody this member has heard of. */
  members(): ReadonlyMap<string, Member>;
  /** Will that session never act again, as far as can be known? `joinedAt` is the revision with which it began. */
  hasEnded(id: string, session: string, joinedAt: number): boolean;
  /** After each change of who is there and how, or of this member's own rights. Returns the way to stop it. */
  onChange(handler: () => void): () => void;
}
