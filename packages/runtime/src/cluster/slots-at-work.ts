import { createFencedBus, type Ledger, type Member, type TokenBucket } from '@offhook/cluster';
import {
  type Ambient,
  type Bus,
  type LineConfig,
  lineKey,
  type PlannedLine,
  planLines,
  type Subjects,
  slotOf,
} from '@offhook/core';
import type { LineStatus } from '@offhook/line-actor';
import { createSupervisor, type LineCounters, type Supervisor, type SupervisorOptions } from '../supervisor.ts';
import { type ClusterLines, clusterLines } from './cluster-lines.ts';
import { EdgesInUse } from './edges-in-use.ts';

export interface SlotsAtWorkOptions extends Pick<SupervisorOptions, 'judge' | 'host' | 'locator'> {
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly ledger: Ledger;
  /** Lines that register take their turns: a token for each REGISTER that one registrar may see of it. */
  readonly pacer: TokenBucket;
  isValid(): boolean;
  /** Goes on when it may not. */
  readonly isRogue: boolean;
  epochOf(slot: number): number | undefined;
}

type StoredLegs = Awaited<ReturnType<Ledger['load']>>;

interface Slot {
  readonly supervisor: Supervisor;
  lines: readonly LineConfig[];
}

/** A call that is not up yet cannot be handed over: its slot waits so long for it, ms. */
const patienceMs = 10_000;
const lookAgainMs = 250;
const isUnsettled = ({ calls }: LineStatus): boolean => calls.some(({ state }) => state === 'trying' || state === 'ringing');

/** A registration is challenged, then granted. One that moves is the same; one that begins anew is withdrawn before. */
const registersOnce = 2;
const registersAnew = 2 * registersOnce;

/** It is registered, withdrawn, or both. */
const registers = ({ what, changes }: PlannedLine): boolean =>
  what !== 'changed' || changes.some(({ apply }) => apply === 'line');

/** The lines of the slots that this host owns. */
export class SlotsAtWork {
  readonly #options: SlotsAtWorkOptions;
  readonly #slots = new Map<number, Slot>();
  readonly #edges = new EdgesInUse();
  #lines: ClusterLines = clusterLines([]);
  #heldBack = 0;

  constructor(options: SlotsAtWorkOptions) {
    this.#options = options;
  }

  get slots(): number {
    return this.#slots.size;
  }

  /** Messages that were not sent, because this host might not act. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /** Lines of the whole cluster. */
  get lines(): ClusterLines {
    return this.#lines;
  }

