import type { FallbackPlan, Timer } from '@offhook/core';
import type { DecisionDraft } from './decision.ts';
import type { ListLine, ListRoute } from './list-route.ts';
import { Recovery } from './recovery.ts';
import type { RegistrationEvent } from './registration.types.ts';
import type { ServerEntry } from './server-list.ts';

type Way = Exclude<FallbackPlan, { action: 'stay' }>;

/** When the line returns to a better server, and how it does. @source redundancy reference section 5.7 and its common rules */
export class Fallback {
  private readonly line: ListLine;
  private readonly route: ListRoute;
  private way: Way | undefined = undefined;
  /** With the random part of X Fallback Spread. */
  private dueMs = 0;
  private timer: Timer | undefined = undefined;
  /** The instant came during a call: it is carried out when the last one ends. */
  private latched: Way | undefined = undefined;
  private recovery: Recovery | undefined = undefined;
  /** What happens at the server in use meanwhile waits for the end of the recovery (6.3 recovering). */
  private held: readonly RegistrationEvent[] = [];
  private waiting: readonly (() => void)[] = [];

  constructor(line: ListLine, route: ListRoute) {
    this.line = line;
    this.route = route;
  }

  /** Computes the next instant from the facts as they stand. */
  plan(): void {
    const { ambient, config } = this.line;
    const facts = this.route.servers.facts(ambient.now());
    const plan: FallbackPlan | undefined = facts && this.route.rule.fallback(facts);
    if (plan === undefined || plan.action === 'stay') return this.stop();
    const { way, timer } = this;
    // An instant that has come waits for its random part alone: a refresh meanwhile does not put it off.
    if (timer !== undefined && way !== undefined && way.atMs <= ambient.now() && way.servers[0] === plan.servers[0]) return;
    const isSame = way?.atMs === plan.atMs && timer !== undefined;
    this.way = plan;
    if (isSame) return;
    this.dueMs = plan.atMs + ambient.random() * config.ext.xFallbackSpread * 1000;
    ambient.clearTimer(this.timer);
    const fire = (): void => {
      this.timer = undefined;
      this.line.tell({ type: 'clock.fallback' });
    };
    this.timer = ambient.setTimer(fire, Math.max(0, this.dueMs - ambient.now()));
  }

  /** The scheduled move, as decisions show it. */
  next(): DecisionDraft['next'] {
    return this.timer === undefined ? undefined : { what: 'fallback', atMs: this.dueMs };
  }

  /** The return that is scheduled, or put off by a call; undefined when there is none. */
  planned(): Way | undefined {
    return this.latched ?? (this.timer === undefined ? undefined : this.way);
  }

  /** A return is scheduled, waits for the end of a call, or is under way. */
  get isAhead(): boolean {
    return this.timer !== undefined || this.latched !== undefined || this.recovery !== undefined;
  }

  /** A recovery that is due now, or under way, takes the place of the refresh. */
  takesRefresh(refreshAtMs: number): boolean {
    if (this.recovery !== undefined) return true;
    const { way, timer } = this;
    return timer !== undefined && way?.action === 'recover' && this.dueMs === refreshAtMs && !this.line.hasCalls();
  }

  /** A return at once that is due this very instant: the registration that ends with it is made anew there by the leg itself. */
  dueFlip(): Way | undefined {
    const isDue = this.timer !== undefined && this.dueMs <= this.line.ambient.now();
    return isDue && this.way?.action === 'flip' && !this.line.hasCalls() ? this.way : undefined;
  }

  latch(): void {
    this.latched = this.way;
    const [server] = this.way?.servers ?? [];
    const entry = server === undefined ? undefined : this.route.servers.find(server);
    if (entry !== undefined) this.route.note('line', '5.7:latched', 'redundancy 5.7 (a), D-24', 'wait', entry);
  }

  get isLatched(): boolean {
    return this.latched !== undefined;
  }

  /** What the instant asks for. */
  action(): Way['action'] {
    return this.probesWanted > 0 ? 'recover' : ((this.latched ?? this.way)?.action ?? 'flip');
  }

  /** X Fallback Hold. */
  private get probesWanted(): number {
    return this.line.config.ext.xFallbackHold;
  }

  /** The route changes at once. @source redundancy reference 5.7 rows AR = No */
  flip(): void {
    const due = this.latched ?? this.way;
    this.latched = undefined;
    this.flipTo(due);
  }

  private flipTo(due: Way | undefined): void {
    const { route } = this;
    const entry = due === undefined ? undefined : route.servers.find(due.servers[0]);
    const { leg } = route;
    if (due === undefined || entry === undefined) return;
    entry.downSinceMs = undefined;
    route.moveRoute(entry, due.rule, due.source);
    if (leg === undefined || !leg.settings.registers) return;
    const isOurs = route.servers.holder === entry;
    if (isOurs && leg.state() !== 'registered') return;
    if (due.register || !isOurs) return route.register(entry, due.rule, due.source);
    if (leg.record.refreshAtMs <= this.line.ambient.now()) leg.send({ type: 'clock.refresh' });
  }

  /** A REGISTER goes to the better servers, one after another; the first success moves everything there. */
  recover(): void {
    const due = this.latched ?? this.way;
    this.latched = undefined;
    if (due === undefined) return;
    this.line.ambient.clearTimer(this.timer);
    this.timer = undefined;
    this.recovery = new Recovery(this.line, this.route, due, this.probesWanted, (moved) => this.recovered(moved));
    this.recovery.begin();
  }

  /** A failure of the registration in force, while a recovery is under way: true when it waits. */
  holds(event: RegistrationEvent): boolean {
    const isFailure = event.type === 'reg.none' || event.type === 'reg.reject' || event.type === 'transport.down';
    if (this.recovery === undefined || !isFailure) return false;
    this.held = [...this.held, event];
    return true;
  }

  /** A failure waits that found no connection. */
  get holdsUnsent(): boolean {
    return this.held.some((event) => event.type === 'reg.none' && event.connected === false);
  }

  /** Runs it now, or when the recovery is over. */
  whenSettled(run: () => void): void {
    if (this.recovery === undefined) return run();
    this.waiting = [...this.waiting, run];
  }

  /** Nothing is scheduled any more. */
  stop(): void {
    this.line.ambient.clearTimer(this.timer);
    this.timer = undefined;
    this.way = undefined;
    this.latched = undefined;
  }

  /** No return any more; what waited for the end of one goes on. */
  end(): void {
    const { waiting } = this;
    this.recovery?.end();
    this.dispose();
    for (const run of waiting) run();
  }

  dispose(): void {
    this.stop();
    this.recovery?.dispose();
    this.recovery = undefined;
    this.held = [];
    this.waiting = [];
  }

  private recovered(moved: ServerEntry | undefined): void {
    const { route, line } = this;
    const { way } = this.recovery ?? {};
    this.recovery = undefined;
    if (moved !== undefined && way?.action === 'flip') this.flipTo(way);
    const { held, waiting } = this;
    this.held = [];
    this.waiting = [];
    if (moved === undefined) {
      this.plan();
      const { leg } = route;
      for (const event of held) leg?.send(event);
      const refreshAtMs = leg?.record.refreshAtMs ?? 0;
      // The refresh that gave way to it is still due where the registration is.
      if (leg?.state() === 'registered' && refreshAtMs > 0 && refreshAtMs <= line.ambient.now())
        leg.send({ type: 'clock.refresh' });
    }
    line.tell({ type: moved === undefined ? 'recovery.failed' : 'recovery.ok' });
    for (const run of waiting) run();
  }
}
