import { type Ambient, type Bus, encodeInbound, type Inbound, type Protocol, type Subjects } from '@offhook/core';
import type { Counters } from './counters.ts';
import { Directory } from './directory.ts';
import { answerAsElement, type Cause } from './element.ts';
import type { FlowTable } from './flows.ts';
import { type EdgeLimits, InboundRates, type RateVerdict } from './limits.ts';
import { type Route, routeMessage } from './route.ts';
import type { KnownServers } from './servers.ts';

export interface InboundContext {
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly limits: EdgeLimits;
  readonly counters: Counters;
  readonly flows: FlowTable;
  readonly servers: KnownServers;
  /** Keeps the tags of this edge apart from those of others. */
  readonly salt: string;
  /** Sends what the edge itself answers, on the flow of the request. */
  reply(inbound: Inbound, bytes: Uint8Array): void;
  /** Ends the connection of a stranger. */
  hangUp(inbound: Inbound): void;
}

const meant =
  'dropped a request to a line of ours from an address that is no server of any line; if it may call, add it to edge.trusted (docs/limits.md)';

/** Takes whole messages from the transports, with flows named as the bus knows them: to a line, answered here, or dropped and counted. */
export class InboundPath {
  readonly #context: InboundContext;
  readonly #rates: InboundRates;
  readonly #directory: Directory;
  /** Dropped strangers are not looked at before. */
  #lookAgainMs = Number.NEGATIVE_INFINITY;

  constructor(context: InboundContext) {
    this.#context = context;
    this.#rates = new InboundRates(context.limits);
    this.#directory = new Directory(context.bus, context.subjects, context.limits);
  }

  take(inbound: Inbound, protocol: Protocol): void {
    const { counters } = this.#context;
    counters.received++;
    this.#guard(() => {
      const fault = this.#refuse(inbound);
      if (fault === undefined) return this.#route(inbound, protocol);
      counters[fault]++;
      if (fault === 'droppedStranger') this.#suspect(inbound);
      // It would hold a place that a server may need; of one who will not be heard it has no use.
      if (fault === 'droppedStranger' && protocol !== 'udp') this.#context.hangUp(inbound);
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

  #refuse({ bytes, remote }: Inbound): 'droppedOversize' | 'droppedStranger' | RateVerdict {
    const { ambient, limits, flows, servers } = this.#context;
    if (bytes.length > limits.maxBytes) return 'droppedOversize';
    if (flows.isNextHop(remote.host) || servers.has(remote.host)) return this.#rates.server(remote.host, ambient.now());
    return limits.strangers === 'drop' ? 'droppedStranger' : this.#rates.stranger(remote.host, ambient.now());
  }

  /** Who has a Contact of ours was given it in a dialog: his proxy may not stay in the path. A flood is looked at now and then. */
  #suspect({ bytes, remote }: Inbound): void {
    const { ambient, bus, subjects } = this.#context;
    const nowMs = ambient.now();
    if (nowMs < this.#lookAgainMs) return;
    const route = routeMessage(bytes);
    const isMeant = route.to === 'line' && route.kind === 'request' && bus.reaches(subjects.line(route.key, 'sip'));
    this.#lookAgainMs = nowMs + (isMeant ? 60_000 : 100);
    if (isMeant) ambient.log.warn(meant, { from: remote.host });
  }

  #route(inbound: Inbound, protocol: Protocol): void {
    const route = routeMessage(inbound.bytes);
    switch (route.to) {
      case 'line':
        this.#toLine(inbound, protocol, route);
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

  /** A key may be of a line that is gone, or be made up. */
  #toLine(inbound: Inbound, protocol: Protocol, { key, kind }: Extract<Route, { to: 'line' }>): void {
    const { bus, subjects, counters, flows } = this.#context;
    const subject = subjects.line(key, 'sip');
    if (bus.reaches(subject)) {
      this.#deliver(inbound, protocol, subject);
      if (kind === 'response') flows.heard(inbound.flow, key);
    } else if (kind === 'request') this.#answer(inbound, 'unknown-user');
    else counters.droppedUnmatched++;
  }

  #deliver(inbound: Inbound, protocol: Protocol, subject: string): void {
    const { bus, counters } = this.#context;
    bus.publish(subject, inbound.bytes, { headers: encodeInbound(inbound, protocol) });
    counters.delivered++;
  }

  /** Of several lines of a user the one that has opened the flow of the request. */
  #lookUp(inbound: Inbound, protocol: Protocol, user: string): void {
    const { subjects, counters, flows } = this.#context;
    const isAsked = this.#directory.find(user, (found) =>
      this.#guard(() => {
        if (found === 'silent') return this.#answer(inbound, 'directory-silent');
        const key = flows.holderAmong(found, inbound.flow) ?? found[0];
        if (key === undefined) this.#answer(inbound, 'unknown-user');
        else this.#deliver(inbound, protocol, subjects.line(key, 'sip'));
      }),
    );
    if (!isAsked) counters.droppedBusy++;
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
