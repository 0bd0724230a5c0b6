import {
  type CandidateList,
  formatHop,
  type LegFacts,
  type ListRule,
  type ListVerdict,
  matchesRsc,
  type OutcomeClass,
  rankedListRule,
} from '@offhook/core';
import type { DecisionDraft } from './decision.ts';
import { expiryFrom, refreshDelayMs } from './expiry.ts';
import { Fallback } from './fallback.ts';
import type { RunningLeg } from './leg.ts';
import type { LineEvent } from './line.types.ts';
import type { LineScope } from './line-scope.ts';
import type { Place, Placed, SendVerdict } from './place.ts';
import type { RegistrationEvent } from './registration.types.ts';
import { type ServerEntry, ServerList } from './server-list.ts';

/** The line whose servers are a ranked list. */
export interface ListLine extends LineScope {
  /** What the mechanism says of lists; the built-in rules unless it does. */
  readonly listRule: ListRule | undefined;
  hasCalls(): boolean;
  /** New requests go to another server. */
  routeMoved(): void;
  /** The registration is held by another server. */
  registeredAt(server: string): void;
  /** An event of the line chart. */
  tell(event: LineEvent): void;
}

interface Waiter {
  readonly entry: ServerEntry;
  use(placed: Placed): void;
}

/** States of a registration that another server can take over. @source redundancy reference table 6.1 */
const movable = new Set(['registering', 'registered', 'refreshing', 'waiting']);

/** How a REGISTER failed, in the classes of 5.8; undefined when nothing did. */
function outcomeOf(event: RegistrationEvent, tryBackupRsc: string): OutcomeClass | undefined {
  if (event.type === 'reg.none') return event.cause;
  if (event.type === 'transport.down') return 'disconnect';
  if (event.type !== 'reg.reject') return undefined;
  return matchesRsc(tryBackupRsc, event.code) ? 'rsc' : 'reject';
}

/** Moves the route and the one registration of a line along its list of servers. @source redundancy reference tables 6.2, 6.3; 5.6, 5.7 */
export class ListRoute {
  readonly servers: ServerList;
  readonly fallback: Fallback;
  readonly rule: ListRule;
  private readonly line: ListLine;
  /** A registration has succeeded since the list was last exhausted. */
  private isInService = false;
  /** Servers this round of REGISTERs has been to. */
  private round: string[] = [];
  private waiters: readonly Waiter[] = [];
  /** Located while a call was on a server that is no longer listed. */
  private awaited: CandidateList | undefined = undefined;
  /** No longer listed; what still arrives from them is served until the registration has moved. */
  private retired: readonly ServerEntry[] = [];

  private readonly again: () => Promise<boolean>;

  /** @param again locates the servers now; true when there are any */
  constructor(line: ListLine, again: () => Promise<boolean>) {
    this.line = line;
    this.again = again;
    this.rule = line.listRule ?? rankedListRule;
    this.servers = new ServerList(line.config, () => line.leg('primary')?.record);
    this.fallback = new Fallback(line, this);
  }

  state(): 'onTop' | 'failedOver' | 'outOfService' {
    if (this.leg?.settings.registers === true && !this.isInService) return 'outOfService';
    return this.servers.isOnTop() ? 'onTop' : 'failedOver';
  }

  place(entry: ServerEntry): Place | undefined {
    const { leg } = this;
    entry.hops ??= this.line.hopsTo('primary', entry.identity.target);
    return leg && { leg, identity: entry.identity, hops: entry.hops };
  }

  /** A restart forgets what the line has learnt, but not what its servers have asked for (D-45). */
  begin(): void {
    const { servers } = this;
    this.fallback.stop();
    servers.clearMarks();
    servers.holder = undefined;
    this.isInService = false;
    this.round = [];
    Object.assign(servers, { failedOverAtMs: undefined, heldSinceMs: undefined, expiryMs: 0, refreshPeriodMs: 0 });
    servers.current = servers.top(this.nowMs);
    if (this.leg?.settings.registers !== false) return;
    Object.assign(servers, { heldSinceMs: this.nowMs, expiryMs: Number.POSITIVE_INFINITY });
    if (servers.current !== undefined)
      this.note(
        'line',
        '5.1:line.start',
        'redundancy 5.1, D-25, D-45',
        servers.isOnTop() ? 'route-top' : 'route-lower',
        servers.current,
      );
  }

  get isEmpty(): boolean {
    return this.servers.entries.length === 0;
  }

  /** Locates the servers of a line that knows none. */
  locate(done: () => void): void {
    this.again()
      .then(done)
      .catch((error: unknown) => this.line.fail(error));
  }

