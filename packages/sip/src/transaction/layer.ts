import type { Ambient, Flow, FlowFailure, LineInbound, LineKey } from '@offhook/core';
import type { RequestDraft, SipRequest } from '../codec/message.ts';
import { parseMessage } from '../codec/parse-message.ts';
import { type ClientListener, type ClientTransaction, ClientTransactions, type Hop } from './client-transactions.ts';
import type { LayerFault } from './faults.ts';
import { type ServerTransaction, ServerTransactions } from './server-transactions.ts';
import { type SipTimers, timingOf } from './timing.ts';

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
  /** Sends the ACK of a 2xx; call it again for each repeated 2xx. */
  sendAck(bytes: Uint8Array, flow: Flow): void;
  /** Takes one message from the network. Never throws because of what the network sent. */
  receive(inbound: LineInbound): void;
  /** Ends every outstanding client transaction on the flow; drops the server transactions of a stream. @source RFC 3261 section 17.1.4, D-18 */
  flowFailed(failure: FlowFailure): void;
  /** Forgets everything without a word and leaves no timer behind. */
  stop(): void;
}

export function createTransactionLayer(options: TransactionLayerOptions): TransactionLayer {
  const { ambient, key } = options;
  const fault = (name: LayerFault) => options.onFault?.(name);
  const datagram = timingOf(options.timers, false);
  const stream = timingOf(options.timers, true);
  const timing = (reliable: boolean) => (reliable ? stream : datagram);
  const send = (flow: Flow, bytes: Uint8Array): boolean => {
    try {
      options.send(flow, bytes);
      return true;
    } catch (error) {
      // The bus may be closed; a transaction must learn that as an event, not as an exception inside a timer (T11).
      ambient.log.warn('a SIP message could not be handed over', { error });
      fault('send-failed');
      return false;
    }
  };
  const clients = new ClientTransactions({ ambient, key, timing, send, fault });
  const servers = new ServerTransactions({
    ambient,
    timing,
    send,
    fault,
    limit: options.maxServerTransactions ?? 256,
    onRequest: options.onRequest,
    onAck: (request, inbound) => (options.onAck === undefined ? fault('stray-ack') : options.onAck(request, inbound)),
  });

  return {
    get size() {
      return clients.open.size + servers.open.size;
    },
    request: (draft, hop, listener) => clients.request(draft, hop, listener),
    requestRaw: (bytes, hop, listener) => clients.requestRaw(bytes, hop, listener),
    sendAck: (bytes, flow) => void send(flow, bytes),
    receive(inbound) {
      const message = parseMessage(inbound.bytes);
      if (message.kind === 'fault') {
        options.onFault?.(message.fault);
        if (message.answer !== undefined) servers.refuse(message.answer.request, inbound, message.answer.status);
      } else if (message.kind === 'request') {
        servers.receive(message, inbound);
      } else if (message.headers('Via').length > 1) {
        fault('misrouted-response');
      } else {
        clients.receive(message);
      }
    },
    flowFailed(failure) {
      clients.flowFailed(failure);
      servers.flowFailed(failure);
    },
    stop() {
      clients.stop();
      servers.stop();
    },
  };
}
