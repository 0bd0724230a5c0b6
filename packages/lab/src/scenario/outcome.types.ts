import type { RegistrationState, ServerState } from './timeline.types.ts';

/* What a timeline comes to. Instants and spans in seconds. */

/** Something that held from one instant to another. */
export interface Span<State extends string = string> {
  readonly fromS: number;
  readonly toS: number;
  readonly state: State;
}

export interface ServerOutcome {
  readonly server: string;
  readonly spans: readonly Span<ServerState>[];
  /** REGISTERs it was sent, repetitions not counted. */
  readonly registers: number;
}

export interface LegSpan extends Span<RegistrationState> {
  readonly server: string;
}

export interface CallOutcome {
  readonly call: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly atS: number;
  /** When it was answered; undefined when it never was. */
  readonly upS?: number;
  readonly endS?: number;
  /** Servers it was tried at, in order; the last one carried it. */
  readonly servers: readonly string[];
  /** Of a call that was not answered. */
  readonly failure?: string;
}

export interface LineOutcome {
  readonly line: string;
  readonly mode: string;
  readonly legs: readonly { readonly leg: string; readonly spans: readonly LegSpan[] }[];
  /** Where new requests went: a server, or `none`. */
  readonly route: readonly Span[];
  /** When no server that answers held a registration: nobody could call the line. */
  readonly unreachable: readonly Span[];
  readonly calls: readonly CallOutcome[];
}

export interface Outcome {
  readonly untilS: number;
  readonly servers: readonly ServerOutcome[];
  readonly lines: readonly LineOutcome[];
}
