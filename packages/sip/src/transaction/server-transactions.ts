import {
  type Ambient,
  type Flow,
  type FlowFailure,
  type LineInbound,
  LocalProtocolError,
  randomToken,
  type Timer,
} from '@offhook/core';
import { buildResponse } from '../codec/build-message.ts';
import type { ResponseDraft, SipRequest } from '../codec/message.ts';
import { isToken } from '../codec/text.ts';
import { stampVia } from '../codec/via.ts';
import { Execution } from './execution.ts';
import type { LayerFault } from './faults.ts';
import { mergeKey, serverKey, statelessTag } from './identity.ts';
import { type InviteServerState, inviteServer } from './invite-server.ts';
import { type NonInviteServerState, nonInviteServer } from './non-invite-server.ts';
import type { ServerEffect, ServerEvent, ServerStimulus } from './server-machine.ts';
import type { Machine, ServerTimer, TimerName } from './step.ts';
import type { Timing } from './timing.ts';

/** A request that waits for its answer. The handlers may be set while `onRequest` runs. */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly inbound: LineInbound;
  /** The top Via as every response must carry it: with `received` and `rport`. @source RFC 3261 section 18.2.1, RFC 3581 section 4 */
  readonly via: string;
  /** The To tag of all our responses: the request's own, or one of 65 random bits. */
  readonly toTag: string;
  /**
   * Answers, on the flow the request came by. A draft without `toTag` gets ours. After a final response only a repeated 2xx to an INVITE
   * still goes out. @throws LocalProtocolError `E_SIP_LOCAL` when the draft cannot be written
   */
  respond(draft: ResponseDraft): void;
  /** The same with a response already written (its Via included). @throws LocalProtocolError `E_SIP_LOCAL` when it is none */
  respondRaw(bytes: Uint8Array): void;
  /** The INVITE is to be cancelled; the CANCEL is answered already. Without a handler the INVITE is answered 487. @source RFC 3261 section 9.2 */
  onCancelled?: (cancel: SipRequest, inbound: LineInbound) => void;
  /** The ACK of a 3xx-6xx has come. */
  onAcked?: () => void;
  /** The ACK of a 3xx-6xx has not come: Timer H. */
  onTimeout?: () => void;
  /** The stream is gone before a final response was sent; none can be sent now. */
  onFlowFailed?: (failure: FlowFailure) => void;
}

export interface ServerTransactionsOptions {
  readonly ambient: Ambient;
  timing(reliable: boolean): Timing;
  send(flow: Flow, bytes: Uint8Array): void;
  fault(name: LayerFault): void;
  onRequest(server: ServerTransaction): void;
  onAck(request: SipRequest, inbound: LineInbound): void;
  /** Transactions held at once; a request beyond gets a 503 that costs no memory. */
  readonly limit: number;
}

type State = InviteServerState | NonInviteServerState;
type ServerMachine = Machine<State, ServerStimulus, ServerEffect>;

/** All that is left of a request other than INVITE once it is answered: until Timer J the answer is repeated with it. */
class Answered {
  private readonly owner: ServerTransactions;
  private readonly flow: Flow;
  private readonly bytes: Uint8Array;
  private readonly timer: Timer;

  constructor(owner: ServerTransactions, key: ServerKey, flow: Flow, bytes: Uint8Array, afterMs: number) {
    this.owner = owner;
    this.flow = flow;
    this.bytes = bytes;
    this.timer = owner.options.ambient.setTimer(() => owner.forget(key, this), afterMs);
  }

  repeat(): void {
    this.owner.options.send(this.flow, this.bytes);
  }

  stop(): void {
    this.owner.options.ambient.clearTimer(this.timer);
  }
}

/** Where a transaction is found: by a repetition, and by a copy that took another way. */
interface ServerKey {
  readonly id: string;
  readonly origin: string | undefined;
}

/** The server transactions of one line. */
export class ServerTransactions {
  readonly options: ServerTransactionsOptions;
  readonly open = new Map<string, ServerExecution | Answered>();
  /** Open transactions by what the merged copies of a request share: one look-up where sip.js scans them all (M3). */
  readonly origins = new Map<string, ServerExecution | Answered>();