  /** An earlier life held its registration there (D-46). */
  resume({ server, expiresAtMs, refreshAtMs, heldSinceMs }: LegFacts): void {
    const { servers, leg } = this;
    const entry = servers.find(server);
    if (entry === undefined || leg === undefined) return;
    const nowMs = this.nowMs;
    const { registerExpiresS, timerFMs } = leg.settings;
    const expiryMs = refreshAtMs === 0 ? registerExpiresS * 1000 : expiryFrom(refreshAtMs, expiresAtMs, timerFMs);
    const sinceMs = heldSinceMs ?? expiresAtMs - expiryMs;
    Object.assign(servers, { holder: entry, current: entry, heldSinceMs: sinceMs, expiryMs });
    servers.refreshPeriodMs = refreshDelayMs(expiryMs, timerFMs);
    servers.failedOverAtMs = servers.isOnTop() ? undefined : sinceMs;
    this.isInService = expiresAtMs > nowMs;
    this.moveLeg(entry);
    this.fallback.plan();
  }

  /** From the top: the first REGISTER, and each round after an exhausted one (6.1 waiting/clock.retry). */
  startRound(): void {
    const entry = this.servers.top(this.nowMs);
    const isInGrace = (this.leg?.record.graceUntilMs ?? 0) > this.nowMs;
    if (entry === undefined || isInGrace) return;
    this.round = [];
    if (!this.isInService) this.servers.current = entry;
    this.moveLeg(entry);
  }

  /** Whether a failed REGISTER goes to another server instead of waiting. Pure. */
  movesOn(event: RegistrationEvent): boolean {
    return this.after(event)?.next === 'move';
  }

  /** It does. */
  moveOn(event: RegistrationEvent): void {
    const verdict = this.after(event);
    const failed = this.registering;
    const next = verdict?.next === 'move' ? this.servers.find(verdict.server) : undefined;
    if (verdict === undefined || failed === undefined || next === undefined) return;
    this.failed(failed, event);
    const isRoute = this.servers.current === failed;
    this.moveLeg(next);
    const outcome = outcomeOf(event, this.line.config.phone.tryBackupRsc) ?? 'reject';
    const code = event.type === 'reg.reject' ? { code: event.code } : {};
    this.note('registration', verdict.rule, verdict.source, 'register', next, { from: failed.identity.server, outcome, ...code });
    if (isRoute) this.moveRoute(next, '6.3:register-failed', 'redundancy 6.2, 6.3');
    this.answer(failed, { failure: 'register' });
  }

  /** The REGISTER succeeded where the leg is. */
  confirmed(): void {
    const { servers, registering: entry, leg } = this;
    if (entry === undefined || leg === undefined) return;
    const nowMs = this.nowMs;
    const hasMoved = servers.holder !== entry;
    if (hasMoved || !this.isInService) servers.heldSinceMs = nowMs;
    servers.holder = entry;
    servers.expiryMs = leg.record.expiresAtMs - nowMs;
    servers.refreshPeriodMs = leg.record.refreshAtMs - nowMs;
    Object.assign(entry, { downSinceMs: undefined, notBeforeMs: 0 });
    this.round = [];
    this.letGo();
    const wasOut = !this.isInService;
    this.isInService = true;
    if (wasOut) this.moveRoute(entry, '6.3:in-service', 'redundancy 6.3 outOfService');
    // A round may have found another server while the old binding lives: requests follow the registration.
    else if (hasMoved && servers.current !== entry) this.moveRoute(entry, '6.3:registered', 'redundancy 6.2, 6.3');
    else this.fallback.plan();
    this.answer(entry, undefined);
    this.line.tell({ type: 'list.changed' });
    if (hasMoved) this.line.registeredAt(entry.identity.server);
  }

  /** No other server takes the registration: the leg waits (5.4). A refusal concerns its server alone. */
  waits(event: RegistrationEvent): void {
    const { registering: entry, leg } = this;
    if (entry === undefined || leg === undefined || event.type === 'list.exhausted') return;
    const outcome = outcomeOf(event, this.line.config.phone.tryBackupRsc);
    this.failed(entry, event);
    this.answer(entry, { failure: 'register' });
    if (outcome !== undefined && outcome !== 'reject') this.exhausted();
    // A restart may begin with any server that has not asked for a pause.
    leg.record.blockedUntilMs = Math.min(...this.servers.entries.map(({ notBeforeMs }) => notBeforeMs));
  }

  /** The binding has run out while no REGISTER succeeded. */
  lost(): void {
    const due = this.fallback.dueFlip();
    const entry = due && this.servers.find(due.servers[0]);
    if (due !== undefined && entry !== undefined) this.moveRoute(entry, due.rule, due.source);
    this.isInService = false;
    this.fallback.stop();
    this.line.tell({ type: 'list.changed' });
  }

