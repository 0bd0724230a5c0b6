export { type BucketNames, buckets } from './buckets.ts';
export { createFencedBus, type FencedBusOptions } from './fenced-bus.ts';
export { createLedger, type Ledger, type LedgerOptions, type LedgerStats } from './ledger.ts';
export {
  createLineConfigStore,
  type LineConfigDocument,
  type LineConfigStore,
  type LineConfigStoreOptions,
} from './line-config-store.ts';
export { type MemberRecord, type MemberRole, type MemberState, readMembers } from './member-record.ts';
export type { Member } from './member-view.ts';
export { createMembership } from './membership.ts';
export type { FenceReason, Membership, MembershipOptions } from './membership.types.ts';
export { type Contender, chooseOne, edgeFor } from './rendezvous.ts';
export { createSlotFence, type SlotFence, type SlotFenceOptions } from './slot-fence.ts';
export { createSlotOwner, type LossReason, pinSlot, type SlotOwner, type SlotOwnerOptions } from './slot-owner.ts';
export type { ClusterTiming } from './timing.ts';
export { createTokenBucket, type TokenBucket, type TokenBucketOptions } from './token-bucket.ts';
