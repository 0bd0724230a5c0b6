import { type IncomingMessage, IncomingRequestMessage, IncomingResponseMessage } from 'sip.js/lib/core/index.js';
import type { NameAddr, SipMessage, SipRequest, SipResponse } from '../codec/message.ts';
import { readNameAddr } from '../codec/name-addr.ts';
import { isRequestUri } from '../codec/start-line.ts';
import { type TextUri, toNameAddrHeader } from './text-uri.ts';

/**
 * Our messages as sip.js sees them: its parser is never used on received traffic. Fields are read when sip.js asks for them.
 * @source sip-stack reference section 5 (rules 4 and 5)
 */

/** What sip.js reads of the fields of a message. */
interface Fields {
  /** All values of a field. */
  all(name: string): string[];
  contact(): NameAddr | undefined;
}

const sdpType = 'application/sdp';

/** A session description, or undefined when the body is something else: sip.js would throw over it or take it for an offer. */
export function readSdp(message: Pick<SipMessage, 'header' | 'body'>): string | undefined {
  if (message.body.byteLength === 0) return undefined;
  const type = message.header('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
  const disposition = message.header('Content-Disposition')?.split(';', 1)[0]?.trim().toLowerCase() ?? 'session';
  return type === sdpType && disposition === 'session' ? new TextDecoder().decode(message.body) : undefined;
}

/** `Contact: *` and what is no URI at all make no remote target: it becomes the Request-URI of what follows in the dialog. */
export const usable = (contact: NameAddr | undefined): NameAddr | undefined =>
  contact !== undefined && isRequestUri(contact.uri) ? contact : undefined;

/** More hops than any path has: Max-Forwards begins at 70. Half as many header lines as a message may have. */
const maxPath = 128;

/** sip.js copies each of them into a line of its own: into its responses, or as Route into all that follows in the dialog. */
export const isPathTooLong = (message: SipMessage): boolean =>
  message.headers('Via').length + message.headers('Record-Route').length > maxPath;

function fill(target: IncomingMessage, source: SipMessage): void {
  target.callId = source.callId;
  target.cseq = source.cseq.number;
  target.method = source.cseq.method;
  target.from = toNameAddrHeader(source.from);
  target.fromTag = source.from.params.get('tag') ?? '';
  target.to = toNameAddrHeader(source.to);
  target.toTag = source.to.params.get('tag') ?? '';
  target.via = { host: source.via.host, port: source.via.port ?? 0 };
  target.body = readSdp(source) ?? '';
  target.data = '';
}

function parse(message: IncomingMessage, fields: Fields, name: string): unknown {
  switch (name.toLowerCase()) {
    case 'contact': {
      const contact = fields.contact();
      return contact === undefined ? undefined : toNameAddrHeader(contact);
    }
    case 'from':
      return message.from;
    case 'to':
      return message.to;
    case 'content-type':
      return message.body === '' ? undefined : sdpType;
    // Challenges are answered above sip.js, and what else it would parse it has no use for in an INVITE dialog.
    default:
      return undefined;
  }
}

class AdaptedRequest extends IncomingRequestMessage {
  private readonly fields: Fields;

  constructor(fields: Fields) {
    super();
    this.fields = fields;
  }

  override getHeader(name: string): string | undefined {
    return this.fields.all(name)[0];
  }

  override getHeaders(name: string): string[] {
    return this.fields.all(name);
  }

  override hasHeader(name: string): boolean {
    return this.fields.all(name).length > 0;
  }

  override parseHeader(name: string): unknown {
    return parse(this, this.fields, name);
  }
}

class AdaptedResponse extends IncomingResponseMessage {
  private readonly fields: Fields;

  constructor(fields: Fields) {
    super();
    this.fields = fields;
  }

  override getHeader(name: string): string | undefined {
    return this.fields.all(name)[0];
  }

  override getHeaders(name: string): string[] {
    return this.fields.all(name);
  }

  override hasHeader(name: string): boolean {
    return this.fields.all(name).length > 0;
  }

  override parseHeader(name: string): unknown {
    return parse(this, this.fields, name);
  }
}

/**
 * A request for sip.js.
 * @param self the URI sip.js believes to be: which requests are ours has been decided before
 */
export function adaptRequest(request: SipRequest, self: TextUri): IncomingRequestMessage {
  const adapted = new AdaptedRequest({ all: (name) => [...request.headers(name)], contact: () => usable(request.contacts[0]) });
  fill(adapted, request);
  adapted.method = request.method;
  adapted.ruri = self;
  // Sent-by and method belong to the match (M2). An ACK must reach its dialog even when its peer reuses the branch of the INVITE.
  const { branch, host, port } = request.via;
  adapted.viaBranch = `${branch ?? ''}|${host}:${port ?? ''}|${request.method}`;
  return adapted;
}

/**
 * A response for sip.js.
 * @param target stands in for a Contact that a 1xx or 2xx should have and has not: the URI that was called
 */
export function adaptResponse(response: SipResponse, target: string): IncomingResponseMessage {
  const contact = () => usable(response.contacts[0]) ?? readNameAddr(`<${target}>`);
  const adapted = new AdaptedResponse({ all: (name) => [...response.headers(name)], contact });
  fill(adapted, response);
  adapted.statusCode = response.status;
  adapted.reasonPhrase = response.reason;
  adapted.viaBranch = response.via.branch ?? '';
  return adapted;
}

/**
 * The answer of nobody: 408 for a time-out, 503 for a lost flow, so that sip.js ends its transaction when the layer says so, not 32 s
 * later. Only sip.js hears it; what is told to the call comes from the layer itself and cannot be mistaken for a server's word.
 * @source RFC 3261 section 8.1.3.1
 */
export function localResponse(sent: SipRequest, status: 408 | 503): IncomingResponseMessage {
  const adapted = new AdaptedResponse({ all: (name) => [...sent.headers(name)], contact: () => undefined });
  fill(adapted, sent);
  adapted.body = '';
  adapted.statusCode = status;
  adapted.reasonPhrase = '';
  adapted.viaBranch = sent.via.branch ?? '';
  return adapted;
}
