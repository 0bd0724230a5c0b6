import { machineMs } from '../process-costs.ts';
import { type ClusterDoor, isWhole, type SlotMove, until } from './door.ts';
import { type Spread, spreadOf } from './spread.ts';
import type { Stand } from './stand.ts';
import { pause } from './work.ts';

/** A host that is killed. Times are ms since then. */
export interface Takeover {
  readonly lines: number;
  readonly slots: number;
  /** When the others were told. */
  readonly deadMs: number;
  /** When each line had an owner again. */
  readonly ownedMs: Spread;
  /** When each line first answered an OPTIONS again: asked each 250 ms, so 125 ms late on average. */
  readonly answeredMs: Spread;
  readonly answered: number;
  /** From the word that it is dead to the last claim, for 1,000 lines. */
  readonly claimMsPer1000: number;
  /** REGISTER requests at the sinks meanwhile. */
  readonly registers: number;
}

/** Lines that go from host to host while both live. */
export interface Handover {
  readonly slots: number;
  /** Until every slot was where it belongs, ms: since the host was started, or told to end. */
  readonly settledMs: number;
  /** From the release of a slot to its next claim, ms. */
  readonly ownerlessMs: Spread;
  /** Of a sample, asked each 100 ms: the longest stretch without an answer, ms. */
  readonly gapMs: Spread;
  readonly sampled: number;
  readonly registers: number;
}

export interface Movements {
  readonly takeover: Takeover;
  readonly rejoin: Handover;
  readonly drain: Handover;
}

const victim = 'host-2';
const patienceMs = 60_000;
const sampleSize = 100;

type Lines = Awaited<ReturnType<Stand['door']['lines']>>;

async function countRegisters<T>({ sink }: Stand, act: () => Promise<T>): Promise<T & { readonly registers: number }> {
  const asked = async (): Promise<number> => {
    const { registered, challenged } = await sink.counts();
    return registered + challenged;
  };
  const before = await asked();
  const found = await act();
  return { ...found, registers: (await asked()) - before };
}

const isGone = (door: ClusterDoor): boolean => isWhole(door) && ![...door.owners.values()].includes(victim);

async function killIt({ sink, door, hosts }: Stand, lines: Lines, slots: number): Promise<Omit<Takeover, 'registers'>> {
  door.forget();
  const killedMs = (await hosts.get(victim)?.kill()) ?? Number.NaN;
  const probe = sink.probe({ keys: lines.map(({ key }) => key), everyMs: 250, mode: 'untilAnswered' });
  const late = setTimeout(() => probe.end(), patienceMs);
  const probed = await probe.found;
  clearTimeout(late);
  await until(`the slots of ${victim} have owners`, patienceMs, () => isGone(door));
  const deadMs = (door.deadMs(victim) ?? Number.NaN) - killedMs;
  const claimedMs = new Map(door.moves.map(({ slot, atMs }) => [slot, atMs - killedMs]));
  const owned = spreadOf(lines.flatMap(({ slot }) => claimedMs.get(slot) ?? []));
  const answered = probed.flatMap(({ answeredMs }) => (answeredMs === undefined ? [] : [answeredMs - killedMs]));
  return {
    ...{ lines: lines.length, slots, deadMs, ownedMs: owned, answeredMs: spreadOf(answered), answered: answered.length },
    claimMsPer1000: ((owned.max - deadMs) / lines.length) * 1_000,
  };
}

/** From each release to the claim that came next. */
function ownerless(moves: readonly SlotMove[]): readonly number[] {
  const free = new Map<number, number>();
  const spans: number[] = [];
  for (const { slot, owner, atMs } of moves) {
    const sinceMs = free.get(slot);
    if (owner === undefined) free.set(slot, atMs);
    else if (sinceMs !== undefined) {
      spans.push(atMs - sinceMs);
      free.delete(slot);
    }
  }
  return spans;
}

async function handOver(
  { sink, door }: Stand,
  lines: Lines,
  begin: () => Promise<unknown>,
  isSettled: () => boolean,
): Promise<Omit<Handover, 'registers'>> {
  const every = Math.max(1, Math.floor(lines.length / sampleSize));
  const keys = lines.filter((_, i) => i % every === 0).map(({ key }) => key);
  door.forget();
  const probe = sink.probe({ keys, everyMs: 100, mode: 'steady' });
  const startMs = machineMs();
  await begin();
  await until('every slot is where it belongs', patienceMs, isSettled);
  const lastMs = door.moves.at(-1)?.atMs ?? Number.NaN;
  // Those that came last need a moment to begin.
  await pause(1.5);
  probe.end();
  const probed = await probe.found;
  return {
    ...{ slots: new Set(door.moves.map(({ slot }) => slot)).size, settledMs: lastMs - startMs, sampled: probed.length },
    ...{ ownerlessMs: spreadOf(ownerless(door.moves)), gapMs: spreadOf(probed.map(({ gapMs }) => gapMs)) },
  };
}

/** One host of several is killed, comes back, and is drained; the bindings of all lines live on meanwhile. */
export async function measureMovements(stand: Stand): Promise<Movements> {
  const { door, hosts } = stand;
  const lines = await door.lines(victim);
  const home = [...door.owners].filter(([, owner]) => owner === victim).map(([slot]) => slot);
  const takeover = await countRegisters(stand, () => killIt(stand, lines, home.length));
  const isHome = (): boolean => isWhole(door) && home.every((slot) => door.owners.get(slot) === victim);
  const rejoin = await countRegisters(stand, () => handOver(stand, lines, () => stand.startHost(victim), isHome));
  const leave = async (): Promise<void> => hosts.get(victim)?.stop(patienceMs);
  const drain = await countRegisters(stand, () => handOver(stand, lines, leave, () => isGone(door)));
  return { takeover, rejoin, drain };
}
