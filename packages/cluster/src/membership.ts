import { type KeyValueChange, KeyValueError, randomToken, type Subscription, type Timer } from '@offhook/core';
import { assertMemberName } from './buckets.ts';
import { awaitName, isConflict, nameTaken } from './member-name.ts';
import { everyMember, isOver, type MemberRecord, type MemberState, memberKey, readMember, writeMember } from './member-record.ts';
import { createMemberView, type Member } from './member-view.ts';
import type { FenceReason, Membership, MembershipOptions } from './membership.types.ts';

/** One life of a member, from a start to its end. */
interface Session {
  readonly id: string;
  readonly startedAtMs: number;
  readonly joinedAt: number;
  /** Of its latest record. */
  revision: number;
  /** What it wants to be, and what the latest record says. */
  wanted: MemberState;
  state: MemberState;
  /** The right to act, by the monotonic clock. */
  validUntilMs: number;
  /** How far the wall clock was ahead when the latest heartbeat was sent. */
  aheadMs: number;
  answeredAtMs: number;
  hasFailed: boolean;
  isSuspended: boolean;
  /** Wait until the record says `draining`. */
  readonly drained: (() => void)[];
}

/** A host that has joined waits so many heartbeats before it takes slots, so that a rolling restart moves each of them once. */
const beatsBeforeUp = 2;
/** Records of members that have ended are kept so long for whoever wants to know, ms. */
const keepEndedMs = 3_600_000;

/**
 * The life of one member of a cluster: a heartbeat is a compare-and-set on its own record, and each one that is answered gives the
 * right to act for one lease, counted from when it was sent. Members that are silent for one fence time are declared dead by a write to
 * the same record: then their next heartbeat must fail.
 * @throws ClusterError `E_CLUSTER_NAME` the name cannot be one
 * @source scale reference section D.2 rules 1 to 3
 */
