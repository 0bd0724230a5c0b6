import { type Ambient, type Flow, type FlowFailure, type LineInbound, type LineKey, LocalProtocolError } from '@offhook/core';
import type { RequestDraft, SipRequest, SipResponse } from '../codec/message.ts';
import { parseMessage } from '../codec/parse-message.ts';
import {
  type ClientListener,
  type ClientTransaction,
  ClientTransactions,
  type ClientTransactionsOptions,
  type Hop,
} from './client-transactions.ts';
import type { LayerFault } from './faults.ts';
import { type ServerTransaction, ServerTransactions, type ServerTransactionsOptions } from './server-transactions.ts';
import { type SipTimers, type Timing, timingOf } from './timing.ts';

export interface TransactionLayerOptions {
  readonly ambient: Ambient;
  /** The line this layer serves; every branch carries it. */
  readonly key: LineKey;
  readonly timers: SipTimers;
  /** Hands bytes to the edge. Throwing counts as a failure of that flow. */
  send(flow: Flow, bytes: Uint8Array): void;
  /** A new request other than ACK and CANCEL. Retransmissions and merged copies do not come here. */
  onRequest(server: ServerTransaction): void;
  /** An ACK that belongs to no transaction: that of a 2xx, again and again if the peer repeats it. */
  onAck?(request: SipRequest, inbound: LineInbound): void;
  /** A 2xx to an INVITE that no transaction knows: an earlier owner of the line sent it. @returns false when no dialog knows it either */
  onLateAccept?(response: SipResponse): boolean;
  /** Counts what was dropped or refused: a fault of the parser, or a `LayerFault`. */
  onFault?(name: string): void;
  /** Server transactions held at once; a request beyond gets a 503. Default 256. */
  readonly maxServerTransactions?: number;
}

/** The transactions of one line, on all its flows and for both its legs. @source RFC 3261 section 17, RFC 6026, RFC 3581 */
export interface TransactionLayer {
  /** Open transactions, those included that only absorb retransmissions. */
  readonly size: number;
  /**
   * Sends a request with a Via of its own and reports what becomes of it, never more than one outcome (a 2xx to INVITE may repeat).
   * @throws LocalProtocolError `E_SIP_LOCAL` when the draft cannot be written or is an ACK
   */
  request(draft: RequestDraft, hop: Hop, listener: ClientListener): ClientTransaction;
  /**
   * The same with a whole message, whose Via is kept. Of an INVITE's user the ACK of a 3xx-6xx must not be passed on: it carries
   * `ClientTransaction.branch`, and the layer has sent its own. A CANCEL of the user's own goes through here, after a provisional response.
   * @throws LocalProtocolError `E_SIP_LOCAL` when the bytes are no request, an ACK, or their branch is missing or in use
   */
  requestRaw(bytes: Uint8Array, hop: Hop, listener: ClientListener): ClientTransaction;
  /**
   * Ends an INVITE that an earlier owner of the line had sent: cancelled as soon as that is allowed, and hung up when it is accepted
   * nevertheless. @param isProceeding a provisional response has come
   * @throws LocalProtocolError `E_SIP_LOCAL` when the bytes are no INVITE, or their branch is missing or in use
   * @source D-21, RFC 3261 section 9.1
   */
  endLeft(invite: Uint8Array, hop: Hop, isProceeding: boolean): void;
  /**
   * Goes on with an INVITE that an earlier owner of the line had taken and not answered: its repetitions and its CANCEL find it here.
   * @param toTag that of the earlier responses
   * @throws LocalProtocolError `E_SIP_LOCAL` when the bytes are no INVITE
   */
  adopt(inbound: LineInbound, toTag: string): ServerTransaction;
  /** Sends the ACK of a 2xx; call it again for each repeated 2xx. */
  sendAck(bytes: Uint8Array, flow: Flow): void;
  /** Takes one message from the network. Never throws because of what the network sent. */
  receive(inbound: LineInbound): void;
  /** Ends every outstanding client transaction on the flow; drops the server transactions of a stream. @source RFC 3261 section 17.1.4, D-18 */
  flowFailed(failure: FlowFailure): void;
  /** Forgets everything without a word and leaves no timer behind; what is still on its way is ignored. */
  stop(): void;
}

