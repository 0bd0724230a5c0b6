import { type Decision, formatEndpoint } from '@offhook/core';
import type { CallFact } from '@offhook/runtime';
import { readSipUri, type SipRequest } from '@offhook/sip';
import type { Stage } from '../scenario/stage.ts';
import type { CallEntry, Timeline, TimelineEntry } from '../scenario/timeline.types.ts';
import type { Packet } from '../wire-record.ts';
import type { ExpectationOf } from './schema.ts';

/* What a vector looks at, as rows. A column that a row lacks is null. */

export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/** What was played, ready to be asked. */
export interface Played {
  readonly timeline: Timeline;
  readonly stage: Stage;
}

const secondsOf = (ms: number): number => Math.round(ms * 1_000) / 1_000_000;

const isBetween = (atS: number, span: readonly [number, number] | undefined): boolean =>
  span === undefined || (atS >= span[0] && atS <= span[1]);

const serverName = ({ stage }: Played, { host, port }: Packet['to']): string =>
  stage.network.nameOf(host) ?? formatEndpoint({ host, port });

/** Last status the far end gave to each request, by its branch. */
function statusesOf({ stage }: Played): ReadonlyMap<string, number> {
  const statuses = new Map<string, number>();
  for (const { message, to } of stage.wire.packets)
    if (message?.kind === 'response' && to.host === stage.network.phone)
      statuses.set(`${message.via.branch} ${message.cseq.method}`, message.status);
  return statuses;
}

const realmOf = (message: SipRequest, header: string): string | null => {
  const value = message.header(header);
  return value === undefined ? null : (/realm="([^"]*)"/.exec(value)?.[1] ?? '');
};

function requestRow(played: Played, packet: Packet, message: SipRequest, statuses: ReadonlyMap<string, number>): Row {
  const expires = /;\s*expires=(\d+)/i.exec(message.header('Contact') ?? '')?.[1] ?? message.header('Expires');
  return {
    to: serverName(played, packet.to),
    at: secondsOf(packet.atMs),
    method: message.method,
    callId: message.callId,
    cseq: message.cseq.number,
    fromTag: message.from.params.get('tag') ?? null,
    toTag: message.to.params.get('tag') ?? null,
    branch: message.via.branch ?? null,
    uri: message.uri,
    fromUri: message.from.uri,
    toUri: message.to.uri,
    route: message.header('Route') ?? null,
    contact: message.header('Contact') ?? null,
    expires: expires === undefined ? null : Number(expires),
    realm: realmOf(message, 'Authorization'),
    proxyRealm: realmOf(message, 'Proxy-Authorization'),
    status: statuses.get(`${message.via.branch} ${message.method}`) ?? null,
    protocol: packet.protocol,
    port: packet.to.port,
  };
}

/** Requests, and the signs of connections (`SYN`, `FIN`, `RESET`), that the phone put on the wire. */
export function sentRows(played: Played, filter: ExpectationOf<'sent'>): readonly Row[] {
  const { stage } = played;
  const statuses = statusesOf(played);
  const user = filter.line === undefined ? undefined : stage.userOf(filter.line);
  const branches = new Set<string>();
  return stage.wire.packets.flatMap((packet): readonly Row[] => {
    if (packet.from.host !== stage.network.phone || !isBetween(secondsOf(packet.atMs), filter.between)) return [];
    if (filter.to !== undefined && serverName(played, packet.to) !== filter.to) return [];
    if (packet.kind !== 'data') {
      const sign = packet.kind.toUpperCase();
      return filter.sent === sign ? [{ to: serverName(played, packet.to), at: secondsOf(packet.atMs), method: sign }] : [];
    }
    const { message } = packet;
    if (message?.kind !== 'request' || (filter.sent !== 'any' && message.method !== filter.sent)) return [];
    if (user !== undefined && readSipUri(message.from.uri)?.user !== user) return [];
    const branch = `${message.via.branch} ${message.method}`;
    if (filter.first === true && branches.has(branch)) return [];
    branches.add(branch);
    return [requestRow(played, packet, message, statuses)];
  });
}

