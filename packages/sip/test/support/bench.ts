import { asFlow, type Flow, type FlowFailure, type LineInbound, lineKey, type Protocol } from '@offhook/core';
import { buildResponse } from '../../src/codec/build-message.ts';
import type { RequestDraft, ResponseDraft, SipMessage, SipRequest } from '../../src/codec/message.ts';
import { parseMessage } from '../../src/codec/parse-message.ts';
import type { ClientEvent } from '../../src/transaction/client-machine.ts';
import type { ClientTransaction, Hop } from '../../src/transaction/client-transactions.ts';
import { createTransactionLayer, type TransactionLayer, type TransactionLayerOptions } from '../../src/transaction/layer.ts';
import type { ServerTransaction } from '../../src/transaction/server-transactions.ts';
import { defaultSipTimers } from '../../src/transaction/timing.ts';
import { createFakeAmbient, type FakeAmbient } from './fake-ambient.ts';

/** One message that left the layer. */
export interface Sent {
  readonly atS: number;
  readonly flow: Flow;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly message: SipMessage;
}

/** A transaction layer on a table: what it sends and reports is recorded, what the network says is written by the test. */
export interface Bench {
  readonly ambient: FakeAmbient;
  readonly layer: TransactionLayer;
  readonly sent: Sent[];
  readonly requests: ServerTransaction[];
  readonly acks: SipRequest[];
  readonly faults: string[];
  /** Sends a request and records its events. */
  request(draft: RequestDraft, hop?: Hop): Client;
  requestRaw(text: string, hop?: Hop): Client;
  /** One message from the network; on the flow of `udp` unless told otherwise. */
  receive(message: string | Uint8Array, over?: Partial<LineInbound>): void;
  /** The server's answer to a request we sent. */
  answer(sent: Sent | undefined, draft: ResponseDraft, edit?: (text: string) => string): void;
  /** Seconds at which messages starting with `start` left. */
  times(start: string): number[];
  /** Messages starting with `start`. */
  all(start: string): Sent[];
  run(untilS: number): void;
}

export interface Client {
  readonly transaction: ClientTransaction;
  readonly events: ClientEvent[];
  /** `180`, `200`, `B`, `transport`: the events in short. */
  readonly heard: (number | string)[];
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export function parsed(bytes: Uint8Array): SipMessage {
  const message = parseMessage(bytes);
  if (message.kind === 'fault') throw new Error(`a test or the layer wrote no SIP message (${message.fault}):\n${text(bytes)}`);
  return message;
}

export function hop(protocol: Protocol, name = 'server-1'): Hop {
  return { flow: asFlow(`${protocol}:${name}`), protocol, reliable: protocol !== 'udp', viaSentBy: '192.0.2.1:5060' };
}
export const udp = hop('udp');
export const tcp = hop('tcp');

export function createBench(options: Partial<TransactionLayerOptions> = {}): Bench {
  const ambient = createFakeAmbient();
  const sent: Sent[] = [];
  const requests: ServerTransaction[] = [];
  const acks: SipRequest[] = [];
  const faults: string[] = [];
  const layer = createTransactionLayer({
    ambient,
    key: lineKey('line-1'),
    timers: defaultSipTimers,
    send(flow, bytes) {
      sent.push({
        atS: ambient.now() / 1000,
        flow,
        bytes,
        text: text(bytes),
        get message() {
          return parsed(bytes);
        },
      });
    },
    onRequest: (server) => void requests.push(server),
    onAck: (request) => void acks.push(request),
    onFault: (name) => void faults.push(name),
    ...options,
  });
  const listen = (start: (listener: (event: ClientEvent) => void) => ClientTransaction): Client => {
    const events: ClientEvent[] = [];
    const heard: (number | string)[] = [];
    const transaction = start((event) => {
      events.push(event);
      heard.push('response' in event ? event.response.status : event.type === 'transport' ? event.type : event.timer);
    });
    return { transaction, events, heard };
  };
  const receive = (message: string | Uint8Array, over: Partial<LineInbound> = {}) =>
    layer.receive({
      bytes: typeof message === 'string' ? Buffer.from(message) : message,
      flow: udp.flow,
      protocol: 'udp',
      local: { host: '192.0.2.1', port: 5060 },
      remote: { host: '198.51.100.1', port: 5060 },
      atMs: ambient.now(),
      ...over,
    });
  const all = (start: string) => sent.filter((message) => message.text.startsWith(start));

  return {
    ambient,
    layer,
    sent,
    requests,
    acks,
    faults,
    request: (draft, to = udp) => listen((listener) => layer.request(draft, to, listener)),
    requestRaw: (raw, to = udp) => listen((listener) => layer.requestRaw(Buffer.from(raw), to, listener)),
    receive,
    answer(request, draft, edit = (written) => written) {
      if (request?.message.kind !== 'request') throw new Error('no such request was sent');
      receive(edit(text(buildResponse(request.message, { toTag: 'server', ...draft }))), { flow: request.flow });
    },
    times: (start) => all(start).map(({ atS }) => atS),
    all,
    run: (untilS) => ambient.run(untilS * 1000),
  };
}

/** A request of ours. */
export function draft(method: string, more: RequestDraft['headers'] = []): RequestDraft {
  const headers: RequestDraft['headers'] = [
    ['Max-Forwards', '70'],
    ...more,
    ['From', '<sip:alice@example.com>;tag=ours'],
    ['To', '<sip:bob@example.com>'],
    ['Call-ID', 'call-1@192.0.2.1'],
    ['CSeq', `7 ${method}`],
    ['Contact', '<sip:alice@192.0.2.1:5060>'],
  ];
  return { method, uri: 'sip:bob@example.com', headers };
}

export interface Incoming {
  readonly via?: string;
  readonly branch?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly string[];
}

/** A request of theirs, from 198.51.100.1:5060 unless its Via says otherwise. */
export function incoming(method: string, over: Incoming = {}): string {
  const branch = over.branch === '' ? '' : `;branch=${over.branch ?? 'z9hG4bKtheirs'}`;
  return [
    `${method} sip:alice@192.0.2.1:5060 SIP/2.0`,
    `Via: ${over.via ?? `SIP/2.0/UDP 198.51.100.1:5060${branch}`}`,
    'Max-Forwards: 70',
    `From: ${over.from ?? '<sip:bob@example.com>;tag=theirs'}`,
    `To: ${over.to ?? '<sip:alice@example.com>'}`,
    `Call-ID: ${over.callId ?? 'call-2@198.51.100.1'}`,
    `CSeq: ${over.cseq ?? 1} ${method}`,
    ...(over.headers ?? []),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

export function failure(flow: Flow, reason: FlowFailure['reason'] = 'refused'): FlowFailure {
  return { flow, remote: { host: '198.51.100.1', port: 5060 }, reason, detail: 'port unreachable', atMs: 0 };
}

/** A whole request of ours, as the dialog adapter hands it over. */
export function raw(method: string, branch: string, more: readonly string[] = []): string {
  return [
    `${method} sip:bob@example.com SIP/2.0`,
    `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=${branch};rport`,
    'Max-Forwards: 70',
    ...more,
    'From: <sip:alice@example.com>;tag=ours',
    'To: <sip:bob@example.com>',
    'Call-ID: call-1@192.0.2.1',
    `CSeq: 7 ${method}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