  status(): readonly LineStatus[] {
    return [...this.#slots.values()].flatMap(({ supervisor }) => supervisor.status());
  }

  counters(): LineCounters {
    const faults: Record<string, number> = {};
    let received = 0;
    for (const { supervisor } of this.#slots.values()) {
      const counted = supervisor.counters();
      received += counted.received;
      for (const [name, count] of Object.entries(counted.faults)) faults[name] = (faults[name] ?? 0) + count;
    }
    return { received, faults };
  }

  /** Its lines begin: at once where an earlier owner left facts of them, else in their turn. */
  async gain(slot: number, epoch: number): Promise<void> {
    const { ledger } = this.#options;
    await ledger.openSlot(slot);
    const facts = await Promise.all(this.#lines.inSlot(slot).map(async ({ id }) => [id, await ledger.load(id)] as const));
    if (!this.#isOwned(slot, epoch)) return;
    const known = new Map(facts.filter(([, legs]) => Object.keys(legs).length > 0));
    const own: Slot = { supervisor: this.#supervise(slot, epoch, known), lines: [] };
    this.#slots.set(slot, own);
    // The configuration may be another one by now.
    this.#apply(
      own,
      this.#lines.inSlot(slot).filter(({ id }) => known.has(id)),
    );
    this.#change(slot, own);
  }

  /** Others go on with its lines, or have done so already. */
  async lose(slot: number, isOrderly: boolean): Promise<void> {
    const own = this.#slots.get(slot);
    if (own === undefined || this.#options.isRogue) return;
    if (isOrderly) await this.#settled(own);
    // From now on nothing goes out: flows and registrations are the next owner's.
    this.#slots.delete(slot);
    own.supervisor.kill();
    for (const { id } of own.lines) this.#edges.end(id);
    await this.#options.ledger.closeSlot(slot);
  }

  /** Other lines are in force in the whole cluster. */
  configure(lines: readonly LineConfig[]): void {
    this.#lines = clusterLines(lines);
    for (const [slot, own] of this.#slots) this.#change(slot, own);
  }

  /** Somebody came or went: lines whose edge is gone, or began anew, take their turns at another. */
  see(members: readonly Member[]): void {
    for (const { line, edge } of this.#edges.see(members))
      this.#options.pacer.take(() => this.#slots.get(slotOf(lineKey(line)))?.supervisor.useEdge(edge, line), registersOnce);
  }

  kill(): void {
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    for (const { supervisor, lines } of slots) {
      supervisor.kill();
      for (const { id } of lines) this.#edges.end(id);
    }
  }

  #isOwned(slot: number, epoch: number): boolean {
    return this.#options.epochOf(slot) === epoch;
  }

  #supervise(slot: number, epoch: number, known: ReadonlyMap<string, StoredLegs>): Supervisor {
    const { ambient, bus, subjects, ledger, judge, host, locator, isValid, isRogue } = this.#options;
    const edges = new Map([...known].map(([id, legs]) => [id, legs.primary?.edge ?? legs.alternate?.edge]));
    const fenced = createFencedBus(bus, {
      epoch: () =>
        isRogue || (this.#slots.get(slot)?.supervisor === supervisor && this.#isOwned(slot, epoch)) ? epoch : undefined,
      isValid,
      gate: !isRogue,
      onDropped: () => {
        this.#heldBack += 1;
      },
    });
    const supervisor: Supervisor = createSupervisor({
      lines: [],
      ...{ ambient, bus: fenced, subjects, judge, host, locator, store: ledger, calls: ledger, outlives: true },
      edge: (line) => this.#edges.begin(line, edges.get(line)),
    });
    return supervisor;
  }

  #apply(own: Slot, lines: readonly LineConfig[]): void {
    const kept = new Set(lines.map(({ id }) => id));
    for (const { id } of own.lines) if (!kept.has(id)) this.#edges.end(id);
    own.lines = lines;
    own.supervisor.apply(lines);
  }

  /** What makes a line register takes its turn, as fast as registrars may be asked; all else counts at once. */
  #change(slot: number, own: Slot): void {
    const wanted = this.#lines.inSlot(slot);
    const inTurn = new Map(planLines(own.lines, wanted).flatMap((plan) => (registers(plan) ? [[plan.line, plan.what]] : [])));
    const now = new Map(wanted.map((line) => [line.id, line]));
    this.#apply(
      own,
      own.lines.map((line) => (inTurn.has(line.id) ? line : (now.get(line.id) ?? line))),
    );
    for (const [id, what] of inTurn)
      this.#options.pacer.take(() => this.#changeOne(slot, own, id), what === 'changed' ? registersAnew : registersOnce);
  }

  /** To what is wanted of the line by then. */
  #changeOne(slot: number, own: Slot, id: string): void {
    if (this.#slots.get(slot) !== own) return;
    const others = own.lines.filter((line) => line.id !== id);
    this.#apply(own, [...others, ...this.#lines.inSlot(slot).filter((line) => line.id === id)]);
  }

  async #settled(own: Slot): Promise<void> {
    const { ambient } = this.#options;
    const untilMs = ambient.now() + patienceMs;
    while (own.supervisor.status().some(isUnsettled) && ambient.now() < untilMs)
      await new Promise<void>((resolve) => ambient.setTimer(resolve, lookAgainMs));
  }
}