/** Lines of one phone share their timers, and so what these are on either kind of hop. */
const timings = new WeakMap<SipTimers, { readonly datagram: Timing; readonly stream: Timing }>();

function timingsOf(timers: SipTimers): { readonly datagram: Timing; readonly stream: Timing } {
  const known = timings.get(timers) ?? { datagram: timingOf(timers, false), stream: timingOf(timers, true) };
  timings.set(timers, known);
  return known;
}

function readInvite(bytes: Uint8Array): SipRequest {
  const message = parseMessage(bytes);
  if (message.kind === 'request' && message.method === 'INVITE') return message;
  throw new LocalProtocolError('what was kept of an INVITE is no INVITE');
}

/** A class, because a process holds one for each of its lines. */
class LineTransactions implements TransactionLayer, ClientTransactionsOptions, ServerTransactionsOptions {
  private readonly options: TransactionLayerOptions;
  private readonly clients: ClientTransactions;
  /** Made for the first request from the network. */
  private servers: ServerTransactions | undefined = undefined;
  private isStopped = false;

  constructor(options: TransactionLayerOptions) {
    this.options = options;
    this.clients = new ClientTransactions(this);
  }

  get ambient(): Ambient {
    return this.options.ambient;
  }

  get key(): LineKey {
    return this.options.key;
  }

  get limit(): number {
    return this.options.maxServerTransactions ?? 256;
  }

  get size(): number {
    return this.clients.open.size + (this.servers?.open.size ?? 0);
  }

  request(draft: RequestDraft, hop: Hop, listener: ClientListener): ClientTransaction {
    return this.clients.request(draft, hop, listener);
  }

  requestRaw(bytes: Uint8Array, hop: Hop, listener: ClientListener): ClientTransaction {
    return this.clients.requestRaw(bytes, hop, listener);
  }

  endLeft(invite: Uint8Array, hop: Hop, isProceeding: boolean): void {
    this.clients.endLeft(readInvite(invite), hop, isProceeding);
  }

  adopt(inbound: LineInbound, toTag: string): ServerTransaction {
    return this.serving().adopt(readInvite(inbound.bytes), inbound, toTag);
  }

  sendAck(bytes: Uint8Array, flow: Flow): void {
    this.send(flow, bytes);
  }

  receive(inbound: LineInbound): void {
    if (this.isStopped) return;
    const message = parseMessage(inbound.bytes);
    if (message.kind === 'fault') {
      this.options.onFault?.(message.fault);
      if (message.answer !== undefined) this.serving().refuse(message.answer.request, inbound, message.answer.status);
    } else if (message.kind === 'request') {
      this.serving().receive(message, inbound);
    } else if (!message.hasOneVia) {
      this.fault('misrouted-response');
    } else {
      this.clients.receive(message);
    }
  }

  flowFailed(failure: FlowFailure): void {
    this.clients.flowFailed(failure);
    this.servers?.flowFailed(failure);
  }

  stop(): void {
    this.isStopped = true;
    this.clients.stop();
    this.servers?.stop();
  }

  timing(reliable: boolean): Timing {
    const { stream, datagram } = timingsOf(this.options.timers);
    return reliable ? stream : datagram;
  }

  send(flow: Flow, bytes: Uint8Array): boolean {
    try {
      this.options.send(flow, bytes);
      return true;
    } catch (error) {
      // The bus may be closed; a transaction must learn that as an event, not as an exception inside a timer (T11).
      this.ambient.log.warn('a SIP message could not be handed over', { error });
      this.fault('send-failed');
      return false;
    }
  }

  fault(name: LayerFault): void {
    this.options.onFault?.(name);
  }

  onRequest(server: ServerTransaction): void {
    this.options.onRequest(server);
  }

  onAck(request: SipRequest, inbound: LineInbound): void {
    if (this.options.onAck === undefined) this.fault('stray-ack');
    else this.options.onAck(request, inbound);
  }

  onLateAccept(response: SipResponse): boolean {
    return this.options.onLateAccept?.(response) ?? false;
  }

  private serving(): ServerTransactions {
    this.servers ??= new ServerTransactions(this);
    return this.servers;
  }
}

export const createTransactionLayer = (options: TransactionLayerOptions): TransactionLayer => new LineTransactions(options);
