import type { ListVerdict } from '@offhook/core';
import type { ListLine, ListRoute } from './list-route.ts';
import { causeOf, registerOutcome } from './outcome.ts';
import type { RegistrationEvent } from './registration.types.ts';
import type { ServerEntry } from './server-list.ts';

/** The one registration of a list line, as it moves from server to server: what its chart asks of the list. @source redundancy reference table 6.2 row REGISTER; 5.6, 5.7 */
export class ListRegistration {
  /** It has succeeded since the list was last exhausted. */
  isInService = false;
  private readonly line: ListLine;
  private readonly route: ListRoute;
  /** Servers this round of REGISTERs has been to. */
  private round: string[] = [];

  constructor(line: ListLine, route: ListRoute) {
    this.line = line;
    this.route = route;
  }

  /** Nothing is known of an earlier life, and nothing has been tried. */
  reset(isInService: boolean): void {
    this.isInService = isInService;
    this.round = [];
  }

  /** From the top: the first REGISTER, and each round after an exhausted one (6.1 waiting/clock.retry). */
  startRound(): void {
    const entry = this.route.servers.top(this.route.nowMs);
    const isInGrace = (this.route.leg?.record.graceUntilMs ?? 0) > this.route.nowMs;
    if (entry === undefined || isInGrace) return;
    this.round = [];
    if (!this.isInService) this.route.servers.current = entry;
    this.route.moveLeg(entry);
  }

  /** Whether a failed REGISTER goes to another server instead of waiting. Pure. */
  movesOn(event: RegistrationEvent): boolean {
    return this.after(event)?.next === 'move';
  }

  /** It does. */
  moveOn(event: RegistrationEvent): void {
    const verdict = this.after(event);
    const failed = this.route.registering;
    const next = verdict?.next === 'move' ? this.route.servers.find(verdict.server) : undefined;
    if (verdict === undefined || failed === undefined || next === undefined) return;
    this.failed(failed, event);
    const isRoute = this.route.servers.current === failed;
    this.route.moveLeg(next);
    const outcome = registerOutcome(event, this.line.config.phone.tryBackupRsc) ?? 'reject';
    const inputs = { from: failed.identity.server, outcome, ...causeOf(event) };
    this.route.note('registration', verdict.rule, verdict.source, 'register', next, inputs);
    if (isRoute) this.route.moveRoute(next, '6.3:register-failed', 'redundancy 6.2, 6.3');
    this.route.answer(failed, { failure: 'register' });
  }

  /** The REGISTER succeeded where the leg is. */
  confirmed(): void {
    const { servers, registering: entry, leg } = this.route;
    if (entry === undefined || leg === undefined) return;
    const nowMs = this.route.nowMs;
    const hasMoved = servers.holder !== entry;
    if (hasMoved || !this.isInService) servers.heldSinceMs = nowMs;
    servers.holder = entry;
    servers.expiryMs = leg.record.expiresAtMs - nowMs;
    servers.refreshPeriodMs = leg.record.refreshAtMs - nowMs;
    Object.assign(entry, { downSinceMs: undefined, notBeforeMs: 0 });
    this.round = [];
    this.route.letGo();
    const wasOut = !this.isInService;
    this.isInService = true;
    if (wasOut) this.route.moveRoute(entry, '6.3:in-service', 'redundancy 6.3 outOfService');
    // A round may have found another server while the old binding lives: requests follow the registration.
    else if (servers.current !== entry && (hasMoved || servers.registersAlong()))
      this.route.moveRoute(entry, '6.3:registered', 'redundancy 6.2, 6.3');
    else this.route.fallback.plan();
    this.route.answer(entry, undefined);
    this.line.tell({ type: 'list.changed' });
    if (hasMoved) this.line.registeredAt(entry.identity.server);
  }

  /** No other server takes the registration: the leg waits (5.4). A refusal concerns its server alone. */
  waits(event: RegistrationEvent): void {
    const { registering: entry, leg } = this.route;
    if (entry === undefined || leg === undefined || event.type === 'list.exhausted') return;
    const outcome = registerOutcome(event, this.line.config.phone.tryBackupRsc);
    this.failed(entry, event);
    this.route.answer(entry, { failure: 'register' });
    if (outcome !== undefined && outcome !== 'reject') this.route.exhausted();
    // A restart may begin with any server that has not asked for a pause.
    leg.record.blockedUntilMs = Math.min(...this.route.servers.entries.map(({ notBeforeMs }) => notBeforeMs));
  }

  /** The binding has run out while no REGISTER succeeded. */
  lost(): void {
    const due = this.route.fallback.dueFlip();
    const entry = due && this.route.servers.find(due.servers[0]);
    if (due !== undefined && entry !== undefined) this.route.moveRoute(entry, due.rule, due.source);
    this.isInService = false;
    this.route.fallback.stop();
    this.line.tell({ type: 'list.changed' });
  }

  /** Whether a refresh stays away from the server that holds the registration. @source redundancy reference 5.7 */
  holdsRefresh(): boolean {
    const { leg } = this.route;
    return (
      (this.route.servers.isElsewhere() && this.route.fallback.isAhead) ||
      this.route.fallback.takesRefresh(leg?.record.refreshAtMs ?? 0)
    );
  }

  /**
   * Where no return is ahead the refresh goes to the server in use, and the registration with it; a withdrawal goes to the server that holds it.
   * @source redundancy reference 5.7 row PFI = 0, D-09; 6.1 line.stop
   */
  aim(at: 'current' | 'holder'): void {
    const { servers } = this.route;
    const entry = servers[at];
    if (entry !== undefined && (at === 'holder' || servers.isElsewhere())) this.route.moveLeg(entry);
  }

  private after(event: RegistrationEvent): ListVerdict | undefined {
    const outcome = registerOutcome(event, this.line.config.phone.tryBackupRsc);
    const facts = this.route.servers.facts(this.route.nowMs);
    const failed = this.route.registering;
    if (outcome === undefined || outcome === 'reject' || facts === undefined || failed === undefined) return undefined;
    return this.route.rule.next(facts, { method: 'REGISTER', outcome, tried: [...this.round, failed.identity.server] });
  }

  private failed(entry: ServerEntry, event: RegistrationEvent): void {
    const nowMs = this.route.nowMs;
    const { tryBackupRsc } = this.line.config.phone;
    if (event.type === 'reg.reject' && event.retryAfterS !== undefined) entry.notBeforeMs = nowMs + event.retryAfterS * 1000;
    const outcome = registerOutcome(event, tryBackupRsc);
    if (outcome !== undefined && outcome !== 'reject') this.route.servers.markDown(entry, nowMs);
    this.round.push(entry.identity.server);
  }
}
