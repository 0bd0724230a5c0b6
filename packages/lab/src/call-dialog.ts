import { type HeaderFields, type RequestDraft, readNameAddr, type SipMessage } from '@offhook/sip';

/** What two parties of a call agreed on. @source RFC 3261 section 12 */
export interface CallDialog {
  readonly callId: string;
  readonly localTag: string;
  /** From and To as this party writes them. */
  readonly local: string;
  remote: string;
  remoteTarget: string;
  routes: readonly string[];
  cseq: number;
}

/** Learns the far side from the message that made the dialog: a 2xx to us, or an INVITE for us. @source RFC 3261 sections 12.1.1, 12.1.2 */
export function learnDialog(dialog: CallDialog, message: SipMessage): void {
  const recorded = message.headers('Record-Route');
  dialog.routes = message.kind === 'response' ? [...recorded].reverse() : recorded;
  dialog.remoteTarget = message.contacts[0]?.uri ?? dialog.remoteTarget;
  dialog.remote = (message.kind === 'response' ? message.header('To') : message.header('From')) ?? dialog.remote;
}

/** A request inside (or, with no routes and a bare remote, before) the dialog. ACK keeps the number of its INVITE. */
export function dialogRequest(dialog: CallDialog, method: string, number: number, headers: HeaderFields, body?: Uint8Array): RequestDraft {
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
      ...(body === undefined ? [] : [['Content-Type', method === 'MESSAGE' ? 'text/plain' : 'application/sdp'] as const]),
    ],
    ...(body !== undefined && { body }),
  };
}

/** URI the next request of the dialog is sent to: the first route, else the remote target. @source RFC 3261 section 12.2.1.1 */
export function nextHopUri(dialog: CallDialog): string {
  const route = dialog.routes[0];
  return route === undefined ? dialog.remoteTarget : (readNameAddr(route)?.uri ?? dialog.remoteTarget);
}
