import { createMembership, type FenceReason, type Membership, type MembershipOptions } from '@offhook/cluster';
import { type TakeoverConfig, type Timer, takeoverSchema, wallClockMs } from '@offhook/core';
import type { ClusterMemberOptions, MemberStatus } from './member.ts';

/** What of a member its role decides. */
export type MemberLifeOptions = Pick<MembershipOptions, 'role' | 'members' | 'info' | 'weight' | 'beforeJoin'>;

/** Whose session others have ended waits so many heartbeats before it joins anew. */
const rejoinHeartbeats = 2;
const lookMs = 250;

/**
 * A member's sessions, one after the other, until it leaves. Whoever is shut out joins again by itself, as if it had just been started: what it
 * owned is over with its session (`onLose`), what it owns next it reads anew.
 */
export class MemberLife {
  readonly membership: Membership;
  readonly takeover: TakeoverConfig;
  readonly ended: Promise<void>;
  readonly #options: ClusterMemberOptions;
  #rejoin: Timer | undefined;
  #isFenced = false;
  #isOver = false;
  #end: () => void = () => {};

  constructor(options: ClusterMemberOptions, life: MemberLifeOptions) {
    const { ambient, config, id, build, wallNow = wallClockMs } = options;
    this.#options = options;
    this.takeover = config.takeover ?? takeoverSchema.parse(undefined);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.membership = createMembership({
      ...{ ...life, ambient, wallNow, id, build, timing: this.takeover },
      onFenced: (reason) => this.#fenced(reason),
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get state(): MemberStatus['state'] {
    return this.#isFenced ? 'fenced' : (this.membership.state ?? 'left');
  }

  /** @throws ClusterError (rejects) `E_CLUSTER_NAME`; KeyValueError `E_KV_UNAVAILABLE` */
  async join(): Promise<void> {
    await this.membership.start();
    this.#isFenced = false;
  }

  /** Begins a new session, as one that has just been started: `joining` for two heartbeats, like all others that do so now. */
  async rejoin(): Promise<void> {
    await this.membership.stop();
    if (!this.#isOver) this.#later(0);
  }

  /** Does `work`, or as much of it as can be done before the right to act has run out: without the bus nothing can be handed over. */
  async whileValid(work: () => Promise<void>): Promise<void> {
    const { ambient, id } = this.#options;
    let timer: Timer | undefined;
    const late = new Promise<'late'>((resolve) => {
      const look = (): void => {
        if (!this.membership.isValid()) return resolve('late');
        timer = ambient.setTimer(look, lookMs);
      };
      look();
    });
    if ((await Promise.race([work(), late])) === 'late')
      ambient.log.warn('nobody hears this member any more; it ends, and others will miss it', { member: id });
    ambient.clearTimer(timer);
  }

  /** No further session begins. */
  close(): void {
    this.#isOver = true;
    this.#options.ambient.clearTimer(this.#rejoin);
  }

  /** As a power cut would. */
  kill(): void {
    this.close();
    this.membership.kill();
    this.#end();
  }

  /** Says that it has left, and ends. */
  async leave(): Promise<void> {
    this.close();
    await this.membership.stop();
    this.#end();
  }

  #fenced(reason: FenceReason): void {
    const { ambient, id, isRogue } = this.#options;
    if (this.#isOver || isRogue) return;
    this.#isFenced = true;
    ambient.log.error('this member has been shut out of its cluster: others go on with what it had', { member: id, reason });
    this.#later(rejoinHeartbeats);
  }

  #later(heartbeats: number): void {
    const { ambient, id } = this.#options;
    const again = async (): Promise<void> => {
      const wasFenced = this.#isFenced;
      try {
        await this.join();
        if (wasFenced) ambient.log.warn('this member is back in its cluster', { member: id });
      } catch (error) {
        if (this.#isOver) return;
        ambient.log.warn('this member cannot join its cluster yet', { member: id, error });
        this.#later(rejoinHeartbeats);
      }
    };
    this.#rejoin = ambient.setTimer(() => void again(), heartbeats * this.takeover.heartbeatMs);
  }
}
