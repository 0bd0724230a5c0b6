import type { Ambient, Endpoint, Timer } from '@offhook/core';
import type { ClientTransaction, HeaderFields, ServerTransaction, SipRequest, SipResponse } from '@offhook/sip';
import { type CallDialog, dialogRequest, learnDialog } from './call-dialog.ts';
import { describeMedia } from './sdp.ts';
import type { CalleePlan, CallState, ScriptedCall } from './user-agent.types.ts';

/** What a call needs of its party. */
export interface CallHost {
  readonly ambient: Ambient;
  readonly address: Endpoint;
  readonly contact: string;
  readonly t1Ms: number;
  /** Sends a request of a dialog and resolves with its final status; `seen` hears every response. */
  transact(draft: DraftOf, to: 'dialog' | Endpoint, seen?: (response: SipResponse) => void): Sent;
  /** Sends the ACK of a 2xx along the dialog. */
  acknowledge(dialog: CallDialog, number: number): void;
}
export interface DraftOf {
  readonly dialog: CallDialog;
  readonly method: string;
  readonly headers?: HeaderFields;
  readonly body?: Uint8Array;
}
export interface Sent {
  /** Final status; 408 for none, 503 for a transport that failed. */
  readonly status: Promise<number>;
  client(): ClientTransaction | undefined;
}

/** A call with the doors its party uses. */
export interface LiveCall extends ScriptedCall {
  readonly dialog: CallDialog;
  /** Takes a request of the dialog. */
  receive(server: ServerTransaction): void;
  /** Takes the ACK of our 2xx. */
  acked(): void;
  stop(): void;
}
