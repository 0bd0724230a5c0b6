import { type HeaderFields, type RequestDraft, readNameAddr, type SipMessage } from '@offhook/sip';

/** What two parties of a call agreed on. @source RFC 3261 section 12 */
export interface CallDialog {
  readonly callId: string;
  /** From (or, for a called party, To) as this party writes it, tag included. */
  readonly local: string;
  remote: string;
  remoteTarget: string;
  routes: readonly string[];
  /** Number of the latest request of ours. */
  cseq: number;
}

/** Learns the far side from the message that made the dialog: a 2xx to us, or an INVITE for us. @source RFC 3261 sections 12.1.1, 12.1.2 */
export function learnDialog(dialog: CallDialog, message: SipMessage): void {
  const recorded = message.headers('Record-Route');
  dialog.routes = message.kind === 'response' ? [...recorded].reverse() : recorded;
  dialog.remoteTarget = message.contacts[0]?.uri ?? dialog.remoteTarget;
  dialog.remote = message.header(message.kind === 'response' ? 'To' : 'From') ?? dialog.remote;
}

/** One request to write. */
export interface Writing {
  readonly method: string;
  /** CSeq; the next number unless told. */
  readonly number?: number;
  readonly headers?: HeaderFields;
  readonly body?: Uint8Array;
}

/** A request of the dialog, or one that begins it. */
export function writeRequest(dialog: CallDialog, writing: Writing & { readonly number: number }): RequestDraft {
  const { method, number, headers = [], body } = writing;
  const type = method === 'MESSAGE' ? 'text/plain' : 'application/sdp';
  return {
    method,
    uri: dialog.remoteTarget,
    headers: [
      ['Max-Forwards', '70'],
      ...dialog.routes.map((route) => ['Route', route] as const),
      ['From', dialog.local],
      ['To', dialog.remote],
      ['Call-ID', dialog.callId],
      ['CSeq', `${number} ${method}`],
      ...headers,
      ...(body === undefined ? [] : [['Content-Type', type] as const]),
    ],
    ...(body !== undefined && { body }),
  };
}

/** Where the next request of the dialog is sent: the first route, else the remote target. @source RFC 3261 section 12.2.1.1 */
export function nextHopUri(dialog: CallDialog): string {
  const route = dialog.routes[0];
  return route === undefined ? dialog.remoteTarget : (readNameAddr(route)?.uri ?? dialog.remoteTarget);
}
