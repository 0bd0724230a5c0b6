import type { Leg } from '@offhook/core';
import type { ServerTransaction } from '@offhook/sip';
import { type ClockOwner, Clocks } from './clocks.ts';
import type { HostOptions, Running } from './host.ts';
import type { LineScope } from './line-scope.ts';
import { SubscribeClient, type Subscriber } from './subscribe-client.ts';
import { subscriptionMachine } from './subscription.machine.ts';
import type {
  SubscriptionClock,
  SubscriptionContext,
  SubscriptionEffects,
  SubscriptionEvent,
  SubscriptionPlace,
  SubscriptionRecord,
  SubscriptionRule,
  SubscriptionSettings,
} from './subscription.types.ts';

/** One subscription now; instants in ms since 1970. */
export interface SubscriptionStatus {
  /** Event package. */
  readonly event: string;
  /** `ended`, `pending`, `active`, `moving`, `retrying`. */
  readonly state: string;
  /** Where it is, or was asked for last. */
  readonly leg?: Leg;
  readonly refreshAtMs?: number;
  readonly expiresAtMs?: number;
  readonly retryAtMs?: number;
}

/** An event package and what is made of its bodies. */
export interface EventPackage<Content> {
  readonly event: string;
  readonly accept: string;
  readonly target: string;
  readonly requestedS: number;
  /** Undefined for a body that cannot be read. */
  read(body: Uint8Array): Content | undefined;
  onContent(content: Content): void;
  onChange(status: SubscriptionStatus): void;
}

/** One subscription at work: its machine, its clocks and its SUBSCRIBEs. */
export class RunningSubscription<Content>
  implements Subscriber, SubscriptionEffects, ClockOwner<SubscriptionClock>, HostOptions<typeof subscriptionMachine>
{
  readonly line: LineScope;
  readonly id: string;
  readonly input: SubscriptionContext;
  readonly record: SubscriptionRecord;
  private readonly package: EventPackage<Content>;
  private readonly client: SubscribeClient;
  private readonly machine: Running<SubscriptionEvent>;
  private readonly mayAskNow: () => boolean;
  private readonly clocks = new Clocks<SubscriptionClock>(this);

  constructor(line: LineScope, settings: SubscriptionSettings, own: EventPackage<Content>, mayAsk: () => boolean) {
    this.line = line;
    this.id = own.event;
    this.package = own;
    this.mayAskNow = mayAsk;
    this.record = {
      requestedS: own.requestedS,
      wasTooBrief: false,
      begunAtMs: 0,
      askedAtMs: 0,
      isNotified: false,
      refreshAtMs: 0,
      expiresAtMs: 0,
      retryAtMs: 0,
    };
    this.client = new SubscribeClient(this);
    this.input = { record: this.record, settings, effects: this };
    this.machine = line.host.run(subscriptionMachine, this);
  }

  get event(): string {
    return this.package.event;
  }

  get accept(): string {
    return this.package.accept;
  }

  get target(): string {
    return this.package.target;
  }

  status(): SubscriptionStatus {
    const { refreshAtMs, expiresAtMs, retryAtMs } = this.record;
    const leg = this.client.place?.leg.leg;
    const state = this.machine.state();
    return {
      event: this.event,
      state,
      ...(leg === undefined || state === 'ended' ? {} : { leg }),
      ...(refreshAtMs > 0 ? { refreshAtMs } : {}),
      ...(expiresAtMs > 0 ? { expiresAtMs } : {}),
      ...(retryAtMs > 0 ? { retryAtMs } : {}),
    };
  }

  send(event: SubscriptionEvent): void {
    this.machine.send(event);
  }

  /** True when the NOTIFY is of this subscription; it has then been answered. */
  notify(server: ServerTransaction): boolean {
    const { dialog } = this.client;
    if (dialog?.owns(server.request) !== true) return false;
    const taken = dialog.take(server.request, (body) => this.package.read(body));
    if ('refusal' in taken) {
      server.respond(taken.refusal);
      return true;
    }
    server.respond({ status: 200 });
    const { state, reason, retryAfterS, expiresS, content } = taken.notice;
    if (content !== undefined) this.package.onContent(content);
    if (state === 'terminated') {
      this.send({
        type: 'sub.terminated',
        ...(reason === undefined ? {} : { reason }),
        ...(retryAfterS === undefined ? {} : { retryAfterS }),
      });
    } else {
      const substate = state === 'active' ? 'active' : 'pending';
      this.send({ type: 'sub.notified', substate, ...(expiresS === undefined ? {} : { expiresS }) });
    }
    return true;
  }

  dispose(): void {
    this.machine.stop();
    this.clocks.stop();
    this.client.drop();
  }

  onState(): void {
    this.package.onChange(this.status());
  }

  onError(error: unknown): void {
    this.line.fail(error);
  }

  now(): number {
    return this.line.ambient.now();
  }

  isElsewhere({ leg, server }: SubscriptionPlace): boolean {
    const { place } = this.client;
    const isThere = leg === place?.leg.leg && (server === undefined || server === place.identity.server);
    return this.line.config.ext.xResubscribeOnMove && !isThere;
  }

  mayAsk(): boolean {
    return this.mayAskNow();
  }

  subscribe(failed?: 'no-response' | 'transport'): void {
    this.client.subscribe(failed);
  }

  subscribeAt(place: SubscriptionPlace): void {
    this.client.subscribeAt(place);
  }

  refresh(): void {
    this.client.refresh();
  }

  unsubscribe(): void {
    this.client.unsubscribe();
  }

  drop(): void {
    this.client.drop();
  }

  arm(clock: SubscriptionClock, atMs: number): void {
    this.clocks.arm(clock, atMs);
  }

  disarm(clock: SubscriptionClock): void {
    this.clocks.disarm(clock);
  }

  ring(clock: SubscriptionClock): void {
    this.send({ type: `clock.${clock}` });
  }

  decided({ rule, source, action, inputs, next }: SubscriptionRule): void {
    const request = { method: 'SUBSCRIBE', id: this.id };
    this.line.note({ about: 'request', rule, source, request, inputs, outcome: { action }, next });
  }
}
