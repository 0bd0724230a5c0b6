import { createFencedBus, type Ledger, type Member, type TokenBucket } from '@offhook/cluster';
import {
  type Ambient,
  type Bus,
  type LegFacts,
  type LineConfig,
  type LineStore,
  lineKey,
  type PlannedLine,
  planLines,
  type Subjects,
  slotOf,
  type Timer,
} from '@offhook/core';
import type { LineStatus } from '@offhook/line-actor';
import { addCounters } from '../add-counters.ts';
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
  /** An edge that was declared dead may be back under its name within this, ms. */
  readonly edgePatienceMs: number;
  isValid(): boolean;
  /** Goes on when it may not. */
  readonly isRogue: boolean;
  epochOf(slot: number): number | undefined;
}

interface Slot {
  readonly supervisor: Supervisor;
  /** One registration that an earlier owner left of each line, until the line has begun. */
  readonly known: Map<string, LegFacts>;
  /** Lines that have begun here. */
  readonly begun: Set<string>;
  /** In force, by id. */
  readonly lines: Map<string, LineConfig>;
  /** Lines that wait for their turn. */
  readonly inTurn: Set<string>;
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
  readonly #edges: EdgesInUse;
  /** The ledger, which is told through which life of its edge a line has registered. */
  readonly #store: LineStore;
  /** Lines that are to change their edge, and wait for their turn. */
  readonly #moves = new Map<string, string>();
  /** Slots with lines whose edge may be back in a moment. */
  readonly #awaiting = new Set<number>();
  #lookAgain: Timer | undefined;
  #lines: ClusterLines = clusterLines([]);
  #heldBack = 0;

  constructor(options: SlotsAtWorkOptions) {
    this.#options = options;
    this.#edges = new EdgesInUse(options.ambient, options.edgePatienceMs);
    const { ledger } = options;
    this.#store = {
      load: (line) => ledger.load(line),
      save: (line, leg, facts) => {
        const edgeLife = this.#edges.lifeOf(line, facts?.edge);
        ledger.save(line, leg, facts === undefined || edgeLife === undefined ? facts : { ...facts, edgeLife });
      },
      flush: () => ledger.flush(),
      close: () => ledger.close(),
    };
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