  /** Whether a refresh stays away from the server that holds the registration. @source redundancy reference 5.7 */
  holdsRefresh(): boolean {
    const { leg } = this;
    return (this.isElsewhere() && this.fallback.isAhead) || this.fallback.takesRefresh(leg?.record.refreshAtMs ?? 0);
  }

  /** No return is ahead: the refresh goes to the server in use, and the registration with it. @source redundancy reference 5.7 row PFI = 0, D-09 */
  aimRefresh(): void {
    const { current } = this.servers;
    if (current !== undefined && this.isElsewhere()) this.moveLeg(current);
  }

  /** A request failed there: the server counts as DOWN, unless it has answered. */
  requestFailed(server: string, outcome: OutcomeClass): void {
    const entry = this.servers.find(server);
    if (entry !== undefined && outcome !== 'reject') this.servers.markDown(entry, this.nowMs);
  }

  /** What was decided of a failed request moves the route when it failed where new requests go. */
  follow(verdict: SendVerdict, failed: string): void {
    const next = verdict.server === undefined ? undefined : this.servers.find(verdict.server);
    if (next !== undefined && this.servers.current?.identity.server === failed)
      this.moveRoute(next, '6.3:request-failed', 'redundancy 6.2, 6.3');
  }

  /** A request has been to every server. */
  requestExhausted(): void {
    this.exhausted();
    if (this.leg?.settings.registers === true) this.leg.send({ type: 'list.exhausted' });
  }

  /** The way of a request to the server of a verdict; with `register` after the registration there (D-15). */
  go({ server, register }: SendVerdict, use: (placed: Placed) => void): void {
    const entry = server === undefined ? this.servers.current : this.servers.find(server);
    const place = entry && this.place(entry);
    if (entry === undefined || place === undefined) return use({ failure: 'no-leg' });
    const { leg } = place;
    if (register !== true || !movable.has(leg.state()) || (this.servers.holder === entry && leg.mark().usable))
      return use({ place });
    this.waiters = [...this.waiters, { entry, use }];
    if (this.registering !== entry || leg.state() !== 'registering')
      this.register(entry, 'D-15:register-first', 'redundancy 6.2, D-15');
  }

  /** The registration moves to a server at once; one that is given up, or being withdrawn, does not. */
  register(entry: ServerEntry, rule: string, source: string): void {
    if (this.leg === undefined || !movable.has(this.leg.state())) return;
    this.moveLeg(entry);
    this.note('registration', rule, source, 'register', entry);
    this.leg.send({ type: 'server.moved' });
  }

  /** New requests go there from now on. */
  moveRoute(entry: ServerEntry, rule: string, source: string): void {
    const { servers } = this;
    servers.current = entry;
    servers.failedOverAtMs = servers.isOnTop() ? undefined : this.nowMs;
    this.fallback.plan();
    this.line.routeMoved();
    this.note('line', rule, source, servers.isOnTop() ? 'route-top' : 'route-lower', entry, {}, this.fallback.next());
    this.line.tell({ type: 'list.changed' });
  }

  /** The servers have been located anew. @source redundancy reference 6.3 dns.changed, D-26 */
  relocated(list: CandidateList): void {
    const { servers } = this;
    const before = servers.current;
    const isGone = before !== undefined && !list.entries.some((candidate) => formatHop(candidate) === before.identity.server);
    if (isGone && this.line.hasCalls()) {
      this.awaited = list;
      return;
    }
    this.awaited = undefined;
    const gone = servers.replace(list);
    this.retired = [...this.retired, ...gone];
    if (!isGone) {
      servers.current ??= servers.top(this.nowMs);
      servers.failedOverAtMs = servers.isOnTop() ? undefined : (servers.failedOverAtMs ?? this.nowMs);
      this.fallback.plan();
      return this.line.tell({ type: 'list.changed' });
    }
    const next = servers.top(this.nowMs);
    if (next === undefined) return;
    this.moveRoute(next, '6.3:dns.changed/gone', 'redundancy 6.3, D-26');
    if (this.leg?.settings.registers === true) this.register(next, '6.3:dns.changed/gone', 'redundancy 6.3, D-26');
  }

  /** The last call has ended: what had to wait for it is done. */
  callsEnded(): void {
    if (this.awaited !== undefined) this.relocated(this.awaited);
  }

