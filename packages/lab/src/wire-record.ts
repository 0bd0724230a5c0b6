import { type Endpoint, formatEndpoint, type Protocol } from '@offhook/core';
import { parseMessage, type SipFault, type SipMessage, type SipRequest, type SipResponse } from '@offhook/sip';
import { type Place, readPlace } from './wire-place.ts';

/** Why a packet never arrived. */
export type LossReason = 'loss' | 'silence' | 'partition' | 'refused' | 'no-listener' | 'no-host' | 'closed';

/** What crossed, or tried to cross, the wire. */
export interface Packet {
  /** Counts up from 1 in the order of sending. */
  readonly seq: number;
  /** When it was sent, ms. */
  readonly atMs: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: Protocol;
  /** `data` carries bytes; the others are the network's own signs. */
  readonly kind: 'data' | 'icmp' | 'syn' | 'accept' | 'reset' | 'fin';
  readonly bytes: Uint8Array;
  /** When it arrived, ms; undefined on the way and when dropped. */
  readonly deliveredAtMs?: number;
  readonly dropped?: LossReason;
  /** Read when asked for; undefined for packets that carry no SIP message. */
  readonly message: SipMessage | SipFault | undefined;
}

/** A packet that carries a request (or response), with its message at hand. */
export type RequestPacket = Packet & { readonly message: SipRequest };
export type ResponsePacket = Packet & { readonly message: SipResponse };

export interface PacketFilter {
  readonly from?: Place;
  readonly to?: Place;
  readonly protocol?: Protocol;
  /** Sent at or after, ms. */
  readonly sinceMs?: number;
  /** Sent before, ms. */
  readonly untilMs?: number;
  readonly callId?: string;
  /** True: only what arrived; false: only what was dropped. */
  readonly delivered?: boolean;
}
export interface RequestFilter extends PacketFilter {
  readonly method?: string;
}
export interface ResponseFilter extends PacketFilter {
  readonly status?: number;
  /** Method of the CSeq. */
  readonly method?: string;
}

/** Everything the wire saw, in the order of sending. */
export interface WireRecord {
  readonly packets: readonly Packet[];
  find(filter?: PacketFilter): readonly Packet[];
  /** Requests, retransmissions and dropped ones included. */
  requests(filter?: RequestFilter): readonly RequestPacket[];
  responses(filter?: ResponseFilter): readonly ResponsePacket[];
  /** One line per packet: instant, ends, protocol, start line, Call-ID, CSeq, fate, hash of the bytes. */
  transcript(filter?: PacketFilter): readonly string[];
}

const messages = new WeakMap<Uint8Array, SipMessage | SipFault>();

/** Bytes on the wire never change: repetitions, which share them, are read once. */
function messageIn(bytes: Uint8Array): SipMessage | SipFault {
  const known = messages.get(bytes) ?? parseMessage(bytes);
  messages.set(bytes, known);
  return known;
}

/** The part of a packet that is still to be written. */
export class PacketEntry implements Packet {
  readonly seq: number;
  readonly atMs: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: Protocol;
  readonly kind: Packet['kind'];
  readonly bytes: Uint8Array;
  deliveredAtMs?: number;
  dropped?: LossReason;

  constructor(fields: Pick<Packet, 'seq' | 'atMs' | 'from' | 'to' | 'protocol' | 'kind' | 'bytes'>) {
    this.seq = fields.seq;
    this.atMs = fields.atMs;
    this.from = fields.from;
    this.to = fields.to;
    this.protocol = fields.protocol;
    this.kind = fields.kind;
    this.bytes = fields.bytes;
  }

  get message(): SipMessage | SipFault | undefined {
    return this.kind === 'data' ? messageIn(this.bytes) : undefined;
  }
}

function matcher(filter: PacketFilter): (packet: Packet) => boolean {
  const from = filter.from === undefined ? undefined : readPlace(filter.from);
  const to = filter.to === undefined ? undefined : readPlace(filter.to);
  const { protocol, sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY, callId, delivered } = filter;
  return (packet) =>
    packet.atMs >= sinceMs &&
    packet.atMs < untilMs &&
    (protocol === undefined || packet.protocol === protocol) &&
    (from === undefined || from(packet.from, packet.protocol)) &&
    (to === undefined || to(packet.to, packet.protocol)) &&
    (delivered === undefined || delivered === (packet.dropped === undefined)) &&
    (callId === undefined || (isSip(packet.message) && packet.message.callId === callId));
}

const isSip = (message: Packet['message']): message is SipMessage => message !== undefined && message.kind !== 'fault';

function hash(bytes: Uint8Array): string {
  let value = 0x811c9dc5;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}

function describe(packet: Packet): string {
  const { message } = packet;
  if (message === undefined) return packet.kind;
  if (message.kind === 'fault') return `(${packet.bytes.length} bytes, ${message.fault})`;
  const start = message.kind === 'request' ? `${message.method} ${message.uri}` : `${message.status} ${message.reason}`;
  return `${start} | ${message.callId} ${message.cseq.number} ${message.cseq.method}`;
}

function line(packet: Packet): string {
  const { atMs, from, to, protocol, dropped, kind, bytes } = packet;
  const fate = dropped === undefined ? '' : ` x ${dropped}`;
  const sum = kind === 'data' ? ` #${hash(bytes)}` : '';
  return `${atMs.toFixed(3).padStart(14)}  ${formatEndpoint(from)} -> ${formatEndpoint(to)} ${protocol}  ${describe(packet)}${sum}${fate}`;
}

/** `packets` is the live list that the network appends to. */
export function createWireRecord(packets: readonly Packet[]): WireRecord {
  const find = (filter: PacketFilter = {}): readonly Packet[] => packets.filter(matcher(filter));
  return {
    packets,
    find,
    requests: ({ method, ...filter } = {}) =>
      find(filter).filter((packet): packet is RequestPacket => {
        const { message } = packet;
        return message?.kind === 'request' && (method === undefined || message.method === method);
      }),
    responses: ({ method, status, ...filter } = {}) =>
      find(filter).filter((packet): packet is ResponsePacket => {
        const { message } = packet;
        if (message?.kind !== 'response') return false;
        return (status === undefined || message.status === status) && (method === undefined || message.cseq.method === method);
      }),
    transcript: (filter) => find(filter).map(line),
  };
}
