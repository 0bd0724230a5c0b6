import type { CandidateList, CandidateMark, LineConfig, ListFacts, RankedServer } from '@offhook/core';
import { type LegIdentity, listIdentity } from './identity.ts';
import type { LegHops } from './leg-hop.ts';
import { isBound, isUsable, type RegistrationRecord } from './registration.types.ts';
import { listSettings } from './settings.ts';

/** One server of a line's list, with what the line remembers of it. Instants are absolute, ms. */
export interface ServerEntry {
  readonly identity: LegIdentity;
  readonly rank: number;
  readonly survivability: boolean;
  downSinceMs: number | undefined;
  /** Its Retry-After (D-22); 0: none. */
  notBeforeMs: number;
  /** Made when the first request goes there. */
  hops: LegHops | undefined;
}

const isBlocked = ({ notBeforeMs }: ServerEntry, nowMs: number): boolean => notBeforeMs > nowMs;

/**
 * The ranked servers of one line: which are down and since when, which one serves new requests, which one holds the registration. It remembers
 * and decides nothing.
 * @source redundancy reference sections 2 (server entry), 5.6, 5.7
 */
export class ServerList {
  entries: readonly ServerEntry[] = [];
  /** Where new requests go; undefined while nothing has been located. */
  current: ServerEntry | undefined = undefined;
  /** Where the registration is held, or was last. */
  holder: ServerEntry | undefined = undefined;
  /** `tF`: when the line left a better server, or last failed to return to it. */
  failedOverAtMs: number | undefined = undefined;
  /** `tR0`: first success at the server that holds the registration, since the move to it. */
  heldSinceMs: number | undefined = undefined;
  /** `E`, and the time from its start to the refresh. */
  expiryMs = 0;
  refreshPeriodMs = 0;
  config: LineConfig;
  private readonly record: () => RegistrationRecord | undefined;
  private marks: readonly CandidateMark[] = [];
  private marked = '';

  /** @param record of the line's one registration; undefined until it has begun */
  constructor(config: LineConfig, record: () => RegistrationRecord | undefined) {
    this.config = config;
    this.record = record;
  }

  find(server: string): ServerEntry | undefined {
    return this.entries.find(({ identity }) => identity.server === server);
  }

  /** The best server that may be asked; none: the best that is not blocked; all blocked: the best of all. @source redundancy reference 5.6 */
  top(nowMs: number): ServerEntry | undefined {
    const waitMs = this.config.ext.proxyFallbackIntvl * 1000;
    const open = this.entries.filter((entry) => !isBlocked(entry, nowMs));
    const mayServe = ({ downSinceMs = Number.NEGATIVE_INFINITY }: ServerEntry): boolean =>
      waitMs === 0 || nowMs - downSinceMs >= waitMs;
    return open.find(mayServe) ?? open[0] ?? this.entries[0];
  }

  isOnTop(): boolean {
    const { current, entries } = this;
    return current !== undefined && entries.every(({ rank }) => rank >= current.rank);
  }

  /** AR = Yes: requests are where the registration is. */
  registersAlong(): boolean {
    return listSettings(this.config, this.entries[0]?.identity.target.protocol ?? 'udp').autoRegister;
  }

  /** AR = No: requests have moved and the registration has not. */
  isElsewhere(): boolean {
    return this.current !== undefined && !this.registersAlong() && this.current !== this.holder;
  }

  /** New servers take the place of the old; those that stay keep what is known of them. Answers with those that are gone. */
  replace({ entries }: CandidateList): readonly ServerEntry[] {
    const known = this.entries;
    this.entries = entries.map((candidate) => {
      const identity = listIdentity(this.config, candidate);
      const old = known.find((entry) => entry.identity.server === identity.server);
      const { rank, survivability } = candidate;
      if (old !== undefined && old.rank === rank && old.survivability === survivability) return old;
      const { downSinceMs, notBeforeMs = 0, hops } = old ?? {};
      const entry: ServerEntry = { identity: old?.identity ?? identity, rank, survivability, downSinceMs, notBeforeMs, hops };
      if (this.current === old && old !== undefined) this.current = entry;
      if (this.holder === old && old !== undefined) this.holder = entry;
      return entry;
    });
    return known.filter((old) => this.find(old.identity.server) === undefined);
  }

  /** Since when a server is down counts from its first failure. */
  markDown(entry: ServerEntry, nowMs: number): void {
    if (entry.downSinceMs === undefined || entry === this.current) entry.downSinceMs = nowMs;
  }

  /** Whoever has failed may be asked again; a Retry-After stays. */
  clearMarks(): void {
    for (const entry of this.entries) entry.downSinceMs = undefined;
  }

  facts(nowMs: number): ListFacts | undefined {
    const { current, holder, config } = this;
    const record = this.record();
    if (current === undefined) return undefined;
    const isHeld = holder !== undefined && record !== undefined && isBound(record, nowMs);
    const registration = isHeld
      ? {
          holder: holder.identity.server,
          expiryMs: this.expiryMs,
          expiresAtMs: record.expiresAtMs,
          ...(record.refreshAtMs > 0 ? { refreshAtMs: record.refreshAtMs, refreshPeriodMs: this.refreshPeriodMs } : {}),
        }
      : {};
    const protocol = this.entries[0]?.identity.target.protocol ?? 'udp';
    return {
      nowMs,
      servers: this.entries.map((entry) => serverOf(entry, nowMs)),
      current: current.identity.server,
      ...(this.failedOverAtMs === undefined ? {} : { failedOverAtMs: this.failedOverAtMs }),
      ...(this.heldSinceMs === undefined ? {} : { heldSinceMs: this.heldSinceMs }),
      ...registration,
      settings: listSettings(config, protocol),
    };
  }

  /** The same list as long as nothing in it has changed: kept decisions share it. */
  candidates(nowMs: number): readonly CandidateMark[] {
    const record = this.record();
    const bound = record !== undefined && isBound(record, nowMs);
    const usable = record !== undefined && isUsable(record, nowMs);
    const marks = this.entries.map((entry): CandidateMark => {
      const { identity, rank, survivability, downSinceMs, notBeforeMs } = entry;
      const holds = entry === this.holder;
      return {
        leg: 'primary',
        server: identity.server,
        state: downSinceMs === undefined ? 'up' : 'down',
        ...(downSinceMs === undefined ? {} : { downSinceMs }),
        ...(notBeforeMs > nowMs ? { blockedUntilMs: notBeforeMs } : {}),
        bound: holds && bound,
        usable: holds && usable,
        rank,
        ...(entry === this.current ? { current: true as const } : {}),
        ...(survivability ? { survivability: true as const } : {}),
      };
    });
    const text = JSON.stringify(marks);
    if (text !== this.marked) this.marks = marks;
    this.marked = text;
    return this.marks;
  }
}

function serverOf({ identity, rank, survivability, downSinceMs, notBeforeMs }: ServerEntry, nowMs: number): RankedServer {
  return {
    server: identity.server,
    rank,
    survivability,
    ...(downSinceMs === undefined ? {} : { downSinceMs }),
    ...(notBeforeMs > nowMs ? { notBeforeMs } : {}),
  };
}
