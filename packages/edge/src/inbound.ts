import { type Ambient, type Bus, encodeInbound, type Inbound, type LineKey, type Protocol, type Subjects } from '@offhook/core';
import type { Counters } from './counters.ts';
import { Directory } from './directory.ts';
import { answerAsElement, type Cause } from './element.ts';
import type { FlowTable } from './flows.ts';
import { type EdgeLimits, SourceRates } from './limits.ts';
import { routeMessage } from './route.ts';

export interface InboundContext {
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly limits: EdgeLimits;
  readonly counters: Counters;
  readonly flows: FlowTable;
  /** Keeps the tags of this edge apart from those of others. */
  readonly salt: string;
  /** Sends what the edge itself answers, on the flow of the request. */
  reply(inbound: Inbound, bytes: Uint8Array): void;
}

/** Takes whole messages from the transports, with flows named as the bus knows them: to a line, answered here, or dropped and counted. */
export class InboundPath {
  readonly #context: InboundContext;
  readonly #rates: SourceRates;
  readonly #directory: Directory;

  constructor(context: InboundContext) {
    this.#context = context;
    this.#rates = new SourceRates(context.limits);
    this.#directory = new Directory(context.bus, context.subjects, context.limits);
  }

  take(inbound: Inbound, protocol: Protocol): void {
    const { counters } = this.#context;
    counters.received++;
    this.#guard(() => {
      const fault = this.#refuse(inbound);
      if (fault === undefined) this.#route(inbound, protocol);
      else counters[fault]++;
    });
  }

  /** Nothing that comes from the network may end the process, not even by a mistake of ours. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#context.counters.droppedError++;
      this.#context.ambient.log.error('an inbound message was lost', { error });
    }
  }

  #refuse({ bytes, remote }: Inbound): 'droppedOversize' | 'droppedStranger' | 'droppedRate' | undefined {
    const { ambient, limits, flows } = this.#context;
    if (bytes.length > limits.maxBytes) return 'droppedOversize';
    if (flows.isNextHop(remote.host)) return undefined;
    if (limits.strangers === 'drop') return 'droppedStranger';
    return this.#rates.take(remote.host, ambient.now()) ? undefined : 'droppedRate';
  }

  #route(inbound: Inbound, protocol: Protocol): void {
    const route = routeMessage(inbound.bytes);
    switch (route.to) {
      case 'line':
        this.#deliver(inbound, protocol, route.key);
        if (route.kind === 'response') this.#context.flows.heard(inbound.flow, route.key);
        return;
      case 'directory':
        this.#lookUp(inbound, protocol, route.user);
        return;
      case 'edge':
        this.#answer(inbound, 'addressed');
        return;
      case 'parser':
        this.#answer(inbound, 'unreadable');
        return;
      case 'nobody':
        this.#context.counters.droppedUnmatched++;
    }
  }

  #deliver(inbound: Inbound, protocol: Protocol, key: LineKey): void {
    const { bus, subjects, counters } = this.#context;
    bus.publish(subjects.line(key, 'sip'), inbound.bytes, { headers: encodeInbound(inbound, protocol) });
    counters.delivered++;
  }

  #lookUp(inbound: Inbound, protocol: Protocol, user: string): void {
    const isAsked = this.#directory.find(user, inbound.flow, (found) =>
      this.#guard(() => {
        if (found === 'unknown') this.#answer(inbound, 'unknown-user');
        else if (found === 'silent') this.#answer(inbound, 'directory-silent');
        else this.#deliver(inbound, protocol, found);
      }),
    );
    if (!isAsked) this.#context.counters.droppedBusy++;
  }

  #answer(inbound: Inbound, cause: Cause): void {
    const { counters, reply, salt } = this.#context;
    const verdict = answerAsElement(inbound.bytes, inbound.remote, cause, salt);
    if (verdict.kind === 'absorb') counters.absorbed++;
    else if (verdict.kind === 'unparsable') {
      counters.unparsable++;
      counters.droppedUnparsable++;
    } else {
      if (verdict.unparsable) counters.unparsable++;
      counters.answered++;
      reply(inbound, verdict.bytes);
    }
  }
}
