import { type Bus, BusError, type BusHeaders } from '@offhook/core';

export interface FencedBusOptions {
  /** Of the slot whose lines use this bus; undefined: it is not ours any more. */
  epoch(): number | undefined;
  /** The right to act has not run out. */
  isValid(): boolean;
  /** Something did not go out. */
  onDropped(): void;
  /** False proves what stands behind the gate: nothing is held back. Default true. */
  readonly gate?: boolean;
}

/**
 * The bus of the lines of one slot: everything that goes out carries the header `epoch`, and nothing goes out once the right to act
 * has run out. Subscriptions, and with them answers to requests, are those of the bus itself.
 * @source scale reference section D.2 rules 2 and 5
 */
export function createFencedBus(bus: Bus, { epoch, isValid, onDropped, gate = true }: FencedBusOptions): Bus {
  let known = 0;
  let text = '';
  let alone: BusHeaders = {};

  /** Headers of what may go out; undefined: it may not. This stands in the way of every message. */
  function admit(headers: BusHeaders | undefined): BusHeaders | undefined {
    const current = epoch();
    if (gate && (current === undefined || !isValid())) {
      onDropped();
      return undefined;
    }
    if (current !== undefined && current !== known) {
      known = current;
      text = String(current);
      alone = Object.freeze({ epoch: text });
    }
    return headers === undefined ? alone : { ...headers, epoch: text };
  }

  return {
    publish(subject, payload, options) {
      const headers = admit(options?.headers);
      if (headers === undefined) return;
      bus.publish(subject, payload, options?.reply === undefined ? { headers } : { headers, reply: options.reply });
    },
    request(subject, payload, { timeoutMs, headers: own }) {
      const headers = admit(own);
      if (headers !== undefined) return bus.request(subject, payload, { timeoutMs, headers });
      const why = `${subject} was not asked: this host may not act for the line now; it does so again when its heartbeats are answered`;
      return Promise.reject(new BusError('E_BUS_TIMEOUT', why));
    },
    reaches: (subject) => bus.reaches(subject),
    subscribe: (subject, handler, options) => bus.subscribe(subject, handler, options),
    flush: () => bus.flush(),
    drain: () => bus.drain(),
  };
}
