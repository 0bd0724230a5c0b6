import type { Ambient, KeyValue } from '@offhook/core';
import type { Membership } from './membership.ts';
import type { ClusterTiming } from './timing.ts';

/** `released`: given up, another host may have it next · `fenced`: this session is over · `taken`: somebody else wrote the record. */
export type LossReason = 'released' | 'fenced' | 'taken';

export interface SlotOwnerOptions {
  readonly slots: KeyValue;
  readonly ambient: Ambient;
  /** Of a line host. */
  readonly membership: Membership;
  readonly timing: ClusterTiming;
  /** Its lines may begin. Rejects: the slot is given up and asked for again later. */
  onGain(slot: number, epoch: number): Promise<void>;
  /**
   * Its lines have to end. `released`: they may still act until it resolves. Otherwise they may not act any more. Comes after the
   * `onGain` of that slot has settled, and is awaited before the slot is gained again.
   */
  onLose(slot: number, why: LossReason): Promise<void> | void;
}

export interface SlotOwner {
  /** Watches slots and members, and claims what this host should have. */
  start(): void;
  /** Slots whose lines this host runs, with their epochs. */
  owned(): ReadonlyMap<number, number>;
  /** Cheap; undefined: this host does not own the slot. */
  epochOf(slot: number): number | undefined;
  /** Gives every slot up, each after its `onLose`; resolves when none is left. */
  drain(): Promise<void>;
  /** Stops watching; what is owned is not released. */
  stop(): void;
}

export function createSlotOwner(_options: SlotOwnerOptions): SlotOwner {
  throw new Error('not built yet');
}

/** An operator's wish that a host has a slot; undefined takes it back. @throws KeyValueError (rejects) `E_KV_UNAVAILABLE` */
export async function pinSlot(_slots: KeyValue, _slot: number, _host: string | undefined): Promise<void> {
  throw new Error('not built yet');
}
