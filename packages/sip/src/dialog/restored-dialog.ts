import { type DialogFacts, LocalProtocolError } from '@offhook/core';
import { type InviteClientTransaction, SessionDialog, type UserAgentCore } from 'sip.js/lib/core/index.js';
import { isHeaderValue, isUriText } from '../codec/header-value.ts';
import type { SipRequest } from '../codec/message.ts';
import { isToken } from '../codec/text.ts';
import { usable } from './incoming-message.ts';
import { TextUri } from './text-uri.ts';

/* Dialogs that change their owner: what of them is written down, and how one goes on from that. ADR 0010. */

const repeated = new Set(['Via', 'Route', 'From', 'To', 'Call-ID', 'CSeq']);

/** An INVITE without what nobody repeats: enough to answer it, or to end it. @source RFC 3261 sections 8.2.6.2, 9.1, 17.1.1.3 */
export function headOf({ method, uri, fields }: SipRequest): string {
  const lines = fields.filter(([name]) => repeated.has(name)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${uri} SIP/2.0\r\n${lines.join('')}Content-Length: 0\r\n\r\n`;
}

/** The dialog of a callee. @source RFC 3261 section 12.1.1 */
export const calleeFacts = (invite: SipRequest, toTag: string): DialogFacts => ({
  callId: invite.callId,
  localTag: toTag,
  remoteTag: invite.from.params.get('tag') ?? '',
  localUri: invite.to.uri,
  remoteUri: invite.from.uri,
  remoteTarget: usable(invite.contacts[0])?.uri ?? invite.from.uri,
  routeSet: invite.headers('Record-Route'),
  localSeq: 0,
  remoteSeq: invite.cseq.number,
});

export const factsOf = (dialog: SessionDialog): DialogFacts => ({
  callId: dialog.callId,
  localTag: dialog.localTag,
  remoteTag: dialog.remoteTag,
  localUri: dialog.localURI.toRaw(),
  remoteUri: dialog.remoteURI.toRaw(),
  remoteTarget: dialog.remoteTarget.toRaw(),
  routeSet: [...dialog.routeSet],
  localSeq: dialog.localSequenceNumber ?? 0,
  ...(dialog.remoteSequenceNumber === undefined ? {} : { remoteSeq: dialog.remoteSequenceNumber }),
});

/** Seen from us, as sip.js names a dialog. */
export const dialogId = ({ callId, localTag, remoteTag }: Pick<DialogFacts, 'callId' | 'localTag' | 'remoteTag'>): string =>
  `${callId}${localTag}${remoteTag}`;

const isSeq = (seq: unknown): boolean => Number.isSafeInteger(seq) && Number(seq) >= 0;

/** What of it would break out of its line, or is no such thing: facts come from a store outside the process. */
function fault(facts: DialogFacts): keyof DialogFacts | undefined {
  const isText = (name: 'callId' | 'localTag' | 'remoteTag', is: (text: string) => boolean) =>
    typeof facts[name] === 'string' && is(facts[name]) && facts[name] !== '';
  if (!isText('callId', isHeaderValue)) return 'callId';
  for (const name of ['localTag', 'remoteTag'] as const) if (!isText(name, isToken)) return name;
  for (const name of ['localUri', 'remoteUri', 'remoteTarget'] as const) if (!isUriText(String(facts[name]))) return name;
  if (!Array.isArray(facts.routeSet) || !facts.routeSet.every((route) => isHeaderValue(String(route)))) return 'routeSet';
  if (!isSeq(facts.localSeq)) return 'localSeq';
  return facts.remoteSeq === undefined || isSeq(facts.remoteSeq) ? undefined : 'remoteSeq';
}

/**
 * All that sip.js asks of the transaction that made a dialog, once the dialog is confirmed and acknowledged: whether it was that of a
 * callee who waits for the ACK (it was not), and its request, for the offer that stands in it (none: offer and answer are over).
 */
const pastTransaction = { request: {} } as unknown as InviteClientTransaction;

/** A dialog of an earlier owner. sip.js makes dialogs out of messages only; from here on it is one of its own. */
export class RestoredDialog extends SessionDialog {
  /** @throws LocalProtocolError `E_SIP_LOCAL` */
  constructor(core: UserAgentCore, facts: DialogFacts) {
    const wrong = fault(facts);
    if (wrong !== undefined) throw new LocalProtocolError(`${wrong} of a kept dialog cannot be used`);
    const id = dialogId(facts);
    if (core.dialogs.has(id)) throw new LocalProtocolError('a kept dialog lives here already');
    super(pastTransaction, core, {
      ...{ id, early: false, secure: false },
      ...{ callId: facts.callId, localTag: facts.localTag, remoteTag: facts.remoteTag },
      ...{ localSequenceNumber: facts.localSeq, remoteSequenceNumber: facts.remoteSeq },
      localURI: new TextUri(facts.localUri),
      remoteURI: new TextUri(facts.remoteUri),
      remoteTarget: new TextUri(facts.remoteTarget),
      routeSet: [...facts.routeSet],
    });
  }
}
