import { type Ambient, type KeyValue, type KeyValueChange, type Subscription, slotCount, type Timer } from '@offhook/core';
import { isConflict } from './member-name.ts';
import type { Membership } from './membership.types.ts';
import { everyPin, everySlot, pinKey, released, slotKey, slotOfKey, writeClaim } from './slot-record.ts';
import { createSlotView, recordOfChange } from './slot-view.ts';
import type { ClusterTiming } from './timing.ts';
import { createTokenBucket } from './token-bucket.ts';

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
   * Its lines have to end. `released`: they may act until it resolves. Otherwise they may not act any more, and it may come while a
   * release is still awaited. It never comes before the `onGain` of that slot has settled, and the slot is not gained again before it has.
   */
  onLose(slot: number, why: LossReason): Promise<void> | void;
}

export interface SlotOwner {
  /** Watches slots and members, and claims what this host should have. */
  start(): void;
  /** Slots whose lines this host runs, with their epochs. */
  owned(): ReadonlyMap<number, number>;
  /** Gives every slot up, each after its `onLose`; resolves when none is left. It takes none until the next session. */
  drain(): Promise<void>;
  /** Stops watching and claiming; what is owned is not released. */
  stop(): void;
}

/** A slot from the claim of it until its lines have ended. */
interface Hold {
  readonly slot: number;
  readonly session: string;
  readonly epoch: number;
  /** Settles with `onGain`. */
  gained: Promise<void>;
  /** Settles when it is given up. */
  releasing: Promise<void> | undefined;
  /** Its lines may not act any more. */
  isOver: boolean;
}

/** Writes to slots that are on their way at one time. */
const claimsAtOnce = 64;

/**
 * Who should own a slot is computed by everybody alike; who does is settled by compare-and-set on its record, whose revision is the
 * epoch. A slot is claimed only when nobody has it: no record, one that was given up, or one of a session that has ended.
 * @source scale reference section D.2 rule 4, section D.3 (storm limits)
 */
