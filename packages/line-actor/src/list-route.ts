import {
  type CandidateList,
  formatHop,
  type LegFacts,
  type LineConfig,
  type ListRule,
  type OutcomeClass,
  rankedListRule,
  refreshDelayMs,
} from '@offhook/core';
import type { DecisionDraft } from './decision.ts';
import { expiryFrom } from './expiry.ts';
import { Fallback } from './fallback.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHops } from './leg-hop.ts';
import type { LineEvent } from './line.types.ts';
import type { LineScope } from './line-scope.ts';
import { ListRegistration } from './list-registration.ts';
import type { Place, Placed, SendVerdict } from './place.ts';
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

/** Moves the route of a line along its list of servers, and the registration with it where the rules say so. @source redundancy reference tables 6.2, 6.3; 5.6, 5.7 */
export class ListRoute {
  readonly servers: ServerList;
  readonly fallback: Fallback;
  readonly registration: ListRegistration;
  private readonly line: ListLine;
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
    this.servers = new ServerList(line.config, () => line.leg('primary')?.record);
    this.fallback = new Fallback(line, this);
    this.registration = new ListRegistration(line, this);
  }

  get rule(): ListRule {
    return this.line.listRule ?? rankedListRule;
  }

  /** Other parameters count from now on: the return is computed anew, from the failover as it was. @source redundancy reference section 6.10 */
  configure(config: LineConfig, isAtWork: boolean): void {
    this.servers.config = config;
    if (isAtWork) this.fallback.whenSettled(() => this.fallback.plan());
  }

  state(): 'onTop' | 'failedOver' | 'outOfService' {
    if (this.leg?.settings.registers === true && !this.registration.isInService) return 'outOfService';
    return this.servers.isOnTop() ? 'onTop' : 'failedOver';
  }

  place(entry: ServerEntry): Place | undefined {
    const { leg } = this;
    return leg && { leg, identity: entry.identity, hops: this.hopsTo(entry) };
  }

  /** The one flow to a server: of the registration and of requests. */
  hopsTo(entry: ServerEntry): LegHops {
    entry.hops ??= this.line.hopsTo('primary', entry.identity.target);
    return entry.hops;
  }

  /** A restart forgets what the line has learnt, but not what its servers have asked for (D-45). */
  begin(): void {
    const { servers } = this;
    this.fallback.stop();
    servers.clearMarks();
    servers.holder = undefined;
    this.registration.reset(false);
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
    const { registerExpiresS, timerFMs } = leg.settings;
    const expiryMs = refreshAtMs === 0 ? registerExpiresS * 1000 : expiryFrom(refreshAtMs, expiresAtMs, timerFMs);
    const sinceMs = heldSinceMs ?? expiresAtMs - expiryMs;
    Object.assign(servers, { holder: entry, current: entry, heldSinceMs: sinceMs, expiryMs });
    servers.refreshPeriodMs = refreshDelayMs(expiryMs, timerFMs);
    servers.failedOverAtMs = servers.isOnTop() ? undefined : sinceMs;
    this.registration.reset(expiresAtMs > this.nowMs);
    this.moveLeg(entry);
    this.fallback.plan();
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
    const overtaken = this.leg.isConnecting() ? { connected: false } : {};
    this.moveLeg(entry);
    this.note('registration', rule, source, 'register', entry, overtaken);
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
    if (entry === undefined || entry.identity.target.protocol === 'udp') return;
    // Its own server is the business of the registration.
    if (entry === this.registering && this.leg?.settings.registers === true) return;
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

  /** Nothing arrives any more from servers that are not listed. */
  letGo(): void {
    if (this.line.hasCalls()) return;
    for (const { hops } of this.retired) hops?.close();
    this.retired = [];
  }

  /** No server is left: marks are cleared, and the line is out of service. @source redundancy reference 5.6, 6.3 */
  exhausted(): void {
    const { servers } = this;
    servers.clearMarks();
    this.registration.reset(false);
    this.fallback.stop();
    servers.current = servers.top(this.nowMs);
    servers.failedOverAtMs = undefined;
    if (servers.current !== undefined)
      this.note('line', '6.3:exhausted', 'redundancy 6.3, 5.6', 'out-of-service', servers.current);
    this.line.tell({ type: 'list.changed' });
  }

  /** Requests that waited for the registration at a server go on, or to the next one. */
  answer(entry: ServerEntry, failure: Placed | undefined): void {
    const mine = this.waiters.filter((waiter) => waiter.entry === entry);
    const place = this.place(entry);
    if (mine.length === 0 || place === undefined) return;
    this.waiters = this.waiters.filter((waiter) => waiter.entry !== entry);
    this.line.ambient.defer(() => {
      for (const { use } of mine) use(failure ?? { place });
    });
  }
}