export function createMembership(options: MembershipOptions): Membership {
  const { members, ambient, wallNow, id, role, timing, build, weight = () => 1, info = {}, onFenced } = options;
  const { heartbeatMs, leaseMs, fenceMs } = timing;
  assertMemberName(id);
  const key = memberKey(id);
  const handlers = new Set<() => void>();
  let view = createMemberView(ambient);
  let current: Session | undefined;
  let starting: Promise<void> | undefined;
  let watching: Subscription | undefined;
  let timer: Timer | undefined;
  /** Killed: a start under way comes to nothing. */
  let isKilled = false;
  /** One write to our record at a time. */
  let writing: Promise<void> = Promise.resolve();

  function changed(): void {
    for (const handler of handlers) handler();
  }

  const ahead = (): number => wallNow() - ambient.now();

  const recordOf = (session: string, startedAtMs: number, state: MemberState): MemberRecord => ({
    ...{ id, session, role, state, weight: weight(), build, startedAtMs, info },
  });

  /** The wall clock ran on while the monotonic one stood still: nobody knows what has become of the lease. */
  function wasSuspended(session: Session): boolean {
    session.isSuspended ||= ahead() - session.aheadMs > leaseMs / 2;
    return session.isSuspended;
  }

  function end(session: Session): boolean {
    if (current !== session) return false;
    current = undefined;
    ambient.clearTimer(timer);
    watching?.unsubscribe();
    for (const resolve of session.drained) resolve();
    return true;
  }

  function fence(session: Session, reason: FenceReason): void {
    if (!end(session)) return;
    ambient.log.error('this member may not act any more; its session is over', { id, session: session.id, reason });
    // Whoever stops by itself says so, and need not be waited for.
    if (reason === 'suspended') sayGoodbye(session);
    try {
      changed();
    } finally {
      onFenced(reason);
    }
  }

  function sayGoodbye(session: Session): void {
    writing = writing.then(async () => {
      try {
        await members.put(key, writeMember(recordOf(session.id, session.startedAtMs, 'left')), session.revision);
      } catch (error) {
        ambient.log.warn('the others could not be told that this member has gone; they will notice', { id, error });
      }
    });
  }

  /** An answer to a heartbeat: the right to act, counted from when it was sent. */
  function accept(session: Session, record: MemberRecord, sentAtMs: number, aheadMs: number): void {
    const wasValid = isValid();
    if (current !== session) return;
    if (wasSuspended(session)) return fence(session, 'suspended');
    session.validUntilMs = sentAtMs + leaseMs;
    session.aheadMs = aheadMs;
    session.state = record.state;
    if (record.state === 'draining') for (const resolve of session.drained.splice(0)) resolve();
    judgeOthers(session);
    session.answeredAtMs = ambient.now();
    session.hasFailed = false;
    if (view.put(record, session.revision) || !wasValid) changed();
  }

  /** Only who has had its own heartbeats answered may say that others have none. */
  function judgeOthers(session: Session): void {
    const isLate = session.hasFailed || ambient.now() - session.answeredAtMs > 2 * heartbeatMs;
    if (isLate) return view.resetSeen();
    for (const member of view.silent(fenceMs)) if (member.id !== id) void declareDead(member);
    for (const other of view.missing(fenceMs)) void lookFor(other);
    for (const member of view.ended(keepEndedMs)) void members.delete(memberKey(member.id), member.revision).catch(() => {});
  }

  /** Who owns slots and has no record, nor had one for a fence time, is gone. The watch may be behind, so the record is asked for. */
  async function lookFor(other: string): Promise<void> {
    try {
      const found = await members.get(memberKey(other));
      if (found === undefined) view.confirmMissing(other);
      else view.apply(found);
      changed();
    } catch {
      // The next heartbeat sees.
    }
  }

  async function declareDead({ revision, seenAtMs, ...record }: Member): Promise<void> {
    const dead: MemberRecord = { ...record, state: 'dead' };
    try {
      const written = await members.put(memberKey(record.id), writeMember(dead), revision);
      const silentMs = Math.round(ambient.now() - seenAtMs);
      ambient.log.warn('a member was silent for too long and is declared dead', { member: record.id, silentMs });
      if (view.put(dead, written)) changed();
    } catch {
      // It has spoken meanwhile, another member was faster, or nobody answers: the next heartbeat sees.
    }
  }

  async function beat(session: Session): Promise<void> {
    for (let attempt = 0; attempt < 3 && current === session; attempt++) {
      if (wasSuspended(session)) return fence(session, 'suspended');
      const sentAtMs = ambient.now();
      const aheadMs = ahead();
      if (session.wanted === 'joining' && sentAtMs - session.startedAtMs >= beatsBeforeUp * heartbeatMs) session.wanted = 'up';
      const record = recordOf(session.id, session.startedAtMs, session.wanted);
      try {
        session.revision = await members.put(key, writeMember(record), session.revision);
        return accept(session, record, sentAtMs, aheadMs);
      } catch (error) {
        if (!isConflict(error)) return failed(session, error);
      }
      try {
        await adopt(session);
      } catch (error) {
        return failed(session, error);
      }
    }
  }

  /** Somebody wrote our record. If we did, with a heartbeat whose answer was lost, it is ours as before. */
  async function adopt(session: Session): Promise<void> {
    const found = await members.get(key);
    if (judgeOwn(session, found?.value) && found !== undefined) session.revision = found.revision;
  }

  /** Is our record still ours? */
  function judgeOwn(session: Session, value: Uint8Array | undefined): boolean {
    const record = readMember(value);
    if (record?.session === session.id && !isOver(record.state)) return true;
    fence(session, record === undefined ? 'record-lost' : record.session === session.id ? 'declared-dead' : 'name-taken');
    return false;
  }

  function failed(session: Session, error: unknown): void {
    if (!session.hasFailed) ambient.log.warn('a heartbeat was not answered', { id, error });
    session.hasFailed = true;
  }

  function pulse(session: Session): Promise<void> {
    writing = writing
      .then(() => (current === session ? beat(session) : undefined))
      .catch((error: unknown) => ambient.log.error('a change in the cluster was not handled', { id, error }));
    return writing;
  }

  function schedule(session: Session): void {
    const atMs = ambient.now();
    timer = ambient.setTimer(() => {
      void pulse(session).then(() => {
        if (current === session) schedule(session);
      });
    }, nextIn(atMs));
  }

  /** Heartbeats keep their rhythm, however long an answer takes. */
  let dueMs = 0;
  function nextIn(atMs: number): number {
    dueMs = Math.max(dueMs + heartbeatMs, atMs + heartbeatMs / 10);
    if (dueMs > atMs + heartbeatMs) dueMs = atMs + heartbeatMs;
    return dueMs - atMs;
  }

  async function watchOthers(): Promise<void> {
    watching?.unsubscribe();
    const seen = createMemberView(ambient);
    view = seen;
    await new Promise<void>((resolve, reject) => {
      const late = ambient.setTimer(
        () =>
          reject(new KeyValueError('E_KV_UNAVAILABLE', 'Who is in the cluster was not told in time; look at the connection.')),
        fenceMs,
      );
      const onReady = (): void => {
        ambient.clearTimer(late);
        resolve();
      };
      const onRecord = (change: KeyValueChange): void => {
        const isNews = seen.apply(change);
        if (current === undefined) return;
        // Whoever is declared dead need not wait for its next heartbeat to hear of it.
        const isOwn = change.key === key && change.revision > current.revision;
        if (isOwn && !judgeOwn(current, change.value)) return;
        if (isNews) changed();
      };
      watching = members.watch(everyMember, onRecord, onReady);
    });
  }

  async function join(): Promise<void> {
    await writing;
    const name = await awaitName({ members, ambient, id, fenceMs });
    await watchOthers();
    await options.beforeJoin?.();
    if (isKilled) return;
    const sentAtMs = ambient.now();
    const aheadMs = ahead();
    const session = randomToken(ambient, 80);
    // What an orphan owned has no better owner than the next one of its name; that one need not wait to see who else is there.
    const state: MemberState = role === 'host' && !name.isOrphan ? 'joining' : 'up';
    const record = recordOf(session, sentAtMs, state);
    const joinedAt = await members.put(key, writeMember(record), name.revision);
    if (isKilled) return;
    current = {
      ...{ id: session, startedAtMs: sentAtMs, joinedAt, revision: joinedAt, wanted: state, state },
      ...{ validUntilMs: 0, aheadMs, answeredAtMs: sentAtMs, hasFailed: false, isSuspended: false, drained: [] },
    };
    dueMs = sentAtMs;
    accept(current, record, sentAtMs, aheadMs);
    if (current !== undefined) schedule(current);
  }

  async function tryToJoin(): Promise<void> {
    try {
      await join();
    } catch (error) {
      watching?.unsubscribe();
      throw isConflict(error) ? nameTaken(id) : error;
    } finally {
      starting = undefined;
    }
  }

  function isValid(): boolean {
    const session = current;
    if (session === undefined || ambient.now() >= session.validUntilMs) return false;
    if (!session.isSuspended && wasSuspended(session)) ambient.defer(() => fence(session, 'suspended'));
    return !session.isSuspended;
  }

  return {
    id,
    get session() {
      return current?.id;
    },
    get joinedAt() {
      return current?.joinedAt;
    },
    get state() {
      return current?.state;
    },
    start() {
      if (current !== undefined) return Promise.resolve();
      isKilled = false;
      starting ??= tryToJoin();
      return starting;
    },
    isValid,
    async drain() {
      const session = current;
      if (session === undefined || session.state === 'draining') return;
      session.wanted = 'draining';
      const told = new Promise<void>((resolve) => session.drained.push(resolve));
      void pulse(session);
      await told;
    },
    async stop() {
      await starting?.catch(() => {});
      const session = current;
      if (session !== undefined && end(session)) {
        sayGoodbye(session);
        changed();
      }
      await writing;
    },
    kill() {
      isKilled = true;
      watching?.unsubscribe();
      if (current !== undefined) end(current);
    },
    members: () => view.members,
    hasEnded: (other, session, joinedAt) => view.hasEnded(other, session, joinedAt),
    onChange(handler) {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
  };
}
