import type { Decision, Leg } from '@offhook/core';
import { readSipUri } from '@offhook/sip';
import { describe, expect, test } from 'vitest';
import { createWorld, type RequestPacket, type World } from '../../src/index.ts';
import { createRandomStory, storyLines } from './random-story.ts';
import { type Departure, rebuildRoute } from './rebuild-route.ts';

/* "Every decision is explained": the routes of a random story are rebuilt from decisions alone and compared with the wire. */

const outside = new Set(['REGISTER', 'INVITE', 'MESSAGE', 'OPTIONS']);
const userOf = ({ message }: RequestPacket): string => readSipUri(message.from.uri)?.user ?? '';
const serverOf = ({ to, protocol }: RequestPacket): string => `${to.host}:${to.port};${protocol}`;

/** First transmission of every request of the phone outside dialogs. */
function wireRequests(world: World): readonly RequestPacket[] {
  const branches = new Set<string | undefined>();
  return world.wire.requests({ from: '10.0.0.9' }).filter(({ message }) => {
    if (!outside.has(message.method) || message.to.params.has('tag') || branches.has(message.via.branch)) return false;
    branches.add(message.via.branch);
    return true;
  });
}

function group<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return groups;
}

/** When connections of the phone were there: `<server> <instant>`. */
const readConnections = (world: World): ReadonlySet<string> =>
  new Set(
    world.wire.packets
      .filter(({ kind }) => kind === 'accept')
      .map(({ from, protocol, deliveredAtMs }) => `${from.host}:${from.port};${protocol} ${deliveredAtMs}`),
  );

const tell = (departures: readonly Departure[] = []): string[] =>
  departures.map(({ atMs, method, id, server, rule }) => `${atMs} ${method} ${id} -> ${server} by ${rule}`);
const show = (packets: readonly RequestPacket[] = []): string[] =>
  packets.map((packet) => `${packet.atMs} ${packet.message.method} ${packet.message.callId} -> ${serverOf(packet)}`);

/** Faults found, as text; none in a true stream. */
function compare(world: World, decisions: readonly Decision[]): readonly string[] {
  const faults: string[] = [];
  const { departures } = rebuildRoute(decisions);
  const wanted = group(departures, ({ line, method, server }) => `${line} ${method} ${server}`);
  const seen = group(wireRequests(world), (packet) => `${userOf(packet)} ${packet.message.method} ${serverOf(packet)}`);
  const connections = readConnections(world);
  /** A request leaves when it is decided, or when the connection it asked for is there. */
  const isExplained = ({ atMs, server }: Departure, packet: RequestPacket): boolean =>
    packet.atMs === atMs || (packet.atMs > atMs && connections.has(`${server} ${packet.atMs}`));
  const callIds = new Map<string, Set<string>>();
  for (const name of new Set([...wanted.keys(), ...seen.keys()])) {
    const expected = wanted.get(name) ?? [];
    const packets = seen.get(name) ?? [];
    const unexplained = packets.findIndex((packet, i) => expected[i] === undefined || !isExplained(expected[i], packet));
    const at = unexplained < 0 ? packets.length : unexplained;
    if (unexplained >= 0 || expected.length !== packets.length) {
      faults.push(
        `${name}: ${expected.length} decided, ${packets.length} sent; they part at ${at}:\n  decided ${tell(expected.slice(Math.max(0, at - 1), at + 2)).join('\n          ')}\n  sent    ${show(packets.slice(Math.max(0, at - 1), at + 2)).join('\n          ')}`,
      );
      continue;
    }
    for (const [i, departure] of expected.entries()) {
      const message = packets[i]?.message;
      const subject = `${departure.line} ${departure.method} ${departure.id}`;
      callIds.set(subject, (callIds.get(subject) ?? new Set()).add(message?.callId ?? ''));
      if (departure.method === 'REGISTER' && departure.withdraws !== (message?.header('Expires') === '0'))
        faults.push(`${tell([departure])} carries Expires ${message?.header('Expires')}`);
    }
  }
  for (const [subject, ids] of callIds)
    if (!subject.includes('REGISTER') && ids.size !== 1) faults.push(`${subject} has ${ids.size} Call-IDs`);
  return faults;
}

/** Every "registered" is a 200 that arrived at that instant. */
function unfounded(world: World, decisions: readonly Decision[]): readonly string[] {
  const grants = new Set(
    world.wire
      .responses({ to: '10.0.0.9', method: 'REGISTER', status: 200, delivered: true })
      .map(({ deliveredAtMs, message }) => `${readSipUri(message.to.uri)?.user} ${deliveredAtMs}`),
  );
  return decisions
    .filter(({ outcome: { action } }) => action === 'registered' || action === 'refreshed')
    .map(({ line, atMs }) => `${line} ${atMs}`)
    .filter((name) => !grants.has(name));
}

type Sample = readonly [decided: number, atMs: number, line: string, leg: Leg, bound: boolean, usable: boolean];

const sample = (world: World): readonly Sample[] =>
  world.runtime
    .lines()
    .flatMap(({ id, legs }) =>
      legs.map(({ leg, bound, usable }) => [world.decisions().length, world.ambient.now(), id, leg, bound, usable] as const),
    );

async function tellStory(seed: string, steps: number): Promise<void> {
  const world = await createWorld({
    seed,
    lines: storyLines,
    phone: { tryBackupRsc: '503', retryRegRsc: '5??,408', regRetryRandomDelay: 5, regRetryIntvlCap: 120, regRetryLongIntvl: 300 },
    registrars: { grantS: 300 },
    link: { delayMs: 8, jitterMs: 6, lossRate: 0.02 },
  });
  const samples: Sample[] = [];
  const story = await createRandomStory(world, seed);
  for (let i = 0; i < steps; i++) {
    await story.step();
    samples.push(...sample(world));
  }
  await story.settle();
  samples.push(...sample(world));
  await world.stop();
  const decisions = world.decisions();
  const rebuilt = rebuildRoute(decisions);
  expect(rebuilt.departures.length, `seed ${seed}: the story has something to tell`).toBeGreaterThan(steps);
  expect(compare(world, decisions), `seed ${seed}: requests and decisions`).toEqual([]);
  expect(unfounded(world, decisions), `seed ${seed}: registered without a 200`).toEqual([]);
  const known = samples.map(([decided, atMs, line, leg]): Sample => {
    const { bound, usable } = rebuilt.stateAt(line, leg, atMs, decided);
    return [decided, atMs, line, leg, bound, usable];
  });
  expect(known, `seed ${seed}: bound and usable`).toEqual(samples);
  expect(new Set(samples.map(([, , , , bound, usable]) => `${bound} ${usable}`)).size).toBe(3);
}

describe('the decision stream of a random story', () => {
  test.each(['1', '2', '3', '4', '5'])(
    'explains every request outside dialogs, and what each leg holds (seed %s)',
    (seed) => tellStory(seed, 400),
    60_000,
  );
});
