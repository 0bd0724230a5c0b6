import { type Ambient, type Flow, type FlowFailure, type LineInbound, LocalProtocolError, randomToken } from '@offhook/core';
import { buildResponse } from '../codec/build-message.ts';
import type { ResponseDraft, SipRequest } from '../codec/message.ts';
import { stampVia } from '../codec/via.ts';
import { createExecution, type Execution } from './execution.ts';
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

export interface ServerTransactions {
  readonly size: number;
  receive(request: SipRequest, inbound: LineInbound): void;
  /** Answers without a transaction; the same request gets the same answer. @source RFC 3261 section 8.2.7 */
  refuse(request: SipRequest, inbound: LineInbound, status: number): void;
  flowFailed(failure: FlowFailure): void;
  stop(): void;
}

type State = InviteServerState | NonInviteServerState;

interface Record {
  readonly transaction: ServerTransaction;
  readonly execution: Execution<State, ServerStimulus>;
  readonly origin: string | undefined;
  cancelled: boolean;
}

export function createServerTransactions(options: ServerTransactionsOptions): ServerTransactions {
  const { ambient, fault } = options;
  const records = new Map<string, Record>();
  /** Open transactions by what the merged copies of a request share: one look-up where sip.js scans them all (M3). */
  const origins = new Map<string, Record>();

  function open(id: string, request: SipRequest, inbound: LineInbound): Record {
    const transaction = createTransaction(ambient, request, inbound, (stimulus) => execution.step(stimulus));
    const execution = createExecution<State, ServerStimulus, ServerEffect>({
      ambient,
      machine: (request.method === 'INVITE' ? inviteServer : nonInviteServer) as Machine<State, ServerStimulus, ServerEffect>,
      timing: options.timing(inbound.protocol !== 'udp'),
      fired: (timer: TimerName) => ({ type: 'timer', timer: timer as ServerTimer }),
      ended: () => {
        records.delete(id);
        if (record.origin !== undefined && origins.get(record.origin) === record) origins.delete(record.origin);
      },
      perform: (effect) => {
        if (effect.type === 'send') options.send(inbound.flow, effect.bytes);
        else if (effect.type === 'trying') transaction.respond({ status: 100 });
        else if (effect.type === 'report') tell(transaction, effect.event);
      },
    });
    const record: Record = { transaction, execution, origin: mergeKey(request), cancelled: false };
    records.set(id, record);
    execution.start();
    return record;
  }

  function accept(request: SipRequest, inbound: LineInbound): void {
    const id = serverKey(request, request.method);
    const known = records.get(id);
    if (known !== undefined) return known.execution.step({ type: 'request' });
    if (records.size >= options.limit) {
      fault('too-many-transactions');
      return refuse(request, inbound, 503);
    }
    const record = open(id, request, inbound);
    const { origin, transaction } = record;
    if (origin === undefined) return options.onRequest(transaction);
    if (origins.has(origin)) {
      fault('merged-request');
      return transaction.respond({ status: 482 });
    }
    origins.set(origin, record);
    options.onRequest(transaction);
  }

  /** Needs no transaction: the same CANCEL gets the same answer for as long as its INVITE is known. @source RFC 3261 section 9.2 */
  function cancel(request: SipRequest, inbound: LineInbound): void {
    const record = records.get(serverKey(request, 'INVITE'));
    if (record === undefined) return refuse(request, inbound, 481);
    const { transaction, execution } = record;
    answer(request, inbound, { status: 200, toTag: transaction.toTag });
    if (record.cancelled || execution.state.name !== 'proceeding') return;
    record.cancelled = true;
    if (transaction.onCancelled === undefined) transaction.respond({ status: 487 });
    else transaction.onCancelled(request, inbound);
  }

  /** The ACK of a final response we know is absorbed; any other belongs to a dialog. @source RFC 3261 section 17.2.1, RFC 6026 section 7.1 */
  function acknowledge(request: SipRequest, inbound: LineInbound): void {
    const execution = records.get(serverKey(request, 'INVITE'))?.execution;
    const name = execution?.state.name;
    if (name === 'completed' || name === 'confirmed') execution?.step({ type: 'ack' });
    else options.onAck(request, inbound);
  }

  const answer = (request: SipRequest, inbound: LineInbound, draft: ResponseDraft) =>
    options.send(inbound.flow, buildResponse(request, draft, stampedVia(request, inbound)));

  function refuse(request: SipRequest, inbound: LineInbound, status: number): void {
    if (request.method === 'ACK') return;
    try {
      answer(request, inbound, { status, toTag: statelessTag(request) });
    } catch (error) {
      // A response repeats what a request brought, and this one may be refused just because of that.
      if (!(error instanceof LocalProtocolError)) throw error;
      fault('unanswerable');
    }
  }

  return {
    get size() {
      return records.size;
    },
    receive(request, inbound) {
      if (request.method === 'ACK') acknowledge(request, inbound);
      else if (request.method === 'CANCEL') cancel(request, inbound);
      else accept(request, inbound);
    },
    refuse,
    flowFailed(failure) {
      for (const { transaction, execution } of [...records.values()]) {
        if (transaction.inbound.flow === failure.flow) execution.step({ type: 'transport', failure });
      }
    },
    stop() {
      for (const { execution } of records.values()) execution.stop();
      records.clear();
      origins.clear();
    },
  };
}

function createTransaction(
  ambient: Pick<Ambient, 'random'>,
  request: SipRequest,
  inbound: LineInbound,
  step: (stimulus: ServerStimulus) => void,
): ServerTransaction {
  const via = stampedVia(request, inbound);
  let tag = request.to.params.get('tag');
  const toTag = () => {
    tag ??= randomToken(ambient, 64);
    return tag;
  };
  return {
    request,
    inbound,
    via,
    get toTag() {
      return toTag();
    },
    respond(draft) {
      const tagged = draft.status === 100 || draft.toTag !== undefined ? draft : { ...draft, toTag: toTag() };
      step({ type: 'respond', status: draft.status, bytes: buildResponse(request, tagged, via) });
    },
    respondRaw: (bytes) => step({ type: 'respond', status: readStatus(bytes), bytes }),
  };
}

function tell(transaction: ServerTransaction, event: ServerEvent): void {
  if (event.type === 'acked') transaction.onAcked?.();
  else if (event.type === 'timeout') transaction.onTimeout?.();
  else transaction.onFlowFailed?.(event.failure);
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
