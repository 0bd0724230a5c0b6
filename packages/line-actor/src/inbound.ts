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

const served = new Set(allow.split(', '));

/**
 * Why a request outside a dialog cannot be served, looked at in the order of the RFC: method, Request-URI, extensions, content.
 * Max-Forwards 0 and Proxy-Require concern proxies alone.
 * @source RFC 3261 sections 8.2.1, 8.2.2.1, 8.2.2.3, 8.2.3, 20.22, 20.29
 */
function refusal(request: SipRequest, user: string): ResponseDraft | undefined {
  if (!served.has(request.method)) return unserved(request.method);
  if (!/^(sips?|tel):/i.test(request.uri)) return { status: 416 };
  if (!isForUs(request, user)) return { status: 404 };
  return unknownExtensions(request) ?? unknownContent(request);
}

/** The only body an INVITE may have here is SDP; one that may be ignored is. @source RFC 3261 sections 8.2.3, 20.11 */
function unknownContent(request: SipRequest): ResponseDraft | undefined {
  if (request.method !== 'INVITE' || request.body.length === 0) return undefined;
  if (/;\s*handling\s*=\s*optional\b/i.test(request.header('Content-Disposition') ?? '')) return undefined;
  const encoding = request.header('Content-Encoding') ?? 'identity';
  if (!/^identity$/i.test(encoding)) return { status: 415, headers: [['Accept-Encoding', 'identity']] };
  const isSdp = /^application\/sdp\s*(?:;|$)/i.test(request.header('Content-Type') ?? '');
  return isSdp ? undefined : { status: 415, headers: [['Accept', 'application/sdp']] };
}

/** This line knows no extension that one could require. @source RFC 3261 section 8.2.2.3 */
function unknownExtensions(request: SipRequest): ResponseDraft | undefined {
  const required = request.headers('Require');
  return required.length > 0 ? { status: 420, headers: [['Unsupported', required.join(', ')]] } : undefined;
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

  /** A To tag names a dialog: ours, or one that nobody knows. @source RFC 3261 section 12.2.2 */
  function withinDialog(server: ServerTransaction): void {
    const refused = unknownExtensions(server.request);
    if (refused !== undefined) return server.respond(refused);
    if (!calls.inDialog(server)) server.respond({ status: 481 });
  }

  return (server) => {
    const { request } = server;
    const { method } = request;
    if (request.to.params.has('tag')) return withinDialog(server);
    const refused = refusal(request, config.ext.userId);
    if (refused !== undefined) return server.respond(refused);
    if (method === 'INVITE') return invite(server);
    if (method === 'OPTIONS') return server.respond(capabilities);
    // What is served outside a dialog and is none of these belongs inside one.
    if (method !== 'MESSAGE') return server.respond({ status: 481 });
    options.onMessage(request);
    server.respond({ status: 200 });
  };
}
