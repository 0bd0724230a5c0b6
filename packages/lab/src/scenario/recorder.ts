import { type Decision, formatEndpoint, type Leg } from '@offhook/core';
import { type AppliedLine, type CallFact, describeDecision } from '@offhook/runtime';
import { readSipUri, type SipMessage } from '@offhook/sip';
import type { Packet } from '../wire-record.ts';
import type { Network } from './network.ts';
import type { RegistrationState, ServerState, TimelineEntry, WireEntry } from './timeline.types.ts';

/** Turns what crosses bus and wire into entries of a timeline, as it happens. */
export interface Recorder {
  decision(decision: Decision): void;
  call(line: string, fact: CallFact): void;
  /** Takes the packets since the last time and hands on everything in the order it happened. */
  flush(packets: readonly Packet[]): void;
  script(text: string, line?: string): void;
  /** What became of the changes of a line's configuration. */
  applied(text: string, applied: AppliedLine): void;
  server(name: string, to: ServerState, text: string): void;
  /** Lines are off: what they held is gone. */
  powerCut(text: string): void;
}

export interface RecorderOptions {
  readonly network: Network;
  nowMs(): number;
  /** Number of the packet sent last: what is decided comes after it. */
  packetsSent(): number;
  lineOf(user: string): string | undefined;
  emit(entry: TimelineEntry): void;
}

/** The state that a decision about a registration leaves behind; undefined when it changes none. */
function registrationAfter({ outcome, candidates, leg }: Decision): RegistrationState | undefined {
  const isBound = candidates.some((mark) => mark.leg === leg && mark.bound);
  switch (outcome.action) {
    case 'register':
      return isBound ? 'unrenewed' : 'registering';
    case 'registered':
    case 'refreshed':
      return 'registered';
    case 'refresh':
      return 'refreshing';
    case 'wait':
      return isBound ? 'unrenewed' : 'unregistered';
    case 'lost':
      return 'unregistered';
    case 'reject':
      return 'rejected';
    case 'unregister':
      return 'withdrawing';
    case 'off':
      return 'off';
    default:
      return undefined;
  }
}

/** Where requests go by a decision about the line; undefined when it is about something else. */
function routeAfter({ outcome, candidates }: Decision): { readonly server?: string } | undefined {
  const { action } = outcome;
  if (/^(out-of-service|disabled|stopped)$/.test(action)) return {};
  const leg: Leg | undefined = outcome.leg ?? (/^route-(primary|alternate)$/.exec(action)?.[1] as Leg | undefined);
  const server = outcome.server ?? candidates.find((mark) => mark.current)?.server;
  const found = server ?? candidates.find((mark) => mark.leg === leg)?.server;
  return found === undefined ? undefined : { server: found };
}

const isSip = (message: Packet['message']): message is SipMessage => message !== undefined && message.kind !== 'fault';
const round = (ms: number): number => Math.round(ms) / 1_000;

