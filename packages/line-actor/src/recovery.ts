import type { FallbackPlan } from '@offhook/core';
import type { ListLine, ListRoute } from './list-route.ts';
import { causeOf } from './outcome.ts';
import type { Place } from './place.ts';
import { Probe } from './probe.ts';
import { RegisterClient, type RegisteringLeg } from './register-client.ts';
import type { RegistrationEvent } from './registration.types.ts';
import type { ServerEntry } from './server-list.ts';

/** A REGISTER client of the leg at another of its servers: same Call-ID, same CSeq space (D-43). */
function registrant(place: Place, line: ListLine, send: (event: RegistrationEvent) => void): RegisteringLeg {
  const { leg, identity, hops } = place;
  const { record, settings, credentials } = leg;
  return { line, identity, record, settings, hops, credentials, contact: (hop) => leg.contact(hop), send };
}

/**
 * The attempt to return: a REGISTER to each better server in turn, while the line works where it is. Make before break: only a success moves
 * anything.
 * @source redundancy reference 5.7, 6.3 recovering; D-08, D-43
 */
export class Recovery {
  private readonly line: ListLine;
  private readonly route: ListRoute;
  readonly way: Exclude<FallbackPlan, { action: 'stay' }>;
  private readonly entries: readonly ServerEntry[];
  /** Consecutive answers a better server has to give before it is trusted: X Fallback Hold. */
  private readonly probesWanted: number;
  private probe: Probe | undefined = undefined;
  private readonly done: (moved: ServerEntry | undefined) => void;
  private client: RegisterClient | undefined = undefined;
  /** The server that is asked now. */
  private asked: ServerEntry | undefined = undefined;

  constructor(
    line: ListLine,
    route: ListRoute,
    way: Exclude<FallbackPlan, { action: 'stay' }>,
    probesWanted: number,
    done: (moved: ServerEntry | undefined) => void,
  ) {
    this.line = line;
    this.route = route;
    this.way = way;
    this.entries = way.servers.flatMap((server) => route.servers.find(server) ?? []);
    this.probesWanted = probesWanted;
    this.done = done;
  }

  begin(): void {
    this.attempt(0);
  }

  /** The line stops: the REGISTER that has not left never will. */
  end(): void {
    const { client, asked } = this;
    if (client?.isConnecting === true && asked !== undefined)
      this.route.note('registration', '6.3:recovery-ended', 'redundancy 6.1, 6.3', 'stay', asked, { connected: false });
  }

  dispose(): void {
    this.probe?.dispose();
    this.client?.abandon();
  }

  private attempt(index: number): void {
    const entry = this.entries[index];
    const place = entry && this.route.place(entry);
    if (entry === undefined || place === undefined) return this.done(undefined);
    if (this.probesWanted === 0) return this.register(index, entry, place);
    this.probe = new Probe(this.line, place, this.probesWanted, (answered) => {
      if (!answered) return this.failed(index, entry, { type: 'reg.none', cause: 'no-response' });
      if (this.way.action === 'flip') return this.done(entry);
      this.register(index, entry, place);
    });
    this.route.note('line', '3.10:fallback-hold', 'redundancy 3.10 X_Fallback_Hold', 'probe', entry, {
      probes: this.probesWanted,
    });
    this.probe.begin();
  }

  private register(index: number, entry: ServerEntry, place: Place): void {
    const { rule, source } = this.way;
    const client = new RegisterClient(registrant(place, this.line, onAnswer), '');
    this.client = client;
    this.asked = entry;
    this.route.note('registration', rule, source, 'recover', entry);
    client.begin(place.leg.record.requestedS);
    const self = this;
    function onAnswer(event: RegistrationEvent): void {
      if (event.type === 'reg.challenge') return self.answer(client, '6.3:recovery-challenged', entry, event.code);
      if (event.type !== 'reg.ok') return self.failed(index, entry, event);
      self.succeeded(entry, place, client, event);
    }
  }

  /** Credentials on the very same hop (D-44). */
  private answer(client: RegisterClient, rule: string, at: Pick<ServerEntry, 'identity'>, code: number): void {
    this.route.note('registration', rule, 'redundancy 5.8, D-44', 'answer', at, { code });
    client.repeat();
  }

  private failed(index: number, entry: ServerEntry, event: RegistrationEvent): void {
    const nowMs = this.line.ambient.now();
    entry.downSinceMs = nowMs;
    if (event.type === 'reg.reject' && event.retryAfterS !== undefined) entry.notBeforeMs = nowMs + event.retryAfterS * 1000;
    const inputs = { ...(event.type === 'reg.none' ? { outcome: event.cause } : {}), ...causeOf(event) };
    this.route.note('registration', '6.3:recovery-failed', 'redundancy 5.7 (c), 6.3', 'stay', entry, inputs);
    this.attempt(index + 1);
  }

  private succeeded(entry: ServerEntry, place: Place, client: RegisterClient, event: RegistrationEvent): void {
    const { route } = this;
    const { holder } = route.servers;
    const old = holder && route.place(holder);
    const contact = place.leg.registeredContact;
    if (place.leg.isConnecting() || route.fallback.holdsUnsent)
      route.note('registration', '6.3:registration-overtaken', 'redundancy 6.3', 'abandon', place, { connected: false });
    route.moveLeg(entry);
    route.servers.current = entry;
    place.leg.adopt(client);
    place.leg.send(event);
    route.moveRoute(entry, '6.3:recovered', 'redundancy 5.7, 6.3; D-08');
    if (old !== undefined && this.line.config.phone.removeLastReg) this.remove(old, contact);
    this.done(entry);
  }

  /** The old binding is withdrawn once; whatever the answer. @source redundancy reference D-08; manual: Remove Last Reg */
  private remove(old: Place, contact: string): void {
    const onAnswer = (event: RegistrationEvent): void => {
      if (event.type === 'reg.challenge') this.answer(client, 'D-08:challenged', old, event.code);
      else if (event.type === 'reg.none')
        this.route.note('registration', 'D-08:unanswered', 'redundancy D-08', 'stay', old, causeOf(event));
    };
    const client = new RegisterClient(registrant(old, this.line, onAnswer), contact);
    this.route.note('registration', 'D-08:remove-last', 'redundancy D-08; manual: Remove Last Reg', 'unregister', old);
    client.begin(0);
  }
}
