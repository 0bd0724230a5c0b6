import type { CallOutcome, LegSpan, LineOutcome, Outcome, ServerOutcome, Span } from './outcome.types.ts';
import type { CallEntry, RequestEntry, Timeline, TimelineEntry } from './timeline.types.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Turns changes into spans: each state holds until the next one. What takes no time is left out. */
function spansOf<S extends Span>(changes: readonly Omit<S, 'toS'>[], untilS: number): readonly S[] {
  const spans: Writable<S>[] = [];
  for (const [i, change] of changes.entries()) {
    const toS = changes[i + 1]?.fromS ?? untilS;
    if (toS <= change.fromS) continue;
    const last = spans.at(-1);
    if (last !== undefined && last.state === change.state && sameServer(last, change)) last.toS = toS;
    else spans.push({ ...change, toS } as Writable<S>);
  }
  return spans;
}

const sameServer = (a: object, b: object): boolean =>
  (a as { readonly server?: string }).server === (b as { readonly server?: string }).server;

const holding: ReadonlySet<string> = new Set(['registered', 'refreshing', 'unrenewed']);
const answering: ReadonlySet<string> = new Set(['up', 'failing']);

/** When no registration was held at a server that answers. */
function unreachableSpans(
  legs: readonly { readonly spans: readonly LegSpan[] }[],
  servers: ReadonlyMap<string, readonly Span[]>,
  untilS: number,
): readonly Span[] {
  const reachable = legs.flatMap(({ spans }) =>
    spans
      .filter(({ state }) => holding.has(state))
      .flatMap(({ server, fromS, toS }) => {
        const states = servers.get(server) ?? [];
        return states
          .filter(({ state }) => answering.has(state))
          .map((span) => ({ fromS: Math.max(fromS, span.fromS), toS: Math.min(toS, span.toS) }))
          .filter((span) => span.toS > span.fromS);
      }),
  );
  const gaps: Span[] = [];
  let coveredS = 0;
  for (const { fromS, toS } of [...reachable].sort((a, b) => a.fromS - b.fromS)) {
    if (fromS > coveredS) gaps.push({ fromS: coveredS, toS: fromS, state: 'unreachable' });
    coveredS = Math.max(coveredS, toS);
  }
  if (coveredS < untilS) gaps.push({ fromS: coveredS, toS: untilS, state: 'unreachable' });
  return gaps;
}

/** Joins what was decided about a call with what became of it. */
function callsOf(entries: readonly TimelineEntry[], nameOf: (server: string) => string): readonly CallOutcome[] {
  const calls = new Map<string, Writable<CallOutcome> & { servers: string[] }>();
  const done: CallOutcome[] = [];
  // Decisions about a call may come before its first fact.
  const open = (id: string, atS: number) => {
    const known = calls.get(id) ?? { call: id, direction: 'outgoing' as const, atS, servers: [] };
    calls.set(id, known);
    return known;
  };
  function request({ decision, atS }: RequestEntry): void {
    const { request: about, outcome, leg } = decision;
    if (about?.method !== 'INVITE' || (outcome.action !== 'send' && outcome.action !== 'pin')) return;
    const server = outcome.server ?? decision.candidates.find((mark) => mark.leg === (outcome.leg ?? leg))?.server;
    const call = open(about.id, atS);
    if (server !== undefined && call.servers.at(-1) !== nameOf(server)) call.servers.push(nameOf(server));
  }
  function change({ call: id, fact, atS, to }: CallEntry): void {
    const call = open(id, atS);
    call.direction = fact.direction;
    if (to === 'up' && call.upS === undefined) call.upS = atS;
    if (to !== 'ended') return;
    call.endS = atS;
    // What left by no server failed here: its reason says more than the status that we made up.
    const { status, reason } = fact;
    if (call.upS === undefined)
      call.failure = String((call.servers.length > 0 ? status : undefined) ?? reason ?? status ?? 'failed');
    done.push(call);
    calls.delete(id);
  }
  for (const entry of entries) {
    if (entry.lane === 'request') request(entry);
    else if (entry.lane === 'call') change(entry);
  }
  return [...done, ...calls.values()].sort((a, b) => a.atS - b.atS);
}