export function createRecorder({ network, nowMs, packetsSent, lineOf, emit }: RecorderOptions): Recorder {
  const pending: { readonly order: number; readonly entry: TimelineEntry }[] = [];
  const add = (entry: TimelineEntry, order = packetsSent() + 0.5): void => void pending.push({ order, entry });
  const registrations = new Map<string, RegistrationState>();
  const holders = new Map<string, string>();
  const routes = new Map<string, string>();
  const callStates = new Map<string, string>();
  const serverStates = new Map<string, ServerState>();
  /** Branches seen lately, so that repetitions are told apart; kept short. */
  let branches = new Set<string>();
  let formerBranches = new Set<string>();

  const nameOf = (server: string | undefined): string | undefined => {
    const host = server?.replace(/^\[([^\]]*)\].*|:\d+;.*$/, '$1');
    return host === undefined ? undefined : (network.find(host)?.name ?? host);
  };
  const atS = (): number => round(nowMs());

  /** Where a registration is held; while it is, asking somebody else moves nothing. */
  function holderAfter(key: string, { outcome, candidates, leg }: Decision): string | undefined {
    const { action, server } = outcome;
    const isBound = candidates.some((mark) => mark.leg === leg && mark.bound);
    const moves = action === 'registered' || action === 'refreshed' || (action === 'register' && !isBound);
    const own = candidates.find((mark) => mark.leg === leg && mark.current) ?? candidates.find((mark) => mark.leg === leg);
    const held = (moves ? nameOf(server) : undefined) ?? holders.get(key) ?? nameOf(server ?? own?.server);
    if (held !== undefined) holders.set(key, held);
    return held;
  }

  function registration(decision: Decision, leg: Leg): void {
    const { line, rule, source } = decision;
    const key = `${line} ${leg}`;
    const from = registrations.get(key) ?? 'off';
    const to = registrationAfter(decision) ?? from;
    registrations.set(key, to);
    const server = holderAfter(key, decision);
    const text = describeDecision(decision);
    const entry = { atS: round(decision.atMs), line, leg, from, to, text, rule, source, decision };
    add({ lane: `registration.${leg}`, ...entry, ...(server !== undefined && { server }) });
  }

  function route(decision: Decision): void {
    const { line, rule, source } = decision;
    const from = routes.get(line) ?? 'none';
    const found = routeAfter(decision);
    const to = found === undefined ? from : (nameOf(found.server) ?? 'none');
    routes.set(line, to);
    add({ lane: 'route', atS: round(decision.atMs), line, from, to, text: describeDecision(decision), rule, source, decision });
  }

  function isAgain(branch: string): boolean {
    if (branches.has(branch) || formerBranches.has(branch)) return true;
    if (branches.size > 5_000) [formerBranches, branches] = [branches, new Set()];
    branches.add(branch);
    return false;
  }

  function wire(packet: Packet): WireEntry | undefined {
    const { message } = packet;
    if (!isSip(message)) return undefined;
    const isOut = packet.from.host === network.phone;
    const far = isOut ? packet.to : packet.from;
    if (!isOut && packet.to.host !== network.phone) return undefined;
    const isRequest = message.kind === 'request';
    // Who of us it is about: our own user of what we asked, the other's of what we are asked.
    const own = isOut === isRequest ? message.from : message.to;
    const line = lineOf(readSipUri(own.uri)?.user ?? '');
    const method = isRequest ? message.method : message.cseq.method;
    const server = network.nameOf(far.host) ?? formatEndpoint(far);
    const said = isRequest ? method : `${message.status} to ${method}`;
    const again = isRequest && isAgain(`${message.via.branch ?? ''} ${method} ${isOut}`);
    return {
      lane: 'wire',
      atS: round(packet.atMs),
      direction: isOut ? 'out' : 'in',
      server,
      method,
      text: isOut ? `${said} to ${server}` : `${said} from ${server}`,
      ...(line !== undefined && { line }),
      ...(!isRequest && { status: message.status }),
      ...(again && { again }),
      ...(packet.dropped !== undefined && { dropped: packet.dropped }),
    };
  }

  return {
    decision(decision) {
      const { about, leg, line, rule, source } = decision;
      if (about === 'registration' && leg !== undefined) registration(decision, leg);
      else if (about === 'line') route(decision);
      else add({ lane: 'request', atS: round(decision.atMs), line, text: describeDecision(decision), rule, source, decision });
    },
    call(line, fact) {
      const key = `${line} ${fact.id}`;
      const from = callStates.get(key) ?? 'none';
      if (fact.state === 'ended') callStates.delete(key);
      else callStates.set(key, fact.state);
      const why = fact.state === 'ended' ? ` (${fact.status ?? fact.reason ?? ''})` : '';
      const text = `call ${fact.id} ${fact.direction} ${fact.state}${why}`;
      add({ lane: 'call', atS: atS(), line, call: fact.id, from, to: fact.state, text, fact });
    },
    flush(packets) {
      for (const packet of packets) {
        const entry = wire(packet);
        if (entry !== undefined) add(entry, packet.seq);
      }
      for (const { entry } of pending.sort((a, b) => a.order - b.order)) emit(entry);
      pending.length = 0;
    },
    script: (text, line) => add({ lane: 'script', atS: atS(), text, ...(line !== undefined && { line }) }),
    applied: (text, { line, changes }) => add({ lane: 'script', atS: atS(), text, line, changes }),
    server(name, to, text) {
      const from = serverStates.get(name) ?? 'up';
      serverStates.set(name, to);
      add({ lane: 'server', atS: atS(), server: name, from, to, text });
    },
    powerCut(text) {
      add({ lane: 'script', atS: atS(), text, powerCut: true });
      registrations.clear();
      holders.clear();
      routes.clear();
      callStates.clear();
    },
  };
}
