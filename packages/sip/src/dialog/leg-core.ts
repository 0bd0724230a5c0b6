import {
  type Body,
  type IncomingInviteRequest,
  LoggerFactory,
  type OutgoingRequestMessage,
  type OutgoingRequestMessageOptions,
  type Transport,
  type URI,
  UserAgentCore,
} from 'sip.js/lib/core/index.js';
import type { Hop } from '../transaction/client-transactions.ts';
import type { SipTimers } from '../transaction/timing.ts';
import { LineRequest, type RequestStyle } from './line-request.ts';
import { TextUri } from './text-uri.ts';
import { type AmbientDoor, createAmbientDoor } from './with-ambient.ts';

export interface LegCoreOptions extends RequestStyle {
  readonly timers: Pick<SipTimers, 't1Ms' | 't2Ms'>;
  /** Contact URI of this leg on a hop. */
  contact(hop: Hop): string;
  /** sip.js met a new INVITE. */
  onInvite(request: IncomingInviteRequest): void;
  /** sip.js threw: a peer's nonsense, or a fault of ours. */
  onFault(error: unknown): void;
}

/** Where what sip.js sends goes: it asks for it whenever it makes a transaction. */
export interface Port extends Transport {
  readonly hop: Hop;
}

const silent = new LoggerFactory();
silent.builtinEnabled = false;

/** Whom sip.js believes to be: it compares user parts, and that question has been answered before a request gets here. */
export const self = new TextUri('sip:line@local.invalid');

/** A UserAgentCore whose requests are ours. */
class LineUserAgentCore extends UserAgentCore {
  private readonly leg: LegCore;

  constructor(leg: LegCore, configuration: UserAgentCore['configuration'], onInvite: (request: IncomingInviteRequest) => void) {
    super(configuration, { onInvite });
    this.leg = leg;
  }

  override makeOutgoingRequestMessage(
    method: string,
    uri: URI,
    from: URI,
    to: URI,
    options: OutgoingRequestMessageOptions,
    extraHeaders?: string[],
    body?: Body,
  ): OutgoingRequestMessage {
    return new LineRequest(this.leg.options, this.leg.port.hop, { method, uri, from, to, options, extraHeaders, body });
  }
}

/**
 * The sip.js of one leg: made when it is first needed, gone when nothing is left in it. Every way into it leads through `enter`, and
 * whatever it calls waits outside until it is done: nothing of ours runs inside its state changes, and a send never answers within itself (T10).
 */
export class LegCore {
  readonly options: LegCoreOptions;
  private readonly door: AmbientDoor;
  private core: UserAgentCore | undefined = undefined;
  private entered: Port | undefined = undefined;
  private readonly tasks: (() => void)[] = [];
  private busy = false;
  private held = 0;

  constructor(options: LegCoreOptions) {
    this.options = options;
    const linger = 64 * options.timers.t1Ms;
    const never = Number.POSITIVE_INFINITY;
    this.door = createAmbientDoor({
      ambient: options.ambient,
      // B, F and H are the layer's business (it knows the line's own values); L and M end what repeats a 2xx or its ACK.
      timers: {
        T1: options.timers.t1Ms,
        T2: Math.max(options.timers.t1Ms, options.timers.t2Ms),
        TIMER_B: never,
        TIMER_F: never,
        TIMER_H: 0,
        TIMER_L: linger,
        TIMER_M: linger,
      },
      onTimer: (fire) => void this.enter(undefined, fire),
    });
  }

  /** Where sip.js sends at this moment. */
  get port(): Port {
    if (this.entered === undefined) throw new Error('sip.js sends something nobody asked it to send');
    return this.entered;
  }

  /** Some work of this leg is under way, on its way, or remembered. */
  get isIdle(): boolean {
    return this.core === undefined && this.held === 0;
  }

  /**
   * Runs `work` inside sip.js. What it throws is reported, and undefined is returned (P1).
   * @param port where it sends what it sends meanwhile
   */
  enter<T>(port: Port | undefined, work: (core: UserAgentCore) => T): T | undefined {
    const outer = this.entered;
    this.entered = port;
    try {
      this.core ??= this.createCore();
      const { core } = this;
      return this.door.run(() => work(core));
    } catch (error) {
      this.options.onFault(error);
      return undefined;
    } finally {
      this.entered = outer;
      this.settle();
    }
  }

  /** Runs `task` once sip.js is done, in order. */
  later(task: () => void): void {
    this.tasks.push(task);
  }

  /** True when a dialog of that id lives here. */
  hasDialog(id: string): boolean {
    return this.dialog(id) !== undefined;
  }

  dialog(id: string): object | undefined {
    return this.core?.dialogs.get(id);
  }

  /** Gives sip.js a dialog that it has not made. What `make` throws is the caller's. */
  adopt<T>(make: (core: UserAgentCore) => T): T {
    const release = this.hold();
    try {
      this.core ??= this.createCore();
      const { core } = this;
      return this.door.run(() => make(core));
    } finally {
      release();
    }
  }

  /** Keeps sip.js alive until the function it returns is called. */
  hold(): () => void {
    let holds = true;
    this.held += 1;
    return () => {
      if (!holds) return;
      holds = false;
      this.held -= 1;
      this.settle();
    };
  }

  /** Forgets everything without a word and leaves no timer behind. */
  dispose(): void {
    this.tasks.length = 0;
    const { core } = this;
    this.core = undefined;
    if (core !== undefined) this.door.run(() => core.dispose());
  }

  private settle(): void {
    if (this.busy || this.entered !== undefined) return;
    this.busy = true;
    const errors: unknown[] = [];
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) {
      try {
        task();
      } catch (error) {
        errors.push(error);
      }
    }
    this.busy = false;
    this.dropIfDone();
    // What a listener throws is a fault of ours: it must reach the supervisor of the line, but not stop the tasks behind it.
    if (errors.length > 0) throw errors[0];
  }

  private dropIfDone(): void {
    const { core } = this;
    if (core === undefined || this.held > 0) return;
    if (core.dialogs.size + core.userAgentClients.size + core.userAgentServers.size === 0) this.dispose();
  }

  private createCore(): UserAgentCore {
    const contact = (): string => this.options.contact(this.port.hop);
    return new LineUserAgentCore(
      this,
      {
        aor: self,
        contact: { uri: self, pubGruu: undefined, tempGruu: undefined, toString: () => `<${contact()}>` },
        displayName: '',
        loggerFactory: silent,
        hackViaTcp: false,
        routeSet: [],
        sipjsId: '',
        supportedOptionTags: [],
        supportedOptionTagsResponse: [],
        userAgentHeaderFieldValue: undefined,
        viaForceRport: true,
        viaHost: '',
        // Challenges are answered above: sip.js gives up after the first and knows MD5 only.
        authenticationFactory: () => undefined,
        transportAccessor: () => this.port,
      },
      this.options.onInvite,
    );
  }
}