export function createSlotOwner({ slots, ambient, membership, timing, onGain, onLose }: SlotOwnerOptions): SlotOwner {
  const view = createSlotView();
  const holds = new Map<number, Hold>();
  const owned = new Map<number, number>();
  /** Epochs up to this one are over for us: an older record that is still told says nothing. */
  const overUpTo = new Map<number, number>();
  const claiming = new Set<number>();
  const toClaim = new Set<number>();
  const toRelease = new Set<number>();
  /** Slots whose record is another than the one we know: the watch will tell. */
  const stale = new Set<number>();
  /** Slots whose lines could not begin, until when they are left alone. */
  const restUntilMs = new Map<number, number>();
  const pace = createTokenBucket({ ambient, perS: () => timing.releasePerS, burst: Math.max(1, timing.releasePerS / 10) });
  const subscriptions: Subscription[] = [];
  let unready = 2;
  let forget: (() => void) | undefined;
  let timer: Timer | undefined;
  let session: string | undefined;
  const drained: (() => void)[] = [];

  const isOurs = (slot: number): boolean => view.desired(slot) === membership.id;
  const mayClaim = (): boolean => unready === 0 && membership.state === 'up' && membership.isValid();

  function isFree(slot: number): boolean {
    const claim = view.recordOf(slot)?.claim;
    // A claim of our name is of a former session: a name is one member's.
    const isFormer = claim?.owner === membership.id && claim.session !== session;
    return claim === undefined || isFormer || membership.hasEnded(claim.owner, claim.session, claim.joinedAt);
  }

  /** Somebody else should have it, and is ready for it. */
  function isOthers(slot: number): boolean {
    const other = view.desired(slot);
    return other !== undefined && other !== membership.id && membership.members().get(other)?.state === 'up';
  }

  function reconcile(slot: number): void {
    const hold = holds.get(slot);
    if (hold !== undefined) {
      if (hold.releasing !== undefined || hold.isOver) return;
      if (membership.state === 'draining') void release(hold);
      else if (isOthers(slot)) releaseInTurn(slot);
    } else if (session !== undefined && !claiming.has(slot)) reconcileFree(slot, session);
  }

  function reconcileFree(slot: number, own: string): void {
    const record = view.recordOf(slot);
    if (record?.claim?.session === own) {
      // A claim whose answer was lost.
      if (record.revision <= (overUpTo.get(slot) ?? 0)) return;
      if (isOurs(slot) && mayClaim()) void gain(slot, record.revision, own);
      else if (unready === 0) void giveBack(slot, record.revision, own);
    } else if (isOurs(slot) && mayClaim() && !stale.has(slot) && isFree(slot)) {
      toClaim.add(slot);
      claimNext();
    }
  }

  function reconcileAll(): void {
    if (membership.session !== session) beginSession();
    view.judge(membership.members());
    if (unready > 0 || session === undefined) return;
    for (let slot = 0; slot < slotCount; slot++) reconcile(slot);
  }

  function beginSession(): void {
    session = membership.session;
    pace.clear();
    for (const waiting of [toClaim, toRelease, restUntilMs]) waiting.clear();
    for (const hold of holds.values()) void lose(hold, 'fenced');
  }

  function claimNext(): void {
    for (const slot of toClaim) {
      if (claiming.size >= claimsAtOnce) return;
      toClaim.delete(slot);
      const isWanted = isOurs(slot) && isFree(slot) && (restUntilMs.get(slot) ?? 0) <= ambient.now();
      if (session === undefined || !mayClaim() || !isWanted || holds.has(slot) || claiming.has(slot)) continue;
      claiming.add(slot);
      void claim(slot, session).then(() => {
        claiming.delete(slot);
        claimNext();
        reconcile(slot);
        settle();
      });
    }
  }

  async function claim(slot: number, own: string): Promise<void> {
    const claimed = { owner: membership.id, session: own, joinedAt: membership.joinedAt ?? 0 };
    try {
      const epoch = await slots.put(slotKey(slot), writeClaim(claimed), view.recordOf(slot)?.over ?? 0);
      // Whoever has written since then knows better, and so does whoever ended our session.
      if (!view.put(slot, { revision: epoch, claim: claimed, over: epoch }) && view.recordOf(slot)?.revision !== epoch) return;
      // Lines take their time to begin; the next slot need not wait for them.
      if (session === own && !holds.has(slot)) void gain(slot, epoch, own);
    } catch (error) {
      // Somebody was faster: the watch tells who. Without an answer it may have happened: the watch tells that, too.
      stale.add(slot);
      if (!isConflict(error)) ambient.log.warn('a slot could not be claimed; it is tried again', { slot, error });
    }
  }

  function gain(slot: number, epoch: number, own: string): Promise<void> {
    const hold: Hold = { slot, session: own, epoch, gained: Promise.resolve(), releasing: undefined, isOver: false };
    holds.set(slot, hold);
    owned.set(slot, epoch);
    hold.gained = attempt(() => onGain(slot, epoch)).then((worked) => {
      if (worked) return;
      restUntilMs.set(slot, ambient.now() + timing.heartbeatMs);
      void release(hold);
    });
    return hold.gained;
  }

  async function attempt(act: () => Promise<void> | void): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      ambient.log.error('the lines of a slot could not begin or end as they should', { error });
      return false;
    }
  }

  function releaseInTurn(slot: number): void {
    if (toRelease.has(slot)) return;
    toRelease.add(slot);
    pace.take(() => {
      toRelease.delete(slot);
      const hold = holds.get(slot);
      if (hold !== undefined && isOthers(slot)) void release(hold);
    });
  }

  function release(hold: Hold): Promise<void> {
    hold.releasing ??= (async () => {
      await hold.gained;
      if (!hold.isOver) await attempt(() => onLose(hold.slot, 'released'));
      if (hold.isOver) return;
      endRights(hold);
      await giveBack(hold.slot, hold.epoch, hold.session);
      finish(hold);
    })();
    return hold.releasing;
  }

  function endRights(hold: Hold): void {
    hold.isOver = true;
    owned.delete(hold.slot);
    overUpTo.set(hold.slot, hold.epoch);
  }

  function finish(hold: Hold): void {
    if (holds.get(hold.slot) === hold) holds.delete(hold.slot);
    reconcile(hold.slot);
    settle();
  }

  /** Writes that nobody has the slot, for as long as the record is ours. */
  async function giveBack(slot: number, epoch: number, own: string): Promise<void> {
    overUpTo.set(slot, epoch);
    while (session === own) {
      try {
        const revision = await slots.put(slotKey(slot), released, epoch);
        view.put(slot, { revision, claim: undefined, over: revision });
        return;
      } catch (error) {
        if (isConflict(error)) return;
        await new Promise<void>((resolve) => ambient.setTimer(resolve, timing.heartbeatMs));
      }
    }
  }

  async function lose(hold: Hold, why: LossReason): Promise<void> {
    if (hold.isOver) return;
    endRights(hold);
    await hold.gained;
    await attempt(() => onLose(hold.slot, why));
    await hold.releasing;
    finish(hold);
  }

  function settle(): void {
    if (holds.size > 0 || claiming.size > 0) return;
    for (const resolve of drained.splice(0)) resolve();
  }

  function onSlot(change: KeyValueChange): void {
    const slot = slotOfKey(change.key);
    if (slot === undefined || !view.put(slot, recordOfChange(change))) return;
    stale.delete(slot);
    const hold = holds.get(slot);
    if (hold !== undefined && change.revision > hold.epoch) void lose(hold, 'taken');
    if (unready === 0) reconcile(slot);
  }

  function onReady(): void {
    unready -= 1;
    reconcileAll();
  }

  function tick(): void {
    stale.clear();
    reconcileAll();
    timer = ambient.setTimer(tick, timing.heartbeatMs);
  }

  return {
    start() {
      forget = membership.onChange(reconcileAll);
      subscriptions.push(slots.watch(everySlot, onSlot, onReady));
      subscriptions.push(
        slots.watch(
          everyPin,
          (change) => {
            view.pin(change);
            if (unready === 0) reconcileAll();
          },
          onReady,
        ),
      );
      tick();
    },
    owned: () => owned,
    async drain() {
      await membership.drain();
      reconcileAll();
      await new Promise<void>((resolve) => {
        drained.push(resolve);
        settle();
      });
    },
    stop() {
      session = undefined;
      forget?.();
      ambient.clearTimer(timer);
      pace.clear();
      for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
    },
  };
}

/**
 * An operator's wish that a host has a slot, honoured while that host lives and does not drain; undefined takes it back.
 * @throws KeyValueError (rejects) `E_KV_UNAVAILABLE`
 */
export async function pinSlot(slots: KeyValue, slot: number, host: string | undefined): Promise<void> {
  if (host === undefined) await slots.delete(pinKey(slot));
  else await slots.put(pinKey(slot), Buffer.from(host));
}
