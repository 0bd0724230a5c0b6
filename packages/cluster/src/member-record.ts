import { decodeJson, encodeJson, type KeyValue } from '@offhook/core';

export type MemberRole = 'host' | 'edge';

/**
 * `joining`: there, and takes no slot yet · `up` · `draining`: gives its slots up · `left`: has gone by itself · `dead`: was declared
 * so by another member.
 */
export type MemberState = 'joining' | 'up' | 'draining' | 'left' | 'dead';

const roles: readonly unknown[] = ['host', 'edge'] satisfies MemberRole[];
const states: readonly unknown[] = ['joining', 'up', 'draining', 'left', 'dead'] satisfies MemberState[];

/** What a member says of itself with every heartbeat: `m.<id>`. */
export interface MemberRecord {
  readonly id: string;
  /** New with each start. */
  readonly session: string;
  readonly role: MemberRole;
  readonly state: MemberState;
  /** Share of slots, beside that of other hosts. */
  readonly weight: number;
  readonly build: string;
  /** Of its wall clock, ms since 1970: for humans. */
  readonly startedAtMs: number;
  /** Whatever it wants others to know: addresses of an edge, a process number. */
  readonly info: Readonly<Record<string, unknown>>;
}

export const memberKey = (id: string): string => `m.${id}`;
export const everyMember = 'm.*';
export const idOfMemberKey = (key: string): string => key.slice(2);

/** Over: nothing of that session will ever act again. */
export const isOver = (state: MemberState): boolean => state === 'dead' || state === 'left';

export const writeMember = (record: MemberRecord): Uint8Array => encodeJson(record);

/** Undefined: that is no record of a member. */
export function readMember(value: Uint8Array | undefined): MemberRecord | undefined {
  const record = readJson(value);
  const isWhole =
    typeof record?.id === 'string' &&
    typeof record.session === 'string' &&
    roles.includes(record.role) &&
    states.includes(record.state) &&
    Number.isFinite(record.weight) &&
    typeof record.build === 'string' &&
    Number.isFinite(record.startedAtMs) &&
    typeof record.info === 'object' &&
    record.info !== null;
  return isWhole ? (record as unknown as MemberRecord) : undefined;
}

/** An object that came from a bucket; undefined: it is none. */
export function readJson(value: Uint8Array | undefined): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return undefined;
  try {
    const read: unknown = decodeJson(value);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Everybody in the bucket, by name: who is there, and who was lately. @throws KeyValueError (rejects) `E_KV_UNAVAILABLE` */
export async function readMembers(members: KeyValue): Promise<readonly MemberRecord[]> {
  const entries = await members.entries(everyMember);
  return entries.flatMap(({ value }) => readMember(value) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1));
}
