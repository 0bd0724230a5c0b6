import { connectCluster } from '@offhook/bus-nats';
import { buckets, createLineConfigStore } from '@offhook/cluster';
import { createSubjects, decodeJson, type KeyValueChange, slotCount, systemAmbient } from '@offhook/core';
import { type LineStatus, sendCommand } from '@offhook/runtime';
import type { MemberStatus } from '@offhook/runtime/cluster';
import { machineMs } from '../process-costs.ts';

/** A write of a slot's record: who has it from then on; undefined: nobody. By the clock of the machine. */
export interface SlotMove {
  readonly slot: number;
  readonly owner: string | undefined;
  readonly atMs: number;
}

type Line = Pick<LineStatus, 'key' | 'slot'>;

interface Page {
  readonly lines: readonly Line[];
  readonly next?: number;
}

/** The way of an operator into the cluster: asks members, and sees slots move. */
export interface ClusterDoor {
  /** Owner of each slot that has one. */
  readonly owners: ReadonlyMap<number, string>;
  /** Every move since the last `forget`. */
  readonly moves: readonly SlotMove[];
  forget(): void;
  /** When the others were told that this member is dead; undefined: never. */
  deadMs(member: string): number | undefined;
  apply(configuration: object): Promise<void>;
  status(member: string): Promise<MemberStatus>;
  lines(host: string): Promise<readonly Line[]>;
  close(): Promise<void>;
}

const recordOf = (value: Uint8Array | undefined): { readonly owner?: string; readonly id?: string; readonly state?: string } =>
  value === undefined ? {} : decodeJson(value);

export async function openDoor(url: string, cluster: string): Promise<ClusterDoor> {
  const ambient = systemAmbient();
  const way = await connectCluster({ servers: [url], name: 'offhook-bench', ambient });
  const subjects = createSubjects(cluster);
  const names = buckets(cluster);
  const [slots, members, config] = await Promise.all(
    [names.slots, names.members, names.config].map((name) => way.values.bucket(name)),
  );
  if (slots === undefined || members === undefined || config === undefined) throw new Error('no buckets');
  const owners = new Map<number, string>();
  const dead = new Map<string, number>();
  let moves: SlotMove[] = [];
  const seeSlot = ({ key, value }: KeyValueChange): void => {
    const slot = Number(key.slice(2));
    const { owner } = recordOf(value);
    if (owner === undefined) owners.delete(slot);
    else owners.set(slot, owner);
    moves.push({ slot, owner, atMs: machineMs() });
  };
  const seeMember = ({ value }: KeyValueChange): void => {
    const { id, state } = recordOf(value);
    if (id !== undefined && state === 'dead') dead.set(id, machineMs());
  };
  await new Promise<void>((resolve) => slots.watch('s.*', seeSlot, resolve));
  await new Promise<void>((resolve) => members.watch('m.*', seeMember, resolve));
  const ask = (member: string, command: string, args = {}): Promise<unknown> =>
    sendCommand(way.bus, subjects.member(member), { command, args });
  return {
    owners,
    get moves() {
      return moves;
    },
    forget() {
      moves = [];
      dead.clear();
    },
    deadMs: (member) => dead.get(member),
    apply: async (configuration) => {
      await createLineConfigStore({ config, ambient }).write(JSON.stringify(configuration));
    },
    status: async (member) => (await ask(member, 'status')) as MemberStatus,
    async lines(host) {
      const lines: Line[] = [];
      for (let from: number | undefined = 0; from !== undefined; ) {
        const page = (await ask(host, 'lines', { from })) as Page;
        lines.push(...page.lines.map(({ key, slot }) => ({ key, slot })));
        from = page.next;
      }
      return lines;
    },
    close: way.close,
  };
}

export const isWhole = ({ owners }: ClusterDoor): boolean => owners.size === slotCount;

/** @throws Error (rejects) when it does not come true within that time */
export async function until(what: string, withinMs: number, isSo: () => Promise<boolean> | boolean, everyMs = 20): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
