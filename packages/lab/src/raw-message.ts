import type { Endpoint } from '@offhook/core';
import { type HeaderFields, type SipMessage, type SipRequest, stampVia } from '@offhook/sip';

const text = new TextEncoder();

function join(start: string, fields: HeaderFields, body: Uint8Array): Uint8Array {
  const head = text.encode(`${start}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

const without = (message: SipMessage, ...names: string[]): HeaderFields =>
  message.fields.filter(([name]) => !names.includes(name));

export interface Passage {
  readonly uri: string;
  /** The Via put on top. */
  readonly via: string;
  readonly routes: readonly string[];
  readonly recordRoute: string | undefined;
  readonly maxForwards: number;
}

/** A request as a proxy passes it on: the sender's Via stamped with its true address. @source RFC 3261 section 16.6 */
export function passRequest(request: SipRequest, from: Endpoint, passage: Passage): Uint8Array {
  const [top = '', ...below] = request.headers('Via');
  const vias = [passage.via, stampVia(top, from.host, from.port), ...below];
  const fields: HeaderFields = [
    ...vias.map((via) => ['Via', via] as const),
    ...(passage.recordRoute === undefined ? [] : [['Record-Route', passage.recordRoute] as const]),
    ...passage.routes.map((route) => ['Route', route] as const),
    ['Max-Forwards', String(passage.maxForwards)],
    ...without(request, 'Via', 'Route', 'Max-Forwards'),
  ];
  return join(`${request.method} ${passage.uri} SIP/2.0`, fields, request.body);
}

/** A response as a proxy passes it on: its own Via taken off. @source RFC 3261 section 16.7 step 3 */
export function passResponse(response: Extract<SipMessage, { kind: 'response' }>): Uint8Array {
  const below = response.headers('Via').slice(1);
  const fields: HeaderFields = [...below.map((via) => ['Via', via] as const), ...without(response, 'Via')];
  return join(`SIP/2.0 ${response.status} ${response.reason}`, fields, response.body);
}
