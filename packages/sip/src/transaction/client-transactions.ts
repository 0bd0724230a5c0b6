import {
  type Ambient,
  type Endpoint,
  type Flow,
  type FlowFailure,
  type LineKey,
  LocalProtocolError,
  type Protocol,
} from '@offhook/core';
import { buildRequest } from '../codec/build-message.ts';
import type { RequestDraft, SipResponse } from '../codec/message.ts';
import { parseMessage } from '../codec/parse-message.ts';
import type { ClientEffect, ClientEvent, ClientStimulus } from './client-machine.ts';
import { ackForFailure, ackForSuccess, byeForSuccess, cancelFor, readSentInvite, type SentInvite } from './derived-requests.ts';
import { createExecution, type Execution } from './execution.ts';
import type { LayerFault } from './faults.ts';
import { canonicalSentBy, clientKey, newBranch, sentByOf } from './identity.ts';
import { type InviteClientState, inviteClient } from './invite-client.ts';
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
}

export interface ClientTransactions {
  readonly size: number;
  request(draft: RequestDraft, hop: Hop, listener: ClientListener): ClientTransaction;
  requestRaw(bytes: Uint8Array, hop: Hop, listener: ClientListener): ClientTransaction;
  receive(response: SipResponse): void;
  flowFailed(failure: FlowFailure): void;
  stop(): void;
}

type State = InviteClientState | NonInviteClientState;
type ClientExecution = Execution<State, ClientStimulus>;

/** A request ready to go. */
interface Outgoing {
  readonly method: string;
  readonly branch: string;
  readonly sentBy: string;
  readonly bytes: Uint8Array;
  /** Of an INVITE only. */
  readonly invite?: SentInvite;
}

interface Record {
  readonly hop: Hop;
  readonly sentBy: string;
  readonly execution: ClientExecution;
}

const nowhere: Endpoint = { host: '0.0.0.0', port: 0 };
/** Forks of one unwanted call that are hung up; a server that makes more is not worth our memory. */
const maxForks = 8;

