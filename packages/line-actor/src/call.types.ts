/** What reaches a call. Status codes are fields. */
export type CallEvent =
  | { readonly type: 'sip.progress'; readonly status: number }
  | { readonly type: 'sip.accepted' }
  /** It will not be: refused, unanswered, cancelled by the caller, or lost. */
  | { readonly type: 'sip.failed'; readonly status?: number; readonly reason: string }
  | { readonly type: 'sip.bye' }
  | { readonly type: 'sip.held' }
  | { readonly type: 'sip.resumed' }
  /** It cannot go on: no ACK, an in-dialog request found nobody (6.5), or the edge that its Contact names is gone (D-46). */
  | { readonly type: 'sip.lost'; readonly reason: string }
  | { readonly type: 'clock.inviteExpires' }
  /** Another owner had it up, or held. */
  | { readonly type: 'call.resumed'; readonly held: boolean }
  | { readonly type: 'call.answer' }
  | { readonly type: 'call.hangup' };

export interface CallEffects {
  /** Withdraws an INVITE that has no final answer: CANCEL once a provisional has come, never anything to another server. */
  cancel(by: 'caller' | 'invite-expired' | 'edge-lost'): void;
  /** Refuses an INVITE that came in. */
  decline(): void;
  /** Answers an INVITE that came in. */
  accept(): void;
  bye(): void;
  ended(reason: string, status?: number): void;
}

export interface CallContext {
  readonly direction: 'outgoing' | 'incoming';
  readonly effects: CallEffects;
}
