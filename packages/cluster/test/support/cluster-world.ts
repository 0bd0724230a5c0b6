import { slotCount } from '@offhook/core';
import { createManualAmbient, createMemoryKeyValueServer, type ManualAmbient, type MemoryKeyValues } from '@offhook/core/testkit';
import {
  buckets,
  type ClusterTiming,
  createMembership,
  createSlotOwner,
  type FenceReason,
  type LossReason,
  type Membership,
  type SlotOwner,
} from '../../src/index.ts';
import { createFlakyKeyValue, type Weather } from './flaky-key-value.ts';
import { createPausableAmbient, type PausableAmbient } from './pausable-ambient.ts';
import { defaultTiming } from './timings.ts';

/** One line host as a supervisor runs it: a session that is over is followed by a new one. */
export interface Host {
  readonly id: string;
  readonly ambient: PausableAmbient;
  readonly client: MemoryKeyValues;
  /** How its questions to the buckets fare. */
  readonly weather: Weather;
  readonly membership: Membership;
  readonly owner: SlotOwner;
  /** Slot and epoch of each slot that was ever gained, in order. */
  readonly gains: (readonly [slot: number, epoch: number])[];
  readonly losses: (readonly [slot: number, why: LossReason])[];
  readonly fences: FenceReason[];
  /** May it send for lines now? A process that is stopped sends nothing. */
  readonly isActing: boolean;
  readonly isKilled: boolean;
  /** kill -9. */
  kill(): void;
  /** SIGTERM. */
  terminate(): Promise<void>;
}

export interface HostOptions {
  readonly weight?: number;
  /** Another bucket of members than the others have. */
  readonly members?: string;
  /** What the host does before a slot is another's. */
  onLose?(slot: number, why: LossReason): Promise<void> | void;
  onGain?(slot: number): Promise<void>;
}

export interface World {
  readonly ambient: ManualAmbient;
  readonly timing: ClusterTiming;
  readonly hosts: Host[];
  join(id: string, options?: HostOptions): Promise<Host>;
  /** A client of its own, for whoever is no host. */
  client(): MemoryKeyValues;
  /** Lets time pass, and looks at every step whether two hosts might act for one slot. */
  run(ms: number): Promise<void>;
  /** The host that acts for each slot; undefined where nobody does. */
  owners(): (string | undefined)[];
  /** Slots for which nobody acts. */
  idle(): number;
}

export interface WorldOptions {
  readonly timing?: ClusterTiming;
  readonly seed?: number;
}

export async function createWorld({ timing = defaultTiming, seed = 1 }: WorldOptions = {}): Promise<World> {
  const ambient = createManualAmbient({ seed });
  const server = createMemoryKeyValueServer(ambient);
  const names = buckets('test');
  const hosts: Host[] = [];
  const epochs = new Map<number, number>();
  const faults: string[] = [];

  function owners(): (string | undefined)[] {
    const found = new Array<string | undefined>(slotCount).fill(undefined);
    for (const host of hosts) {
      if (!host.isActing) continue;
      for (const slot of host.owner.owned().keys()) {
        const other = found[slot];
        if (other !== undefined) faults.push(`slot ${slot} has two owners: ${other} and ${host.id}`);
        found[slot] = host.id;
      }
    }
    return found;
  }

  function noteEpoch(slot: number, epoch: number): void {
    const last = epochs.get(slot) ?? 0;
    if (epoch <= last) faults.push(`slot ${slot} was given epoch ${epoch} after ${last}`);
    epochs.set(slot, epoch);
  }

  async function join(id: string, options: HostOptions = {}): Promise<Host> {
    const own = createPausableAmbient(ambient);
    const client = server.client();
    const weather: Weather = { lostAnswers: 0, longestMs: 0, tellsAfterMs: 0 };
    const [members, slots] = await Promise.all(
      [options.members ?? names.members, names.slots].map(async (name) =>
        createFlakyKeyValue(await client.bucket(name), ambient, weather),
      ),
    );
    if (members === undefined || slots === undefined) throw new Error('no buckets');
    const gains: Host['gains'] = [];
    const losses: Host['losses'] = [];
    const fences: FenceReason[] = [];
    let isWanted = true;
    let isKilled = false;

    function again(): void {
      if (isWanted) membership.start().catch(() => own.setTimer(again, 500));
    }
    const membership = createMembership({
      ...{ members, ambient: own, wallNow: own.wallNow, id, role: 'host', timing, build: 'test' },
      weight: () => options.weight ?? 1,
      onFenced(reason) {
        fences.push(reason);
        own.setTimer(again, 100);
      },
    });
    const owner = createSlotOwner({
      ...{ slots, ambient: own, membership, timing },
      async onGain(slot, epoch) {
        gains.push([slot, epoch]);
        noteEpoch(slot, epoch);
        await options.onGain?.(slot);
      },
      async onLose(slot, why) {
        losses.push([slot, why]);
        await options.onLose?.(slot, why);
      },
    });
    const host: Host = {
      ...{ id, ambient: own, client, weather, membership, owner, gains, losses, fences },
      get isActing() {
        return !own.isStopped && membership.isValid();
      },
      get isKilled() {
        return isKilled;
      },
      kill() {
        isWanted = false;
        isKilled = true;
        own.stop();
        client.cut();
      },
      async terminate() {
        isWanted = false;
        await owner.drain();
        await membership.stop();
        owner.stop();
      },
    };
    hosts.push(host);
    owner.start();
    again();
    return host;
  }

  return {
    ...{ ambient, timing, hosts, join, owners, client: () => server.client() },
    async run(ms) {
      const stepMs = 50;
      for (let done = 0; done < ms; done += stepMs) {
        await ambient.elapse(Math.min(stepMs, ms - done));
        owners();
        if (faults.length > 0) throw new Error(faults.slice(0, 3).join('; '));
      }
    },
    idle: () => owners().filter((owner) => owner === undefined).length,
  };
}
