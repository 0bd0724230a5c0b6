import {
  type Ambient,
  type Endpoint,
  type Flow,
  type FlowFailure,
  type LineKey,
  LocalProtocolError,
  type Protocol,
  type Timer,
} from '@offhook/core';
import { buildRequest } from '../codec/build-message.ts';
import type { RequestDraft, SipRequest, SipResponse } from '../codec/message.ts';
import { parseMessage } from '../codec/parse-message.ts';
import type { ClientEffect, ClientEvent, ClientStimulus } from './client-machine.ts';
import { ackForFailure, ackForSuccess, byeForSuccess, cancelFor, readSentInvite, type SentInvite } from './derived-requests.ts';
import { Execution } from './execution.ts';
import type { LayerFault } from './faults.ts';
import { canonicalSentBy, clientKey, newBranch, sentByOf } from './identity.ts';
import { type InviteClientState, inviteClient, leftInviteClient } from './invite-client.ts';
import { type NonInviteClientState, nonInviteClient } from './non-invite-client.ts';
import type { ClientTimer, Machine, TimerName } from './step.ts';
import type { Timing } from './timing.ts';

/** Where a request leaves. */
export interface Hop {
  readonly flow: Flow;
  readonly protocol: Protocol;
  /** Retransmission is the transport's own work. */
  readonly reliable: boolean;
  /** host:port for Via; IPv6 in brackets. */
  readonly viaSentBy: string;
}

export type ClientListener = (event: ClientEvent) => void;

export interface ClientTransaction {
  readonly method: string;
  /** Branch of its Via. An ACK with this branch is the layer's own business. */
  readonly branch: string;
  /**
   * INVITE: sends a CANCEL once a provisional response has come, never before; what the server makes of it is reported as usual.
   * No effect on other methods and after a final response. @source RFC 3261 section 9.1
   */
  cancel(): void;
  /**
   * Stops listening. An INVITE lives on in silence: it is cancelled as soon as that is allowed, and a 2xx that comes nevertheless gets
   * an ACK and a BYE. Any other request is forgotten. @source D-21
   */
  abandon(): void;
}

export interface ClientTransactionsOptions {
  readonly ambient: Ambient;
  readonly key: LineKey;
  timing(reliable: boolean): Timing;
  /** Hands the bytes over. @returns false when they could not be */
  send(flow: Flow, bytes: Uint8Array): boolean;
  fault(name: LayerFault): void;
  /** A 2xx to an INVITE that no transaction knows. @returns false when nobody else knows it either */
  onLateAccept(response: SipResponse): boolean;
}

type State = InviteClientState | NonInviteClientState;
type ClientMachine = Machine<State, ClientStimulus, ClientEffect>;

/** A request ready to go. */
interface Outgoing {
  readonly method: string;
  readonly branch: string;
  readonly sentBy: string;
  readonly bytes: Uint8Array;
  /** Of an INVITE only. */
  readonly invite: SentInvite | undefined;
  /** Unless it is that of its method. */
  readonly machine?: ClientMachine;
}

const nothing = new Uint8Array(0);
const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };
/** Forks of one unwanted call that are hung up; a server that makes more is not worth our memory. */
const maxForks = 8;

/** A transaction as its owner finds it when a message or the end of a flow concerns it. */
interface OpenClient {
  readonly sentBy: string;
  /** Undefined: the end of a flow means nothing to it. */
  readonly hop: Hop | undefined;
  step(stimulus: ClientStimulus): void;
  stop(): void;
}

/** What is finished is cleared away so much later than it may be, ms: what ends together goes together. */
const clearAwayMs = 250;

/** The client transactions of one line. */
export class ClientTransactions {
  readonly options: ClientTransactionsOptions;
  readonly open = new Map<string, OpenClient>();
  /** In the order in which they may be forgotten. */
  private finished: Finished[] = [];
  private clearing: Timer | undefined = undefined;

  constructor(options: ClientTransactionsOptions) {
    this.options = options;
  }

  request(draft: RequestDraft, hop: Hop, listener: ClientListener): ClientTransaction {
    const { method } = draft;
    refuseAck(method);
    const branch = this.newBranch();
    const via = viaOf(hop, branch);
    const invite = method === 'INVITE' ? { draft, via } : undefined;
    return this.start({ method, branch, sentBy: sentByOfHop(hop), bytes: buildRequest(draft, via), invite }, hop, listener);
  }

  requestRaw(bytes: Uint8Array, hop: Hop, listener: ClientListener): ClientTransaction {
    const request = parseMessage(bytes);
    if (request.kind !== 'request') throw new LocalProtocolError('what was given to send is no SIP request');
    const { method, via } = request;
    refuseAck(method);
    const branch = branchOf(request);
    if (method === 'CANCEL') this.open.get(clientKey(branch, 'INVITE'))?.step({ type: 'cancel', sent: true });
    const invite = method === 'INVITE' ? readSentInvite(request) : undefined;
    return this.start({ method, branch, sentBy: sentByOf(via), bytes, invite }, hop, listener);
  }

