import type { FlowFailure } from '@offhook/core';
import type { ServerTimer, Step, TimerEffect } from './step.ts';

/** What the user of a server transaction may hear after the request itself. */
export type ServerEvent =
  /** The ACK of a final response other than 2xx. */
  | { readonly type: 'acked' }
  /** That ACK never came: Timer H. */
  | { readonly type: 'timeout' }
  /** The stream the request came by is gone and no final response had been sent. */
  | { readonly type: 'transport'; readonly failure: FlowFailure };

export type ServerStimulus =
  /** The same request again. */
  | { readonly type: 'request' }
  | { readonly type: 'ack' }
  | { readonly type: 'respond'; readonly status: number; readonly bytes: Uint8Array }
  | { readonly type: 'timer'; readonly timer: ServerTimer }
  | { readonly type: 'transport'; readonly failure: FlowFailure };

export type ServerEffect =
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** Answer 100 in the user's name: comes back as a `respond` stimulus. */
  | { readonly type: 'trying' }
  | { readonly type: 'report'; readonly event: ServerEvent }
  | TimerEffect<ServerTimer>;

export const send = (bytes: Uint8Array) => ({ type: 'send', bytes }) as const;
export const trying = { type: 'trying' } as const;
export const report = (event: ServerEvent) => ({ type: 'report', event }) as const;
/** The most recent response once more; nothing when none was sent yet. */
export const repeat = (last: Uint8Array | undefined): readonly ServerEffect[] => (last === undefined ? [] : [send(last)]);
export const step = <State>(state: State, ...effects: readonly ServerEffect[]): Step<State, ServerEffect> => ({ state, effects });
