import { type LineConfig, type LineKey, lineKey, slotOf } from '@offhook/core';

/** The lines of a cluster's configuration, found by slot and by user. */
export interface ClusterLines {
  inSlot(slot: number): readonly LineConfig[];
  ofUser(user: string): readonly LineKey[];
}

const none: readonly never[] = [];

export function clusterLines(all: readonly LineConfig[]): ClusterLines {
  const slots = new Map<number, LineConfig[]>();
  const users = new Map<string, LineKey[]>();
  const add = <K, V>(to: Map<K, V[]>, key: K, value: V): void => {
    const known = to.get(key);
    if (known === undefined) to.set(key, [value]);
    else known.push(value);
  };
  for (const line of all) {
    const key = lineKey(line.id);
    add(slots, slotOf(key), line);
    add(users, line.ext.userId, key);
  }
  return {
    inSlot: (slot) => slots.get(slot) ?? none,
    ofUser: (user) => users.get(user) ?? none,
  };
}