function serverOutcome(name: string, timeline: Timeline): ServerOutcome {
  const changes = [{ fromS: 0, state: 'up' as const }];
  let registers = 0;
  for (const entry of timeline.entries) {
    if (entry.lane === 'server' && entry.server === name) changes.push({ fromS: entry.atS, state: entry.to as 'up' });
    else if (entry.lane === 'wire' && entry.server === name && entry.method === 'REGISTER')
      registers += entry.direction === 'out' && entry.again === undefined ? 1 : 0;
  }
  return { server: name, spans: spansOf(changes, timeline.untilS), registers };
}

const isPowerCut = (entry: TimelineEntry): boolean => entry.lane === 'script' && entry.powerCut === true;

function lineOutcome(
  { id, mode, legs }: Timeline['lines'][number],
  own: readonly TimelineEntry[],
  servers: ReadonlyMap<string, readonly Span[]>,
  timeline: Timeline,
): LineOutcome {
  const { untilS } = timeline;
  const places = new Map(timeline.servers.flatMap(({ name, host, address }) => [host, address].map((at) => [at, name] as const)));
  const nameOf = (server: string): string => {
    const host = server.replace(/:\d+;.*$/, '').replace(/^\[(.*)\]$/, '$1');
    return places.get(host) ?? host;
  };
  // A line that is set to another mode has registrations that it did not begin with.
  const everHad = new Map(legs.map((each) => [each.leg, each]));
  for (const entry of own)
    if ('leg' in entry && !everHad.has(entry.leg)) everHad.set(entry.leg, { leg: entry.leg, server: entry.server ?? '' });
  const legSpans = [...everHad.values()].map(({ leg, server }) => {
    const changes: Omit<LegSpan, 'toS'>[] = [{ fromS: 0, state: 'off', server }];
    for (const entry of own)
      if ((entry.lane === 'registration.primary' || entry.lane === 'registration.alternate') && entry.leg === leg)
        changes.push({ fromS: entry.atS, state: entry.to, server: entry.server ?? server });
      else if (isPowerCut(entry)) changes.push({ fromS: entry.atS, state: 'off', server });
    return { leg, spans: spansOf<LegSpan>(changes, untilS) };
  });
  const route = own.flatMap((entry) => {
    if (entry.lane === 'route') return [{ fromS: entry.atS, state: entry.to }];
    return isPowerCut(entry) ? [{ fromS: entry.atS, state: 'none' }] : [];
  });
  return {
    line: id,
    mode,
    legs: legSpans,
    route: spansOf([{ fromS: 0, state: 'none' }, ...route], untilS),
    unreachable: unreachableSpans(legSpans, servers, untilS),
    calls: callsOf(own, nameOf),
  };
}

/** Sums up a timeline: server states, registrations, route, reachability and calls of each line. */
export function outcomeOf(timeline: Timeline): Outcome {
  const servers = timeline.servers.map(({ name }) => serverOutcome(name, timeline));
  const states = new Map(servers.map(({ server, spans }) => [server, spans]));
  const byLine = new Map<string, TimelineEntry[]>(timeline.lines.map(({ id }) => [id, []]));
  for (const entry of timeline.entries) {
    if (entry.lane === 'server') continue;
    if (entry.line !== undefined) byLine.get(entry.line)?.push(entry);
    else if (entry.lane === 'script') for (const own of byLine.values()) own.push(entry);
  }
  const lines = timeline.lines.map((line) => lineOutcome(line, byLine.get(line.id) ?? [], states, timeline));
  return { untilS: timeline.untilS, servers, lines };
}
