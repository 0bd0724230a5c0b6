import type { FlowFailure } from '@offhook/core';
import type { SipResponse } from '../codec/message.ts';
import type { ClientTimer, Step, TimerEffect } from './step.ts';

/** What the user of a client transaction hears. */
export type ClientEvent =
  /** A 1xx, each of them. */
  | { readonly type: 'provisional'; readonly response: SipResponse }
  /** The final response. For an INVITE every 2xx comes, retransmissions included; the ACK of any other final has been sent already. */
  | { readonly type: 'final'; readonly response: SipResponse }
  /** Nothing came before Timer B or F; `cancel`: a cancelled INVITE got no final response within 64*T1 (RFC 3261 section 9.1). */
  | { readonly type: 'no-response'; readonly timer: 'B' | 'F' | 'cancel' }
  /** The flow failed before a final response. */
  | { readonly type: 'transport'; readonly failure: FlowFailure };

export type ClientStimulus =
  | { readonly type: 'response'; readonly response: SipResponse }
  | { readonly type: 'timer'; readonly timer: ClientTimer }
  | { readonly type: 'transport'; readonly failure: FlowFailure }
  /** `sent`: the CANCEL is already on its way, written by the user of the transaction. */
  | { readonly type: 'cancel'; readonly sent: boolean }
  /** Nobody listens any more. */
  | { readonly type: 'abandon' };

export type ClientEffect =
  /** Send the request, first or again. */
  | { readonly type: 'send' }
  /** ACK this 3xx-6xx, first or again. @source RFC 3261 section 17.1.1.3 */
  | { readonly type: 'ack'; readonly response: SipResponse }
  /** Send the CANCEL. @source RFC 3261 section 9.1 */
  | { readonly type: 'cancel' }
  /** Nobody wants this 2xx: ACK it, and BYE the dialog it made. @source D-21 */
  | { readonly type: 'hang-up'; readonly response: SipResponse }
  | { readonly type: 'report'; readonly event: ClientEvent }
  | TimerEffect<ClientTimer>;

export const send = { type: 'send' } as const;
export const ack = (response: SipResponse) => ({ type: 'ack', response }) as const;
export const cancel = { type: 'cancel' } as const;
export const hangUp = (response: SipResponse) => ({ type: 'hang-up', response }) as const;
export const report = (event: ClientEvent) => ({ type: 'report', event }) as const;
export const step = <State>(state: State, ...effects: readonly ClientEffect[]): Step<State, ClientEffect> => ({ state, effects });
