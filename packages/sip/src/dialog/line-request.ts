import type { Ambient, LineKey } from '@offhook/core';
import {
  type Body,
  ClientTransaction,
  OutgoingRequestMessage,
  type OutgoingRequestMessageOptions,
  type URI,
} from 'sip.js/lib/core/index.js';
import { buildRequest } from '../codec/build-message.ts';
import type { HeaderFields } from '../codec/message.ts';
import { formatNameAddr, readNameAddr } from '../codec/name-addr.ts';
import { isLooseRoute, readSipUri } from '../codec/sip-uri.ts';
import type { Hop } from '../transaction/client-transactions.ts';
import { newBranch } from '../transaction/identity.ts';

/** What every request of a leg carries. */
export interface RequestStyle {
  readonly ambient: Ambient;
  readonly key: LineKey;
  /** As the user wrote it, not escaped; '' for none. */
  readonly displayName: string;
  readonly userAgent: string;
  readonly maxForwards: number;
}

/** What sip.js hands over to make a request of. */
export interface RequestParts {
  readonly method: string;
  readonly uri: URI;
  readonly from: URI;
  readonly to: URI;
  readonly options: OutgoingRequestMessageOptions;
  readonly extraHeaders: string[] | undefined;
  readonly body: Body | undefined;
}

/** A request of sip.js, written by our own builder: it checks every part (P7), counts bytes (P4) and keeps each URI as it is (P8). */
export class LineRequest extends OutgoingRequestMessage {
  private readonly style: RequestStyle;
  private readonly hop: Hop;

  constructor(style: RequestStyle, hop: Hop, parts: RequestParts) {
    super(parts.method, parts.uri, parts.from, parts.to, parts.options, parts.extraHeaders, parts.body);
    this.style = style;
    this.hop = hop;
  }

  newBranch(): string {
    return newBranch(this.style.ambient, this.style.key);
  }

  /** The ACK of a 2xx gets its branch from sip.js without `makeId`: seven digits that name no line. It gets a proper one here. */
  override setViaHeader(branch: string): void {
    this.branch = this.method === 'ACK' ? this.newBranch() : branch;
    const { protocol, viaSentBy } = this.hop;
    this.setHeader('via', `SIP/2.0/${protocol.toUpperCase()} ${viaSentBy};branch=${this.branch};rport`);
  }

  /** @throws LocalProtocolError `E_SIP_LOCAL` when a part would break out of its line */
  override toString(): string {
    const { uri, routes } = path(this.ruri.toRaw(), this.getHeaders('route'));
    const draft = { method: this.method, uri, headers: this.fields(routes), body: Buffer.from(this.body?.body ?? '') };
    return Buffer.from(buildRequest(draft, this.getHeader('via') ?? '')).toString();
  }

  private fields(routes: readonly string[]): HeaderFields {
    const { displayName, userAgent, maxForwards } = this.style;
    const tagged = (tag: string | undefined) => new Map(tag === undefined || tag === '' ? [] : [['tag', tag]]);
    return [
      ...routes.map((route) => ['Route', route] as const),
      ['Max-Forwards', String(maxForwards)],
      ['From', formatNameAddr({ display: displayName, uri: this.fromURI.toRaw(), params: tagged(this.fromTag) })],
      ['To', formatNameAddr({ display: '', uri: this.toURI.toRaw(), params: tagged(this.toTag) })],
      ['Call-ID', this.callId],
      ['CSeq', `${this.cseq} ${this.method}`],
      ...this.extraHeaders.map(splitField),
      ...(userAgent === '' ? [] : [['User-Agent', userAgent] as const]),
      ...(this.body === undefined ? [] : [['Content-Type', this.body.contentType] as const]),
    ];
  }
}

/** `Name: value`, the form in which sip.js takes further fields. */
export const joinField = ([name, value]: readonly [name: string, value: string]): string => `${name}: ${value}`;

function splitField(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** sip.js routes loosely only; a strict router in front is served its way. @source RFC 3261 section 12.2.1.1 */
function path(target: string, routes: readonly string[]): { readonly uri: string; readonly routes: readonly string[] } {
  const [first, ...rest] = routes;
  const next = first === undefined ? undefined : readNameAddr(first)?.uri;
  const router = next === undefined ? undefined : readSipUri(next);
  if (next === undefined || router === undefined || isLooseRoute(router)) return { uri: target, routes };
  return { uri: next, routes: [...rest, `<${target}>`] };
}

/* Branches of sip.js are seven digits of Math.random (M1). The one static it makes them with is replaced, once. */
const statics = ClientTransaction as unknown as { makeId(request: OutgoingRequestMessage): string };
const stockId = statics.makeId;
statics.makeId = (request) => (request instanceof LineRequest ? request.newBranch() : stockId(request));
