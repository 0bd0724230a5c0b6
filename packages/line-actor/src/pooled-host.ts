import type { AnyStateMachine, EventFromLogic } from 'xstate';
import { type ChartTable, type Leaf, type Step, tabulate } from './chart-table.ts';
import type { HostOptions, LineHost, Running } from './host.ts';

/** One machine of one line: where it stands and what waits. A class, because a process holds hundreds of thousands. */
class PooledMachine<Machine extends AnyStateMachine> implements Running<EventFromLogic<Machine>> {
  private readonly options: HostOptions<Machine>;
  private leaf: Leaf;
  /** What arrived inside a transition. */
  private waiting: EventFromLogic<Machine>[] | undefined = undefined;
  private busy = true;
  private over = false;

  constructor({ initial, entry }: ChartTable, options: HostOptions<Machine>) {
    this.options = options;
    this.leaf = initial;
    const event = { type: 'xstate.init' } as EventFromLogic<Machine>;
    try {
      for (const action of entry) action({ context: options.input, event });
      this.settle(event);
    } catch (error) {
      this.fail(error);
    }
    this.busy = false;
    this.drain();
  }

  /** Runs to completion: an event that arrives inside a transition waits for its turn. */
  send(event: EventFromLogic<Machine>): void {
    if (this.over) return;
    if (this.busy) {
      this.waiting ??= [];
      this.waiting.push(event);
      return;
    }
    this.process(event);
    this.drain();
  }

  state(): string {
    return this.leaf.name;
  }

  stop(): void {
    this.over = true;
  }

  private drain(): void {
    while (this.waiting !== undefined && !this.over) {
      const [next, ...rest] = this.waiting;
      this.waiting = rest.length === 0 ? undefined : rest;
      if (next !== undefined) this.process(next);
    }
  }

  private process(event: EventFromLogic<Machine>): void {
    const before = this.leaf;
    this.busy = true;
    try {
      this.follow(this.leaf.on.get(event.type), event);
      this.settle(event);
      this.over ||= this.leaf.isFinal;
      if (this.leaf !== before) this.options.onState?.(this.leaf.name);
    } catch (error) {
      this.leaf = before;
      this.fail(error);
    }
    this.busy = false;
  }

  /** Takes the first step whose guard lets it. */
  private follow(steps: readonly Step[] | undefined, event: EventFromLogic<Machine>): boolean {
    if (steps === undefined) return false;
    const args = { context: this.options.input, event };
    const step = steps.find(({ guard }) => guard === undefined || guard(args));
    if (step === undefined) return false;
    for (const action of step.actions) action(args);
    this.leaf = step.target ?? this.leaf;
    return true;
  }

  /** Eventless transitions, until none is left. */
  private settle(event: EventFromLogic<Machine>): void {
    while (this.leaf.always.length > 0 && this.follow(this.leaf.always, event));
  }

  private fail(error: unknown): void {
    this.over = true;
    this.options.onError(error);
  }
}

/**
 * Steps the charts of every line by their tables instead of giving each an actor: same charts, same order of effects, a tenth of the time
 * and memory. For processes with thousands of lines.
 * @throws LocalProtocolError (from `run`) for a chart that holds more than named guards and plain named actions
 */
export function createPooledHost(): LineHost {
  const tables = new Map<AnyStateMachine, ChartTable>();
  return {
    run(machine, options) {
      const table = tables.get(machine) ?? tabulate(machine);
      tables.set(machine, table);
      return new PooledMachine(table, options);
    },
  };
}
