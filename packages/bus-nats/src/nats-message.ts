import type { BusHeaders, BusMessage } from '@offhook/core';
import { headers as emptyHeaders, type Msg, type MsgHdrs } from 'nats';

const noHeaders: BusHeaders = Object.freeze({});

/** Undefined for none: an empty header block would not be valid on the wire. */
export function toNatsHeaders(headers: BusHeaders | undefined): MsgHdrs | undefined {
  const entries = Object.entries(headers ?? noHeaders);
  if (entries.length === 0) return undefined;
  const result = emptyHeaders();
  for (const [name, value] of entries) result.append(name, value);
  return result;
}

function fromNatsHeaders(headers: MsgHdrs | undefined): BusHeaders {
  if (headers === undefined) return noHeaders;
  const result: Record<string, string> = {};
  for (const [name, [value = '']] of headers) result[name] = value;
  return result;
}

/** The server's word that nobody listens; it has neither payload nor a publisher. @source NATS ADR-1 */
export const isNoResponders = (message: Msg): boolean => message.data.length === 0 && message.headers?.code === 503;

/** What a handler gets. Headers are read only when asked for. */
export class NatsMessage implements BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  declare readonly reply?: string;
  readonly #message: Msg;
  readonly #answer: (reply: string, payload: Uint8Array, headers?: BusHeaders) => void;
  #headers: BusHeaders | undefined;

  constructor(message: Msg, answer: (reply: string, payload: Uint8Array, headers?: BusHeaders) => void) {
    const { data } = message;
    this.#message = message;
    this.#answer = answer;
    this.subject = message.subject;
    // A plain view: the client hands out Buffers, whose slice() is another one than a Uint8Array's.
    this.payload = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (message.reply) this.reply = message.reply;
  }

  get headers(): BusHeaders {
    this.#headers ??= fromNatsHeaders(this.#message.headers);
    return this.#headers;
  }

  respond(payload: Uint8Array, headers?: BusHeaders): void {
    if (this.reply !== undefined) this.#answer(this.reply, payload, headers);
  }
}