  constructor(options: ServerTransactionsOptions) {
    this.options = options;
  }

  receive(request: SipRequest, inbound: LineInbound): void {
    if (request.method === 'ACK') this.acknowledge(request, inbound);
    else if (request.method === 'CANCEL') this.cancel(request, inbound);
    else this.accept(request, inbound);
  }

  private accept(request: SipRequest, inbound: LineInbound): void {
    const { options } = this;
    const id = serverKey(request, request.method);
    const known = this.open.get(id);
    if (known instanceof Answered) return known.repeat();
    if (known !== undefined) return known.step({ type: 'request' });
    if (this.open.size >= options.limit) {
      options.fault('too-many-transactions');
      return this.refuse(request, inbound, 503);
    }
    const origin = mergeKey(request);
    const transaction = new ServerExecution(this, { id, origin }, request, inbound);
    this.open.set(id, transaction);
    transaction.start();
    if (origin !== undefined && this.origins.has(origin)) {
      options.fault('merged-request');
      return transaction.respond({ status: 482 });
    }
    if (origin !== undefined) this.origins.set(origin, transaction);
    options.onRequest(transaction);
  }

  adopt(request: SipRequest, inbound: LineInbound, toTag: string): ServerTransaction {
    const key = { id: serverKey(request, request.method), origin: mergeKey(request) };
    const transaction = new ServerExecution(this, key, request, inbound, toTag);
    this.open.set(key.id, transaction);
    if (key.origin !== undefined) this.origins.set(key.origin, transaction);
    transaction.start();
    return transaction;
  }

  /** Needs no transaction: the same CANCEL gets the same answer for as long as its INVITE is known. @source RFC 3261 section 9.2 */
  private cancel(request: SipRequest, inbound: LineInbound): void {
    const transaction = this.invite(request);
    if (transaction === undefined) return this.refuse(request, inbound, 481);
    this.answer(request, inbound, { status: 200, toTag: transaction.toTag });
    transaction.cancel(request, inbound);
  }

  /** The ACK of a final response we know is absorbed; any other belongs to a dialog. @source RFC 3261 section 17.2.1, RFC 6026 section 7.1 */
  private acknowledge(request: SipRequest, inbound: LineInbound): void {
    const transaction = this.invite(request);
    if (transaction?.expectsAck === true) transaction.step({ type: 'ack' });
    else this.options.onAck(request, inbound);
  }

  /** The INVITE an ACK or CANCEL belongs to. */
  private invite(request: SipRequest): ServerExecution | undefined {
    const known = this.open.get(serverKey(request, 'INVITE'));
    return known instanceof Answered ? undefined : known;
  }

  /** Answers without a transaction; the same request gets the same answer. @source RFC 3261 section 8.2.7 */
  refuse(request: SipRequest, inbound: LineInbound, status: number): void {
    if (request.method !== 'ACK') this.answer(request, inbound, { status, toTag: statelessTag(request) });
  }

  private answer(request: SipRequest, inbound: LineInbound, draft: ResponseDraft): void {
    let bytes: Uint8Array;
    try {
      bytes = buildResponse(request, draft, stampedVia(request, inbound));
    } catch (error) {
      // A response repeats what a request brought, and this one may be refused just because of that.
      if (!(error instanceof LocalProtocolError)) throw error;
      return this.options.fault('unanswerable');
    }
    this.options.send(inbound.flow, bytes);
  }

  flowFailed(failure: FlowFailure): void {
    for (const transaction of [...this.open.values()]) {
      if (transaction instanceof ServerExecution && transaction.inbound.flow === failure.flow)
        transaction.step({ type: 'transport', failure });
    }
  }

  /** From now on this stands for that transaction. */
  replace({ id, origin }: ServerKey, old: ServerExecution, by: Answered): void {
    this.open.set(id, by);
    if (origin !== undefined && this.origins.get(origin) === old) this.origins.set(origin, by);
  }

  forget({ id, origin }: ServerKey, transaction: ServerExecution | Answered): void {
    this.open.delete(id);
    if (origin !== undefined && this.origins.get(origin) === transaction) this.origins.delete(origin);
  }