  /** A stream to a server that only serves requests is lost. */
  flowFailed(flow: string): void {
    const entry = this.servers.entries.find(({ hops }) => hops?.current()?.flow === flow);
    if (entry === undefined || entry === this.registering || entry.identity.target.protocol === 'udp') return;
    entry.hops?.forget();
    if (entry === this.servers.current) this.currentFailed();
  }

  /** The server in use is gone, and no request has said so. @source redundancy reference 6.3 */
  currentFailed(): void {
    const { current: entry, holder } = this.servers;
    const facts = this.servers.facts(this.nowMs);
    if (entry === undefined || facts === undefined) return;
    if (entry === holder && this.leg?.settings.registers === true) return this.leg.send({ type: 'transport.down' });
    const server = entry.identity.server;
    this.servers.markDown(entry, this.nowMs);
    const verdict = this.rule.next(facts, { method: 'OPTIONS', outcome: 'disconnect', tried: [server] });
    const next = verdict.next === 'move' ? this.servers.find(verdict.server) : undefined;
    if (next !== undefined) this.moveRoute(next, verdict.rule, verdict.source);
  }

  /** The registration is being withdrawn: nothing waits for it any more. */
  end(): void {
    this.fallback.end();
    const { waiters } = this;
    this.waiters = [];
    for (const { use } of waiters) use({ failure: 'no-leg' });
  }

  dispose(): void {
    this.fallback.dispose();
    this.waiters = [];
    for (const { hops } of [...this.servers.entries, ...this.retired]) hops?.close();
    this.retired = [];
  }

  get leg(): RunningLeg | undefined {
    return this.line.leg('primary');
  }

  /** The server that the leg registers at. */
  get registering(): ServerEntry | undefined {
    const { leg } = this;
    return leg && this.servers.find(leg.identity.server);
  }

  moveLeg(entry: ServerEntry): void {
    const place = this.place(entry);
    if (place !== undefined) place.leg.moveTo(place);
  }

  note(
    about: DecisionDraft['about'],
    rule: string,
    source: string,
    action: string,
    { identity }: Pick<ServerEntry, 'identity'>,
    inputs: DecisionDraft['inputs'] = {},
    next?: DecisionDraft['next'],
  ): void {
    this.line.note({
      about,
      rule,
      source,
      leg: 'primary',
      inputs,
      outcome: { action, leg: 'primary', server: identity.server },
      next,
    });
  }

  get nowMs(): number {
    return this.line.ambient.now();
  }

  private letGo(): void {
    if (this.line.hasCalls()) return;
    for (const { hops } of this.retired) hops?.close();
    this.retired = [];
  }

  /** AR = No: requests have moved and the registration has not. */
  private isElsewhere(): boolean {
    const { servers } = this;
    return servers.facts(this.nowMs)?.settings.autoRegister === false && servers.current !== servers.holder;
  }

  private after(event: RegistrationEvent): ListVerdict | undefined {
    const outcome = outcomeOf(event, this.line.config.phone.tryBackupRsc);
    const facts = this.servers.facts(this.nowMs);
    const failed = this.registering;
    if (outcome === undefined || outcome === 'reject' || facts === undefined || failed === undefined) return undefined;
    return this.rule.next(facts, { method: 'REGISTER', outcome, tried: [...this.round, failed.identity.server] });
  }

  private failed(entry: ServerEntry, event: RegistrationEvent): void {
    const nowMs = this.nowMs;
    const { tryBackupRsc } = this.line.config.phone;
    if (event.type === 'reg.reject' && event.retryAfterS !== undefined) entry.notBeforeMs = nowMs + event.retryAfterS * 1000;
    const outcome = outcomeOf(event, tryBackupRsc);
    if (outcome !== undefined && outcome !== 'reject') this.servers.markDown(entry, nowMs);
    this.round.push(entry.identity.server);
  }

  private exhausted(): void {
    const { servers } = this;
    servers.clearMarks();
    this.round = [];
    this.isInService = false;
    this.fallback.stop();
    servers.current = servers.top(this.nowMs);
    servers.failedOverAtMs = undefined;
    if (servers.current !== undefined)
      this.note('line', '6.3:exhausted', 'redundancy 6.3, 5.6', 'out-of-service', servers.current);
    this.line.tell({ type: 'list.changed' });
  }

  /** Requests that waited for the registration at a server go on, or to the next one. */
  private answer(entry: ServerEntry, failure: Placed | undefined): void {
    const mine = this.waiters.filter((waiter) => waiter.entry === entry);
    const place = this.place(entry);
    if (mine.length === 0 || place === undefined) return;
    this.waiters = this.waiters.filter((waiter) => waiter.entry !== entry);
    this.line.ambient.defer(() => {
      for (const { use } of mine) use(failure ?? { place });
    });
  }
}
