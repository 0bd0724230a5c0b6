import type { Leg } from '@offhook/core';
import { callMachine } from './call.machine.ts';
import type { CallContext, CallEffects, CallEvent } from './call.types.ts';
import type { LineHost, Running } from './host.ts';

/** One call as facts, status and commands show it. Never the number dialled. */
export interface CallFact {
  /** Of the line's own numbering: `c1`. */
  readonly id: string;
  readonly direction: 'outgoing' | 'incoming';
  /** `trying`, `ringing`, `up`, `held`, `ended`. */
  readonly state: string;
  /** The leg that carries it; undefined while it has found none. */
  readonly leg?: Leg;
  readonly codec?: string;
  /** Of an ended call: final status, when there was one. */
  readonly status?: number;
  /** Of an ended call: why. */
  readonly reason?: string;
}

/** A call with its running chart. */
export interface LiveCall {
  readonly id: string;
  fact(): CallFact;
  send(event: CallEvent): void;
  isOver(): boolean;
  /** Facts that change beside the state. */
  note(change: Partial<Pick<CallFact, 'leg' | 'codec'>>): void;
  stop(): void;
}

export interface LiveCallOptions {
  readonly id: string;
  readonly direction: CallFact['direction'];
  readonly host: LineHost;
  readonly effects: Omit<CallEffects, 'ended'>;
  /** It is up: what another owner knew of it. */
  readonly resumed?: Pick<CallFact, 'leg' | 'codec'> & { readonly held: boolean };
  onFact(fact: CallFact): void;
  onError(error: unknown): void;
}

export function createLiveCall(options: LiveCallOptions): LiveCall {
  const { id, direction, host, resumed } = options;
  let fact: CallFact = { id, direction, state: 'trying' };
  const report = (change: Partial<CallFact>): void => {
    fact = { ...fact, ...change };
  };
  const input: CallContext = {
    direction,
    effects: {
      ...options.effects,
      ended: (reason, status) => report({ reason, ...(status === undefined ? {} : { status }) }),
    },
  };
  const machine: Running<CallEvent> = host.run(callMachine, {
    id,
    input,
    onError: options.onError,
    onState(state) {
      report({ state });
      options.onFact(fact);
    },
  });
  if (resumed === undefined) options.onFact(fact);
  else {
    const { held, ...known } = resumed;
    report(known);
    machine.send({ type: 'call.resumed', held });
  }
  return {
    id,
    fact: () => fact,
    isOver: () => fact.state === 'ended',
    send: (event) => fact.state !== 'ended' && machine.send(event),
    note: report,
    stop: () => machine.stop(),
  };
}