  stop(): void {
    for (const transaction of this.open.values()) transaction.stop();
    this.open.clear();
    this.origins.clear();
  }
}

class ServerExecution extends Execution<State, ServerStimulus, ServerEffect> implements ServerTransaction {
  readonly request: SipRequest;
  readonly inbound: LineInbound;
  readonly via: string;
  onCancelled?: (cancel: SipRequest, inbound: LineInbound) => void;
  onAcked?: () => void;
  onTimeout?: () => void;
  onFlowFailed?: (failure: FlowFailure) => void;
  private readonly owner: ServerTransactions;
  private readonly key: ServerKey;
  private tag: string | undefined;
  private cancelled = false;

  constructor(
    owner: ServerTransactions,
    key: ServerKey,
    request: SipRequest,
    inbound: LineInbound,
    tag = request.to.params.get('tag') ?? '',
  ) {
    const machine = request.method === 'INVITE' ? inviteServer : nonInviteServer;
    super(owner.options.ambient, machine as ServerMachine, owner.options.timing(inbound.protocol !== 'udp'));
    this.request = request;
    this.inbound = inbound;
    this.via = stampedVia(request, inbound);
    this.owner = owner;
    this.key = key;
    // One that is no token is repeated with the request's own To, and given to no other response.
    this.tag = isToken(tag) ? tag : undefined;
  }

  get toTag(): string {
    this.tag ??= randomToken(this.owner.options.ambient, 64);
    return this.tag;
  }

  /** A final response was sent that is acknowledged hop by hop. */
  get expectsAck(): boolean {
    return this.state.name === 'completed' || this.state.name === 'confirmed';
  }

  respond(draft: ResponseDraft): void {
    const tagged = draft.status === 100 || draft.toTag !== undefined ? draft : { ...draft, toTag: this.toTag };
    this.step({ type: 'respond', status: draft.status, bytes: buildResponse(this.request, tagged, this.via) });
  }

  respondRaw(bytes: Uint8Array): void {
    this.step({ type: 'respond', status: readStatus(bytes), bytes });
  }

  cancel(request: SipRequest, inbound: LineInbound): void {
    if (this.cancelled || this.state.name !== 'proceeding') return;
    this.cancelled = true;
    if (this.onCancelled === undefined) this.respond({ status: 487 });
    else this.onCancelled(request, inbound);
  }

  protected perform(effect: ServerEffect): void {
    // DEVIATION RFC 3261 section 18.2.2: a datagram without `rport` is answered where it came from, not at the port of its Via. A flow is a
    // 4-tuple, and a client behind a NAT that does not know RFC 3581 is reached in this way only.
    if (effect.type === 'send') this.owner.options.send(this.inbound.flow, effect.bytes);
    else if (effect.type === 'trying') this.respond({ status: 100 });
    else if (effect.type === 'report') this.tell(effect.event);
  }

  private tell(event: ServerEvent): void {
    if (event.type === 'acked') this.onAcked?.();
    else if (event.type === 'timeout') this.onTimeout?.();
    else this.onFlowFailed?.(event.failure);
  }

  protected fired(timer: TimerName): ServerStimulus {
    return { type: 'timer', timer: timer as ServerTimer };
  }

  /** Whoever waits for Timer J is remembered by less: that is long, and a request holds much. */
  protected override arm(timer: TimerName, afterMs: number): void {
    const { last } = this.state;
    if (timer !== 'J' || last === undefined) return super.arm(timer, afterMs);
    this.stop();
    const { owner, key, inbound } = this;
    owner.replace(key, this, new Answered(owner, key, inbound.flow, last, afterMs));
  }

  protected ended(): void {
    this.owner.forget(this.key, this);
  }
}

/** A request whose own Via cannot be read is answered with what it brought. */
function stampedVia(request: SipRequest, { remote }: LineInbound): string {
  return stampVia(request.headers('Via')[0] ?? '', remote.host, remote.port);
}

const statusLine = /^SIP\/2\.0 ([1-6]\d\d) $/;

function readStatus(bytes: Uint8Array): number {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 12)).toString('latin1');
  const status = statusLine.exec(start)?.[1];
  if (status === undefined) throw new LocalProtocolError('what was given to answer with is no SIP response');
  return Number(status);
}