  /** Lines of as many slots as make up a page, from that slot on; `next` is where the next page begins. */
  page(from: number, size: number): { readonly lines: readonly LineStatus[]; readonly next?: number } {
    const lines: LineStatus[] = [];
    for (const slot of [...this.#slots.keys()].filter((each) => each >= from).sort((a, b) => a - b)) {
      if (lines.length >= size) return { lines, next: slot };
      lines.push(...(this.#slots.get(slot)?.supervisor.status() ?? []));
    }
    return { lines };
  }

  counters(): LineCounters {
    const each = [...this.#slots.values()].map(({ supervisor }) => supervisor.counters());
    return each.reduce(addCounters, { received: 0, faults: {} });
  }

  /** Its lines begin: at once where an earlier owner left facts of them and their edge is there, else in their turn. */
  async gain(slot: number, epoch: number): Promise<void> {
    const { ledger } = this.#options;
    await ledger.openSlot(slot);
    const facts = await Promise.all(this.#lines.inSlot(slot).map(async ({ id }) => [id, await ledger.load(id)] as const));
    if (!this.#isOwned(slot, epoch)) return;
    const known = new Map(
      facts.flatMap(([id, { primary, alternate }]): (readonly [string, LegFacts])[] => {
        const leg = primary ?? alternate;
        return leg === undefined ? [] : [[id, leg]];
      }),
    );
    const begun = new Set<string>();
    const supervisor = this.#supervise(slot, epoch, (line) => {
      const edge = this.#edges.begin(line, known.get(line)?.edge);
      begun.add(line);
      known.delete(line);
      return edge;
    });
    const own: Slot = { supervisor, known, begun, lines: new Map(), inTurn: new Set() };
    this.#slots.set(slot, own);
    // The configuration may be another one by now.
    this.#change(slot, own);
  }

  /** Others go on with its lines, or have done so already. */
  async lose(slot: number, isOrderly: boolean): Promise<void> {
    if (this.#options.isRogue) return;
    const own = this.#slots.get(slot);
    if (own !== undefined && isOrderly) await this.#settled(own);
    // From now on nothing goes out: flows and registrations are the next owner's.
    this.#slots.delete(slot);
    if (own !== undefined) this.#drop(own);
    // Also of a slot whose lines had not begun: what was read of it will be old.
    await this.#options.ledger.closeSlot(slot);
  }

  /** Other lines are in force in the whole cluster. */
  configure(lines: readonly LineConfig[]): void {
    this.#lines = clusterLines(lines);
    for (const [slot, own] of this.#slots) this.#change(slot, own);
  }

  /** Somebody came or went: lines whose edge is gone, or began anew, take their turns at another. */
  see(members: readonly Member[]): void {
    const { ambient, pacer, edgePatienceMs } = this.#options;
    for (const { line, edge } of this.#edges.see(members)) {
      const isWaiting = this.#moves.has(line);
      this.#moves.set(line, edge);
      if (!isWaiting) pacer.take(() => this.#move(line), registersOnce);
    }
    ambient.clearTimer(this.#lookAgain);
    this.#lookAgain = this.#edges.isWaiting ? ambient.setTimer(() => this.see(members), edgePatienceMs) : undefined;
    const awaiting = [...this.#awaiting];
    this.#awaiting.clear();
    for (const slot of awaiting) {
      const own = this.#slots.get(slot);
      if (own !== undefined) this.#change(slot, own);
    }
  }

  kill(): void {
    this.#options.ambient.clearTimer(this.#lookAgain);
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    for (const own of slots) this.#drop(own);
  }

  #drop({ supervisor, begun }: Slot): void {
    supervisor.kill();
    for (const line of begun) {
      this.#edges.end(line);
      this.#moves.delete(line);
    }
  }

  /** @returns false: it is not here any more */
  #move(line: string): boolean {
    const edge = this.#moves.get(line);
    this.#moves.delete(line);
    if (edge === undefined) return false;
    this.#slots.get(slotOf(lineKey(line)))?.supervisor.useEdge(edge, line);
    return true;
  }

  #isOwned(slot: number, epoch: number): boolean {
    return this.#options.epochOf(slot) === epoch;
  }

  #supervise(slot: number, epoch: number, edge: (line: string) => string): Supervisor {
    const { ambient, bus, subjects, ledger, judge, host, locator, isValid, isRogue } = this.#options;
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
      ...{ ambient, bus: fenced, subjects, judge, host, locator, edge },
      ...{ store: this.#store, calls: ledger, outlives: true },
    });
    return supervisor;
  }

  #apply(own: Slot, id: string, line: LineConfig | undefined): void {
    if (own.lines.get(id) === line) return;
    if (line === undefined) own.lines.delete(id);
    else own.lines.set(id, line);
    own.supervisor.applyLine(id, line);
  }

  /**
   * What makes a line register takes its turn, as fast as registrars may be asked; all else counts at once, the lines of an earlier owner
   * first of all. Where their edge may be back in a moment, that is waited for.
   */
  #change(slot: number, own: Slot): void {
    const wanted = this.#lines.inSlot(slot);
    const held = new Set<string>();
    for (const plan of planLines([...own.lines.values()], wanted)) {
      const { line: id, what } = plan;
      const known = what === 'added' ? own.known.get(id) : undefined;
      const edge = known === undefined ? 'gone' : this.#edges.presence(known);
      if (edge === 'there' || !registers(plan)) continue;
      held.add(id);
      if (edge === 'awaited') this.#awaiting.add(slot);
      else this.#takeTurn(slot, own, id, what === 'changed' ? registersAnew : registersOnce);
    }
    for (const line of wanted) if (!held.has(line.id)) this.#apply(own, line.id, line);
  }

  #takeTurn(slot: number, own: Slot, id: string, cost: number): void {
    if (own.inTurn.has(id)) return;
    own.inTurn.add(id);
    this.#options.pacer.take(() => {
      own.inTurn.delete(id);
      if (this.#slots.get(slot) !== own) return false;
      // What is wanted of it by now.
      const line = this.#lines.inSlot(slot).find((each) => each.id === id);
      this.#apply(own, id, line);
      return true;
    }, cost);
  }

  async #settled(own: Slot): Promise<void> {
    const { ambient } = this.#options;
    const untilMs = ambient.now() + patienceMs;
    while (own.supervisor.status().some(isUnsettled) && ambient.now() < untilMs)
      await new Promise<void>((resolve) => ambient.setTimer(resolve, lookAgainMs));
  }
}
