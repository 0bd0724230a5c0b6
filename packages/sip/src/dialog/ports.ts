import { LocalProtocolError } from '@offhook/core';
import type { IncomingResponseMessage } from 'sip.js/lib/core/index.js';
import type { HeaderFields, SipRequest, SipResponse } from '../codec/message.ts';
import { parseMessage } from '../codec/parse-message.ts';
import type { ClientEvent } from '../transaction/client-machine.ts';
import type { ClientTransaction, Hop } from '../transaction/client-transactions.ts';
import type { TransactionLayer } from '../transaction/layer.ts';
import type { ServerTransaction } from '../transaction/server-transactions.ts';
import { adaptResponse, isPathTooLong, localResponse } from './incoming-message.ts';
import type { LegCore, Port } from './leg-core.ts';

/* The transports sip.js is given, one per transaction: each knows where its messages go, so that nobody reads a destination out of text. */

/** A send of ours cannot fail within itself: failures come as events. So no continuation of sip.js's promises ever runs. */
const sent = Promise.resolve();

/** Forks of one INVITE that get a dialog; a server that makes more is not worth our memory. */
const maxForks = 8;

/** What sip.js hears of an event. Of a path too long to go there is no dialog: a 2xx is as good as none (the layer hangs up). */
function tell(event: ClientEvent, request: SipRequest): IncomingResponseMessage | undefined {
  if (!('response' in event)) return localResponse(request, event.type === 'transport' ? 503 : 408);
  if (!isPathTooLong(event.response)) return adaptResponse(event.response, request.uri);
  return event.response.status < 200 ? undefined : localResponse(request, 503);
}

/** Carries one request of sip.js through the transaction layer, and the answers back. */
export class ClientPort implements Port {
  readonly hop: Hop;
  readonly protocol: string;
  private readonly core: LegCore;
  private readonly layer: TransactionLayer;
  private readonly observe: (event: ClientEvent) => void;
  private transaction: ClientTransaction | undefined = undefined;
  private request: SipRequest | undefined = undefined;
  private wish: 'cancel' | 'abandon' | undefined = undefined;
  private ackHop: Hop | undefined = undefined;
  private readonly forks = new Set<string>();
  /** The request has left. */
  onSent?: (request: SipRequest) => void;

  /** @param observe hears each event of the layer after sip.js has; failures of the layer are no responses, so none can be mistaken */
  constructor(core: LegCore, layer: TransactionLayer, hop: Hop, observe: (event: ClientEvent) => void) {
    this.core = core;
    this.layer = layer;
    this.hop = hop;
    this.protocol = hop.protocol.toUpperCase();
    this.observe = observe;
  }

  send(message: string): Promise<void> {
    this.core.later(() => this.transmit(Buffer.from(message)));
    return sent;
  }

  /** Sends the ACK of a 2xx another way than its INVITE, from now on (RED-123). */
  sendAckBy(hop: Hop): void {
    this.ackHop = hop;
  }

  cancel(): void {
    this.wish ??= 'cancel';
    this.transaction?.cancel();
  }

  /** Listens no longer; the layer cancels, or hangs up what comes nevertheless (D-21). */
  abandon(): void {
    this.wish = 'abandon';
    this.transaction?.abandon();
  }

  private transmit(bytes: Uint8Array): void {
    const request = parseMessage(bytes);
    if (request.kind !== 'request') throw new LocalProtocolError('sip.js wrote no request');
    if (request.method === 'ACK') return this.acknowledge(request);
    this.request = request;
    this.transaction = this.layer.requestRaw(bytes, this.hop, (event) => this.hear(event));
    this.onSent?.(request);
    if (this.wish === 'cancel') this.transaction.cancel();
    if (this.wish === 'abandon') this.transaction.abandon();
  }

  /** The ACK of a 3xx-6xx is the layer's, and has been sent. */
  private acknowledge(ack: SipRequest): void {
    if (ack.via.branch !== this.transaction?.branch) this.layer.sendAck(ack.bytes, (this.ackHop ?? this.hop).flow);
  }

  private hear(event: ClientEvent): void {
    const { request } = this;
    if (request === undefined || ('response' in event && this.isForkTooMany(event.response))) return;
    const told = tell(event, request);
    this.core.enter(this, (core) => {
      try {
        if (told !== undefined) core.receiveIncomingResponseFromTransport(told);
      } finally {
        this.core.later(() => this.observe(event));
      }
    });
  }

  private isForkTooMany(response: SipResponse): boolean {
    const tag = response.to.params.get('tag');
    if (tag === undefined || response.status >= 300 || this.forks.has(tag)) return false;
    if (this.forks.size === maxForks) return true;
    this.forks.add(tag);
    return false;
  }
}

/** Copied from the request by our own builder; Allow and Supported of sip.js claim what this line does not serve. */
const replaced = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Record-Route', 'Content-Length', 'Allow', 'Supported']);

/** Carries the responses of sip.js to one request. */
export class ServerPort implements Port {
  readonly hop: Hop;
  readonly protocol: string;
  private readonly core: LegCore;
  private readonly server: ServerTransaction;
  private readonly allow: string;
  /** sip.js has written a response. */
  isAnswered = false;

  constructor(core: LegCore, server: ServerTransaction, hop: Hop, allow: string) {
    this.core = core;
    this.server = server;
    this.hop = hop;
    this.protocol = hop.protocol.toUpperCase();
    this.allow = allow;
  }

  send(message: string): Promise<void> {
    this.isAnswered = true;
    this.core.later(() => this.respond(Buffer.from(message)));
    return sent;
  }

  private respond(bytes: Uint8Array): void {
    const response = parseMessage(bytes);
    if (response.kind !== 'response') throw new LocalProtocolError('sip.js wrote no response');
    const { status, reason, body } = response;
    const toTag = response.to.params.get('tag');
    const kept = response.fields.filter(([name]) => !replaced.has(name));
    const headers: HeaderFields = status < 200 ? kept : [...kept, ['Allow', this.allow]];
    this.server.respond({ status, reason, headers, body, ...(toTag === undefined ? {} : { toTag }) });
  }
}