export function createClientTransactions(options: ClientTransactionsOptions): ClientTransactions {
  const { ambient, key, fault } = options;
  const records = new Map<string, Record>();

  function start(outgoing: Outgoing, hop: Hop, listener: ClientListener): ClientTransaction {
    const { method, branch, bytes, invite } = outgoing;
    const id = clientKey(branch, method);
    if (records.has(id))
      throw new LocalProtocolError(`the branch of a ${method} is in use by another transaction; make a new one`);
    const transmit = (message: Uint8Array) => {
      if (options.send(hop.flow, message)) return;
      const failure: FlowFailure = {
        flow: hop.flow,
        remote: nowhere,
        reason: 'error',
        detail: 'the message could not be handed to its transport',
        atMs: ambient.now(),
      };
      ambient.defer(() => execution.step({ type: 'transport', failure }));
    };
    const answers = invite === undefined ? undefined : createAnswers(invite, hop, transmit);
    const execution: ClientExecution = createExecution<State, ClientStimulus, ClientEffect>({
      ambient,
      machine: (method === 'INVITE' ? inviteClient : nonInviteClient) as Machine<State, ClientStimulus, ClientEffect>,
      timing: options.timing(hop.reliable),
      fired: (timer: TimerName) => ({ type: 'timer', timer: timer as ClientTimer }),
      ended: () => records.delete(id),
      perform: (effect) => {
        if (effect.type === 'report') listener(effect.event);
        else if (effect.type === 'send') transmit(bytes);
        else if (effect.type === 'ack') answers?.ack(effect.response);
        else if (effect.type === 'hang-up') answers?.hangUp(effect.response);
        else if (effect.type === 'cancel') sendCancel(outgoing, hop);
      },
    });
    records.set(id, { hop, sentBy: outgoing.sentBy, execution });
    execution.start();
    return {
      method,
      branch,
      cancel: () => execution.step({ type: 'cancel', sent: false }),
      abandon: () => execution.step({ type: 'abandon' }),
    };
  }

  function sendCancel({ branch, sentBy, invite }: Outgoing, hop: Hop): void {
    if (invite === undefined || records.has(clientKey(branch, 'CANCEL'))) return;
    start({ method: 'CANCEL', branch, sentBy, bytes: cancelFor(invite) }, hop, ignore);
  }

  /** ACKs and BYEs the layer makes for one INVITE: each once, then repeated as long as the server repeats itself. */
  function createAnswers(invite: SentInvite, hop: Hop, transmit: (bytes: Uint8Array) => void) {
    const acks = new Map<string, Uint8Array>();
    let failureAck: Uint8Array | undefined;
    return {
      ack(response: SipResponse): void {
        failureAck ??= ackForFailure(invite, response);
        transmit(failureAck);
      },
      hangUp(response: SipResponse): void {
        const fork = response.to.params.get('tag') ?? '';
        const known = acks.get(fork);
        if (known !== undefined) return transmit(known);
        if (acks.size === maxForks) return fault('too-many-forks');
        const ack = ackForSuccess(invite, response, viaOf(hop, newBranch(ambient, key)));
        acks.set(fork, ack);
        transmit(ack);
        const branch = newBranch(ambient, key);
        const bytes = byeForSuccess(invite, response, viaOf(hop, branch));
        start({ method: 'BYE', branch, sentBy: sentByOfHop(hop), bytes }, hop, ignore);
      },
    };
  }

  return {
    get size() {
      return records.size;
    },
    request(draft, hop, listener) {
      const { method } = draft;
      refuseAck(method);
      const branch = newBranch(ambient, key);
      const via = viaOf(hop, branch);
      const outgoing: Outgoing = { method, branch, sentBy: sentByOfHop(hop), bytes: buildRequest(draft, via) };
      return start(method === 'INVITE' ? { ...outgoing, invite: { draft, via } } : outgoing, hop, listener);
    },
    requestRaw(bytes, hop, listener) {
      const request = parseMessage(bytes);
      if (request.kind !== 'request') throw new LocalProtocolError('what was given to send is no SIP request');
      const { method, via } = request;
      refuseAck(method);
      if (via.branch === undefined) throw new LocalProtocolError(`the Via of a ${method} to send has no branch`);
      if (method === 'CANCEL') records.get(clientKey(via.branch, 'INVITE'))?.execution.step({ type: 'cancel', sent: true });
      const outgoing: Outgoing = { method, branch: via.branch, sentBy: sentByOf(via), bytes };
      return start(method === 'INVITE' ? { ...outgoing, invite: readSentInvite(request) } : outgoing, hop, listener);
    },
    receive(response) {
      const { via, cseq } = response;
      const record = via.branch === undefined ? undefined : records.get(clientKey(via.branch, cseq.method));
      if (record === undefined) return fault('stray-response');
      if (record.sentBy !== sentByOf(via)) return fault('foreign-sent-by');
      record.execution.step({ type: 'response', response });
    },
    flowFailed(failure) {
      for (const { hop, execution } of [...records.values()]) {
        if (hop.flow === failure.flow) execution.step({ type: 'transport', failure });
      }
    },
    stop() {
      for (const { execution } of records.values()) execution.stop();
      records.clear();
    },
  };
}

const ignore: ClientListener = () => {};
const viaOf = (hop: Hop, branch: string): string =>
  `SIP/2.0/${hop.protocol.toUpperCase()} ${hop.viaSentBy};branch=${branch};rport`;
const sentByOfHop = (hop: Hop): string => canonicalSentBy(hop.viaSentBy, hop.protocol);

function refuseAck(method: string): void {
  if (method === 'ACK')
    throw new LocalProtocolError('an ACK is no transaction; the ACK of a 2xx is sent with sendAck, any other by the layer');
}
