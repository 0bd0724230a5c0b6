import type { LineConfig } from '@offhook/core';
import { type ResponseDraft, readSipUri, type ServerTransaction, type SipRequest } from '@offhook/sip';

/** Methods this line serves; the Allow field of its answers. */
export const allow = 'INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE';

const inDialogOnly = new Set(['ACK', 'BYE', 'INFO', 'UPDATE', 'PRACK']);
const known = new Set(['REGISTER', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'PUBLISH']);

export interface InboundOptions {
  readonly config: LineConfig;
  /** Some leg is bound (D-38), or the line expects no registration. */
  isBound(): boolean;
  readonly calls: {
    /** True when the request belongs to a dialog of this line; it has then been taken. */
    inDialog(server: ServerTransaction): boolean;
    incoming(server: ServerTransaction): void;
  };
  /** A MESSAGE was accepted. */
  onMessage(request: SipRequest): void;
  onRefused(request: SipRequest, status: number, rule: string, source: string): void;
}

const capabilities: ResponseDraft = {
  status: 200,
  headers: [
    ['Allow', allow],
    ['Accept', 'application/sdp, text/plain'],
    ['Supported', ''],
  ],
};

/** Why a request cannot be served at all, before its method is looked at. @source RFC 3261 section 8.2 */
function refusal(request: SipRequest): ResponseDraft | undefined {
  if (!/^(sips?|tel):/i.test(request.uri)) return { status: 416 };
  const required = request.headers('Require');
  if (required.length > 0) return { status: 420, headers: [['Unsupported', required.join(', ')]] };
  return undefined;
}

/** Answer to a method this line does not serve outside a dialog. @source RFC 3261 section 8.2.1, RFC 6665 section 4.1.3 */
function unserved(method: string): ResponseDraft {
  if (inDialogOnly.has(method)) return { status: 481 };
  if (method === 'NOTIFY' || method === 'SUBSCRIBE') return { status: 489, headers: [['Allow-Events', '']] };
  return known.has(method) ? { status: 405, headers: [['Allow', allow]] } : { status: 501, headers: [['Allow', allow]] };
}

/** The line's user exists here; a request that carries our own Contact is ours whatever its user. @source RFC 3261 section 8.2.2.1 */
function isForUs(request: SipRequest, user: string): boolean {
  const uri = readSipUri(request.uri);
  return uri === undefined || uri.user === undefined || uri.user === user || uri.params.has('line');
}

/** What the line does with requests that reach it. @source redundancy reference table 6.6 */
export function createInbound(options: InboundOptions): (server: ServerTransaction) => void {
  const { config, calls } = options;

  function invite(server: ServerTransaction): void {
    if (options.isBound() || config.ext.ansCallWithoutReg) return calls.incoming(server);
    options.onRefused(server.request, 480, '6.6:unregistered', 'redundancy 6.6, D-40');
    server.respond({ status: 480, reason: 'Not Registered' });
  }

  return (server) => {
    const { request } = server;
    const { method } = request;
    const refused = refusal(request);
    if (refused !== undefined) return server.respond(refused);
    if (request.to.params.has('tag') && calls.inDialog(server)) return;
    if (request.to.params.has('tag')) return method === 'ACK' ? undefined : server.respond({ status: 481 });
    if (!isForUs(request, config.ext.userId)) return server.respond({ status: 404 });
    if (method === 'INVITE') return invite(server);
    if (method === 'OPTIONS') return server.respond(capabilities);
    if (method !== 'MESSAGE') return server.respond(unserved(method));
    options.onMessage(request);
    server.respond({ status: 200 });
  };
}
