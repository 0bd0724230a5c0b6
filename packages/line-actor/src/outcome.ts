import { matchesRsc, type OutcomeClass } from '@offhook/core';
import type { RegistrationEvent } from './registration.types.ts';

/** How a request ended, as the transaction layer saw it. */
export type RequestEnd =
  | { readonly type: 'no-response' }
  /** `connected` false: no flow could be opened, so that nothing left. `detail`: why, in the transport's words. */
  | { readonly type: 'transport'; readonly connected?: false; readonly detail?: string }
  /** The REGISTER that had to come first failed (D-15). */
  | { readonly type: 'register' }
  | { readonly type: 'final'; readonly status: number };

/**
 * Class of an outcome of a new request; undefined for success. Challenges that can be answered and redirections that are
 * followed never get here.
 * @source redundancy reference sections 5.3 and 5.8
 */
export function classify(end: RequestEnd, tryBackupRsc: string): OutcomeClass | undefined {
  if (end.type === 'register') return 'no-response';
  if (end.type !== 'final') return end.type;
  if (end.status < 300) return undefined;
  return matchesRsc(tryBackupRsc, end.status) ? 'rsc' : 'reject';
}

/** What a decision says of a failed REGISTER beside its class. */
export function causeOf(event: RegistrationEvent): { readonly code?: number; readonly connected?: false } {
  if (event.type === 'reg.reject') return { code: event.code };
  return event.type === 'reg.none' && event.connected === false ? { connected: false } : {};
}

/** How a REGISTER failed, in the classes of 5.8; undefined when nothing did. */
export function registerOutcome(event: RegistrationEvent, tryBackupRsc: string): OutcomeClass | undefined {
  if (event.type === 'reg.none') return event.cause;
  if (event.type === 'transport.down') return 'disconnect';
  if (event.type !== 'reg.reject') return undefined;
  return matchesRsc(tryBackupRsc, event.code) ? 'rsc' : 'reject';
}