/** Responses of the phone. */
export function responseRows(played: Played, filter: ExpectationOf<'responses'>): readonly Row[] {
  const { stage } = played;
  return stage.wire.packets.flatMap((packet): readonly Row[] => {
    const { message } = packet;
    if (packet.from.host !== stage.network.phone || message?.kind !== 'response') return [];
    const row = { to: serverName(played, packet.to), at: secondsOf(packet.atMs), status: message.status };
    const wanted = message.cseq.method === filter.responses && isBetween(row.at, filter.between);
    return wanted && (filter.to === undefined || filter.to === row.to) ? [row] : [];
  });
}

export const decisionsOf = ({ timeline }: Played): readonly Decision[] =>
  timeline.entries.flatMap((entry) => ('decision' in entry ? [entry.decision] : []));

function decisionRow({ stage }: Played, decision: Decision): Row {
  const { atMs, rule, outcome, leg, inputs, next, candidates, request, about, source } = decision;
  const own = candidates.find((mark) => mark.leg === leg);
  const host = outcome.server?.replace(/:\d+;.*$/, '');
  return {
    ...Object.fromEntries(Object.entries(inputs).map(([key, value]) => [`inputs.${key}`, value])),
    at: secondsOf(atMs),
    about,
    rule,
    source,
    action: outcome.action,
    leg: outcome.leg ?? leg ?? null,
    status: outcome.status ?? null,
    reason: outcome.reason ?? null,
    server: host === undefined ? null : (stage.network.find(host)?.name ?? host),
    method: request?.method ?? null,
    'next.what': next?.what ?? null,
    'next.at': next === undefined ? null : secondsOf(next.atMs),
    'next.leg': next?.leg ?? null,
    bound: own?.bound ?? null,
    usable: own?.usable ?? null,
    blockedUntil: own?.blockedUntilMs === undefined ? null : secondsOf(own.blockedUntilMs),
  };
}

export function decisionRows(played: Played, filter: ExpectationOf<'decisions'>): readonly Row[] {
  const { decisions: about, leg, line, action, rule, between } = filter;
  return decisionsOf(played)
    .filter(
      (decision) =>
        (about.includes('any') || about.includes(decision.about)) &&
        (leg === undefined || decision.leg === leg) &&
        (line === undefined || decision.line === line) &&
        (action === undefined || action.includes(decision.outcome.action)) &&
        (rule === undefined || decision.rule === rule || decision.rule.startsWith(rule)) &&
        isBetween(secondsOf(decision.atMs), between),
    )
    .map((decision) => decisionRow(played, decision));
}

const isCall = (entry: TimelineEntry): entry is CallEntry => entry.lane === 'call';

/** Each call as it stands at the end, in the order they began. */
export function callRows({ timeline }: Played, { calls }: ExpectationOf<'calls'>): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { line, call, atS, fact, to } of timeline.entries.filter(isCall)) {
    if (!calls.includes('all') && !calls.includes(line)) continue;
    const key = `${line} ${call}`;
    const { direction, state, leg, status, reason, codec }: CallFact = fact;
    const before = rows.get(key);
    rows.set(key, {
      line,
      call,
      direction,
      state,
      leg: leg ?? null,
      status: status ?? null,
      reason: reason ?? null,
      codec: codec ?? null,
      at: before?.at ?? atS,
      upAt: to === 'up' ? atS : (before?.upAt ?? null),
      endAt: to === 'ended' ? atS : null,
    });
  }
  return [...rows.values()];
}

/** The registrations of a line as the latest decision at or before an instant saw them. */
export function legRows(played: Played, { legs: atS, line }: ExpectationOf<'legs'>): readonly Row[] {
  const seen = decisionsOf(played).findLast(
    (decision) =>
      secondsOf(decision.atMs) <= atS && decision.about === 'registration' && (line === undefined || decision.line === line),
  );
  return (seen?.candidates ?? []).map(({ leg, bound, usable, state }) => ({ leg, bound, usable, state }));
}