  endLeft(request: SipRequest, hop: Hop, isProceeding: boolean): void {
    const { method, via } = request;
    const invite = readSentInvite(request);
    const machine = leftInviteClient(isProceeding) as ClientMachine;
    const outgoing = { method, branch: branchOf(request), sentBy: sentByOf(via), bytes: nothing, invite, machine };
    this.start(outgoing, hop, () => {});
  }

  start(outgoing: Outgoing, hop: Hop, listener: ClientListener): ClientTransaction {
    const { method, branch } = outgoing;
    const id = clientKey(branch, method);
    if (this.open.has(id))
      throw new LocalProtocolError(`the branch of a ${method} is in use by another transaction; make a new one`);
    const transaction = new ClientExecution(this, id, outgoing, hop, listener);
    this.open.set(id, transaction);
    transaction.start();
    return transaction;
  }

  receive(response: SipResponse): void {
    const { via, cseq } = response;
    const transaction = via.branch === undefined ? undefined : this.open.get(clientKey(via.branch, cseq.method));
    if (transaction === undefined) this.stray(response);
    else if (transaction.sentBy !== sentByOf(via)) this.options.fault('foreign-sent-by');
    else transaction.step({ type: 'response', response });
  }

  private stray(response: SipResponse): void {
    const isAccept = response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300;
    if (!isAccept || !this.options.onLateAccept(response)) this.options.fault('stray-response');
  }

  flowFailed(failure: FlowFailure): void {
    for (const transaction of [...this.open.values()]) {
      if (transaction.hop?.flow === failure.flow) transaction.step({ type: 'transport', failure });
    }
  }

  stop(): void {
    for (const transaction of this.open.values()) transaction.stop();
    this.open.clear();
    this.finished = [];
    this.options.ambient.clearTimer(this.clearing);
  }

  /** Until Timer K repetitions of its final response end here. */
  linger(id: string, sentBy: string, afterMs: number): void {
    const finished = new Finished(id, sentBy, this.options.ambient.now() + afterMs);
    this.open.set(id, finished);
    this.finished.push(finished);
    this.clearing ??= this.clearAwayAt(finished.untilMs);
  }

  private clearAwayAt(atMs: number): Timer {
    const { ambient } = this.options;
    return ambient.setTimer(() => this.clearAway(), atMs + clearAwayMs - ambient.now());
  }

  private clearAway(): void {
    const nowMs = this.options.ambient.now();
    const left = this.finished.filter(({ untilMs }) => untilMs > nowMs);
    for (const { id, untilMs } of this.finished) if (untilMs <= nowMs) this.open.delete(id);
    this.finished = left;
    this.clearing = left[0] && this.clearAwayAt(left[0].untilMs);
  }

  newBranch(): string {
    return newBranch(this.options.ambient, this.options.key);
  }
}

/** All that is left of a request other than INVITE once its final response has come. */
class Finished implements OpenClient {
  readonly id: string;
  readonly sentBy: string;
  readonly untilMs: number;

  constructor(id: string, sentBy: string, untilMs: number) {
    this.id = id;
    this.sentBy = sentBy;
    this.untilMs = untilMs;
  }

  get hop(): undefined {
    return undefined;
  }

  step(): void {}

  stop(): void {}
}

class ClientExecution extends Execution<State, ClientStimulus, ClientEffect> implements ClientTransaction {
  readonly method: string;
  readonly branch: string;
  readonly sentBy: string;
  readonly hop: Hop;
  private readonly owner: ClientTransactions;
  private readonly id: string;
  private bytes: Uint8Array;
  private readonly listener: ClientListener;
  private readonly answers: Answers | undefined;

  constructor(
    owner: ClientTransactions,
    id: string,
    { method, branch, sentBy, bytes, invite, machine = invite === undefined ? nonInviteClient : inviteClient }: Outgoing,
    hop: Hop,
    listener: ClientListener,
  ) {
    super(owner.options.ambient, machine as ClientMachine, owner.options.timing(hop.reliable));
    this.method = method;
    this.branch = branch;
    this.sentBy = sentBy;
    this.hop = hop;
    this.owner = owner;
    this.id = id;
    this.bytes = bytes;
    this.listener = listener;
    this.answers = invite === undefined ? undefined : new Answers(owner, this, invite);
  }

  cancel(): void {
    this.step({ type: 'cancel', sent: false });
  }

  abandon(): void {
    this.step({ type: 'abandon' });
  }

