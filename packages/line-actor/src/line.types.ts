import type { LineMode } from '@offhook/core';

/** What reaches the line chart. */
export type LineEvent =
  | { readonly type: 'line.start' }
  | { readonly type: 'line.restart' }
  | { readonly type: 'line.stop' }
  /** Bound, usable or off changed on a leg; what holds now is read through effects. */
  | { readonly type: 'legs.changed' }
  /** Ranked lists: the server in use, or whether there is one, is another. */
  | { readonly type: 'list.changed' }
  /** The instant to return to a better server has come. */
  | { readonly type: 'clock.fallback' }
  /** The last call has ended. */
  | { readonly type: 'call.last' }
  | { readonly type: 'recovery.ok' }
  | { readonly type: 'recovery.failed' };

export interface LineEffects {
  mode(): LineMode;
  /** Where the line stands on its list: the best server, a lower one, or none that takes its registration. */
  listState(): 'onTop' | 'failedOver' | 'outOfService';
  /** Any dialog or INVITE of the line (D-24). */
  hasCalls(): boolean;
  /** The instant of a return came during a call. */
  isLatched(): boolean;
  /** How the line returns: at once, or after a REGISTER there. */
  fallbackAction(): 'flip' | 'recover';
  latchFallback(): void;
  flip(): void;
  startRecovery(): void;
  /** Register = Yes. */
  registers(): boolean;
  primaryUsable(): boolean;
  alternateUsable(): boolean;
  /** Every leg is off: nothing is registered and nothing on its way. */
  legsOff(): boolean;
  startLegs(): void;
  stopLegs(): void;
  /** Sends `line.start` once this transition is over. */
  startAgain(): void;
  endCalls(): void;
  /** Requests that waited for a registration are routed again. */
  releaseQueue(): void;
  /** Requests that waited are answered 480. */
  refuseQueue(): void;
  decided(rule: string, source: string, action: string): void;
}

export interface LineContext {
  readonly effects: LineEffects;
}