  /** A transport that refuses the bytes is an event like any other, told later: nobody expects it inside his own call (T11). */
  transmit(bytes: Uint8Array): void {
    const { options } = this.owner;
    const { flow } = this.hop;
    if (options.send(flow, bytes)) return;
    const detail = 'the message could not be handed to its transport';
    const failure: FlowFailure = { flow, remote: nowhere, reason: 'error', detail, atMs: options.ambient.now() };
    options.ambient.defer(() => this.step({ type: 'transport', failure }));
  }

  protected perform(effect: ClientEffect): void {
    if (effect.type === 'send') this.transmit(this.bytes);
    else if (effect.type === 'report') this.report(effect.event);
    else if (effect.type === 'ack') this.answers?.ack(effect.response);
    else if (effect.type === 'cancel') this.answers?.cancel();
    else if (effect.type === 'hang-up') this.answers?.hangUp(effect.response);
  }

  /** After a final response nothing is sent again: what lingers to absorb repetitions need not hold the message. */
  private report(event: ClientEvent): void {
    if (event.type === 'final') this.bytes = nothing;
    this.listener(event);
  }

  /** Whoever waits for Timer K is remembered by less: under load there are thousands, and they outlive everything else of a registration. */
  protected override arm(timer: TimerName, afterMs: number): void {
    if (timer !== 'K') return super.arm(timer, afterMs);
    this.stop();
    this.owner.linger(this.id, this.sentBy, afterMs);
  }

  protected fired(timer: TimerName): ClientStimulus {
    return { type: 'timer', timer: timer as ClientTimer };
  }

  protected ended(): void {
    this.owner.open.delete(this.id);
  }
}

/** What the layer sends by itself on account of one INVITE: each message is made once, and repeated when the server repeats itself. */
class Answers {
  private readonly owner: ClientTransactions;
  private readonly transaction: ClientExecution;
  private readonly invite: SentInvite;
  private failureAck: Uint8Array | undefined = undefined;
  private readonly acks = new Map<string, Uint8Array>();

  constructor(owner: ClientTransactions, transaction: ClientExecution, invite: SentInvite) {
    this.owner = owner;
    this.transaction = transaction;
    this.invite = invite;
  }

  ack(response: SipResponse): void {
    this.failureAck ??= ackForFailure(this.invite, response);
    this.transaction.transmit(this.failureAck);
  }

  cancel(): void {
    const { branch, sentBy } = this.transaction;
    if (this.owner.open.has(clientKey(branch, 'CANCEL'))) return;
    this.startSilently({ method: 'CANCEL', branch, sentBy, bytes: cancelFor(this.invite), invite: undefined });
  }

  hangUp(response: SipResponse): void {
    const { owner, transaction, invite } = this;
    const { hop } = transaction;
    const fork = response.to.params.get('tag') ?? '';
    const known = this.acks.get(fork);
    if (known !== undefined) return transaction.transmit(known);
    if (this.acks.size === maxForks) return owner.options.fault('too-many-forks');
    const ack = ackForSuccess(invite, response, viaOf(hop, owner.newBranch()));
    this.acks.set(fork, ack);
    transaction.transmit(ack);
    const branch = owner.newBranch();
    const bytes = byeForSuccess(invite, response, viaOf(hop, branch));
    this.startSilently({ method: 'BYE', branch, sentBy: sentByOfHop(hop), bytes, invite: undefined });
  }

  private startSilently(outgoing: Outgoing): void {
    this.owner.start(outgoing, this.transaction.hop, () => {});
  }
}

interface HopTexts {
  readonly sentBy: string;
  /** A Via up to its branch. */
  readonly via: string;
}

/** Thousands of requests take the same hop. */
const hopTexts = new WeakMap<Hop, HopTexts>();

function textsOf(hop: Hop): HopTexts {
  const known = hopTexts.get(hop);
  if (known !== undefined) return known;
  const { viaSentBy, protocol } = hop;
  const made = {
    sentBy: canonicalSentBy(viaSentBy, protocol),
    via: `SIP/2.0/${protocol.toUpperCase()} ${viaSentBy};branch=`,
  };
  hopTexts.set(hop, made);
  return made;
}

const viaOf = (hop: Hop, branch: string): string => `${textsOf(hop).via}${branch};rport`;
const sentByOfHop = (hop: Hop): string => textsOf(hop).sentBy;

function branchOf({ method, via: { branch } }: SipRequest): string {
  if (branch === undefined) throw new LocalProtocolError(`the Via of a ${method} to send has no branch`);
  return branch;
}

function refuseAck(method: string): void {
  if (method === 'ACK')
    throw new LocalProtocolError('an ACK is no transaction; the ACK of a 2xx is sent with sendAck, any other by the layer');
}
