import { mkdirSync, writeFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { connect as secure } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lineKey } from '@offhook/core';
import { createFuzzer, createRandom, type Fuzzer, fuzzCorpus } from '@offhook/lab';
import type { EdgeStats, RuntimeCounters } from '@offhook/runtime';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { borrowGun, fireDatagrams, openGun, settled, untilCounters } from './support/fire-datagrams.ts';
import {
  type Dial,
  drip,
  endless,
  fireStreams,
  overTcp,
  overTls,
  pieces,
  resetAfter,
  type StreamAttack,
  spoiled,
  stall,
} from './support/fire-streams.ts';
import { type PhoneUnderFire, startPhone } from './support/phone-under-fire.ts';

/* A phone of 100 lines on real sockets, under fire from its own registrars' addresses and from strangers. OFFHOOK_FUZZ multiplies
   the fire: 50 makes 100,000 datagrams and 2,000 connections of each kind of phone. */

const factor = Math.max(Number(process.env.OFFHOOK_FUZZ ?? 1) || 1, 1);
const seed = process.env.OFFHOOK_FUZZ_SEED ?? 'offhook';
const datagrams = Math.ceil(2_000 * factor);
const streams = Math.ceil(40 * factor);
const stranger = '127.0.0.2';

const figures: Record<string, unknown>[] = [];
afterAll(() => {
  mkdirSync('reports', { recursive: true });
  writeFileSync('reports/fuzz.json', `${JSON.stringify(figures, undefined, 2)}\n`);
});

let phone: PhoneUnderFire | undefined;
afterEach(async () => {
  await phone?.stop();
  phone = undefined;
});

function fuzzersFor({ users, at, servers }: PhoneUnderFire): readonly Fuzzer[] {
  const remote = servers[0]?.at.udp ?? at.udp;
  return users.map((user) =>
    createFuzzer({ seed: `${seed}/${user}`, corpus: fuzzCorpus({ key: lineKey(user), user, local: at.udp, remote }) }),
  );
}

const ends = ['delivered', 'answered', 'absorbed'] as const;
const sumOf = (stats: EdgeStats): number =>
  Object.entries(stats).reduce(
    (sum, [name, n]) => sum + (ends.some((end) => end === name) || /^dropped(?!Sends)/.test(name) ? n : 0),
    0,
  );

/** Nothing of it has left a mark: all lines are registered, and register again; nothing failed; every message is explained. */
async function expectUnharmed(target: PhoneUnderFire): Promise<void> {
  expect(target.errors).toEqual([]);
  expect(target.unregistered()).toEqual([]);
  await settled(target);
  const { edge, lines } = await target.runtime.counters();
  if (edge === undefined || lines === undefined) throw new Error('no counters');
  expect(edge.droppedError).toBe(0);
  expect(sumOf(edge)).toBe(edge.received);
  expect(lines.received).toBe(edge.delivered);
  for (const { registrar } of target.servers) expect(registrar.bindings()).toHaveLength(target.users.length);
  await Promise.all(target.users.slice(0, 4).map((user) => target.runtime.command(user, 'restart')));
  await target.registered();
}

const rises = async ({ runtime }: PhoneUnderFire): Promise<Readonly<Record<string, unknown>>> => {
  const { edge, lines } = await runtime.counters();
  return { ...Object.fromEntries(Object.entries(edge ?? {}).filter(([, n]) => n > 0)), faults: lines?.faults };
};

describe(`${datagrams} spoiled datagrams`, () => {
  it.each(['drop', 'accept'] as const)(
    'harm no line of a phone that is told to %s strangers',
    async (strangers) => {
      const startMs = performance.now();
      const target = await startPhone({ lines: 100, edge: { strangers } });
      phone = target;
      const fuzzers = fuzzersFor(target);
      const guns = [
        ...(await Promise.all(target.servers.map((server) => borrowGun(server, target.at.udp)))),
        ...[await openGun(stranger, target.at.udp), await openGun('127.0.0.3', target.at.udp)],
      ];
      const fire = await fireDatagrams(
        target,
        guns,
        datagrams,
        (n) => fuzzers[n % fuzzers.length]?.message(n) ?? new Uint8Array(0),
      );
      expect(fire).toEqual({ sent: datagrams, lost: 0 });
      await expectUnharmed(target);
      const s = (performance.now() - startMs) / 1_000;
      figures.push({
        what: 'datagrams',
        strangers,
        seed,
        ...fire,
        s,
        busyMs: target.longestBusyMs(),
        counters: await rises(target),
      });
      for (const gun of guns) await gun.stop();
    },
    60_000 + 20_000 * factor,
  );
});

/** How far a counter of the edge has risen since. */
async function risesOf({ runtime }: PhoneUnderFire): Promise<(now: RuntimeCounters, name: keyof EdgeStats) => number> {
  const { edge: before } = await runtime.counters();
  return ({ edge }, name) => (edge?.[name] ?? 0) - (before?.[name] ?? 0);
}

/** What the process holds on to, after everything that can be let go is gone. */
function liveMiB(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let n = 0; n < 3; n++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

const endlessBytes = 100 * 1024 * 1024;

/** Connections of nine kinds, so many in all: two of them stall, three have no end. */
function attacksOn(fuzzers: readonly Fuzzer[], sound: Uint8Array): readonly StreamAttack[] {
  const random = createRandom(`${seed}/streams`);
  const below = (n: number): number => Math.floor(random() * n);
  const messagesOf = (n: number): Uint8Array[] =>
    Array.from({ length: 1 + below(6) }, (_, i) => fuzzers[n % fuzzers.length]?.message(n * 10 + i) ?? sound);
  const kinds: readonly ((n: number) => StreamAttack)[] = [
    (n) => spoiled(messagesOf(n), random),
    () => resetAfter(sound, below(sound.length)),
    () => resetAfter(Buffer.concat([sound, sound]), sound.length + below(sound.length)),
    (n) => spoiled([sound, sound.subarray(0, below(sound.length)), ...messagesOf(n)], random),
    () => stall(sound.subarray(0, below(sound.length))),
    () => drip(Buffer.concat([sound.subarray(0, 60), Buffer.alloc(1_000_000, 'a')])),
    () => endless('INVITE sip:a@b SIP/2.0\r\n', 'X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n', endlessBytes),
    () => endless('INVITE sip:', 'a', endlessBytes),
    () => endless('INVITE sip:a@b SIP/2.0\r\nContent-Length: 104857600\r\n\r\n', 'b', endlessBytes),
  ];
  return Array.from({ length: streams }, (_, n) => kinds[n % kinds.length]?.(n) ?? stall(sound));
}

/** One whole request to the first line. */
const soundFor = ({ at }: PhoneUnderFire): Buffer =>
  Buffer.from(fuzzCorpus({ key: lineKey('2000'), user: '2000', local: at.tcp, remote: at.tcp })[15] ?? '');

it('a connection that is reset behind every byte of a message, one after the other, harms no line', async () => {
  const target = await startPhone({ lines: 10, edge: {} });
  phone = target;
  const sound = soundFor(target);
  const rise = await risesOf(target);
  const attacks = Array.from({ length: sound.length + 1 }, (_, length) => resetAfter(sound, length));
  expect(sound.length).toBeGreaterThan(300);
  await fireStreams(attacks, overTcp(target.at.tcp, '127.0.0.1'), 20);
  await untilCounters(target, (now) => rise(now, 'flowFailures') >= attacks.length);
  const now = await target.runtime.counters();
  const risen = (['transportKeepalive', 'flowFailures', 'received'] as const).map((name) => rise(now, name));
  // The phone has seen each of them, and the one message that was whole.
  expect(risen).toEqual([attacks.length, attacks.length, 1]);
  await expectUnharmed(target);
  figures.push({ what: 'resets', seed, resets: attacks.length, counters: await rises(target) });
});

describe(`${streams} hostile connections`, () => {
  it.each([
    ['a server of ours', ({ at }: PhoneUnderFire): Dial => overTcp(at.tcp, '127.0.0.1')],
    ['a stranger', ({ at }: PhoneUnderFire): Dial => overTcp(at.tcp, stranger)],
    ['a server of ours, inside TLS', ({ at }: PhoneUnderFire): Dial => overTls(at.tls, '127.0.0.1')],
    ['a stranger, inside TLS', ({ at }: PhoneUnderFire): Dial => overTls(at.tls, stranger)],
  ])(
    'from %s harm no line, and none holds a place or memory for long',
    async (who, dialOf) => {
      const startMs = performance.now();
      const target = await startPhone({ lines: 100, edge: { limits: { stallS: 1 } } });
      phone = target;
      const fuzzers = fuzzersFor(target);
      const sound = soundFor(target);
      const before = liveMiB();
      const rise = await risesOf(target);
      target.watchBusy();
      const mostBytes = await fireStreams(attacksOn(fuzzers, sound), dialOf(target), 20);
      // All have come in, and each has ended: with a word of a stranger, or by itself.
      await untilCounters(target, (now) => rise(now, 'flowFailures') + rise(now, 'droppedStranger') >= streams);
      const now = await target.runtime.counters();
      expect(rise(now, 'transportOversize')).toBeGreaterThanOrEqual(3 * Math.floor(streams / 9));
      expect(rise(now, 'transportStalled')).toBeGreaterThanOrEqual(2 * Math.floor(streams / 9));
      await settled(target);
      const busyMs = target.longestBusyMs();
      const keptMiB = liveMiB() - before;
      expect(keptMiB).toBeLessThan(16);
      // What is not read waits in the sockets of both ends; a head or body of 64 KiB is as much as the phone itself takes.
      expect(mostBytes).toBeLessThan(16 * 2 ** 20);
      await expectUnharmed(target);
      const s = (performance.now() - startMs) / 1_000;
      const costs = { mostBytes, keptMiB, s, busyMs };
      figures.push({ what: 'streams', who, seed, streams, ...costs, counters: await rises(target) });
    },
    60_000 + 20_000 * factor,
  );
});

/** What a client says first. */
const clientHello = (): Promise<Buffer> =>
  new Promise((resolve) => {
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      resolve(chunk);
      done();
    };
    secure({ socket: new Duplex({ read() {}, write }) }).on('error', () => {});
  });

it(`${10 * streams} connections to the port for TLS that never become TLS are counted, one by one, and harm no line`, async () => {
  const target = await startPhone({ lines: 30, edge: { limits: { stallS: 1 } } });
  phone = target;
  const [sound, hello] = [soundFor(target), await clientHello()];
  const random = createRandom(`${seed}/handshakes`);
  const below = (n: number): number => Math.floor(random() * n);
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));
  const bent = (): Buffer => {
    const bytes = Buffer.from(hello);
    for (let n = 0; n < 3; n++) bytes[below(bytes.length)] = below(256);
    return bytes;
  };
  const kinds: readonly (() => StreamAttack)[] = [
    () => pieces([sound]),
    () => pieces([noise(1 + below(2_000))]),
    () => pieces([hello.subarray(0, below(hello.length))]),
    () => pieces([bent()]),
    () => spoiled([hello, hello, bent(), noise(5_000)], random),
    () => pieces([hello, noise(below(500))]),
    () => pieces([hello, sound]),
    () => stall(hello.subarray(0, below(hello.length))),
    () => drip(Buffer.concat([hello.subarray(0, 5), Buffer.alloc(1_000_000)])),
    () => endless('', 'GET / HTTP/1.1\r\n', endlessBytes),
  ];
  const attacks = Array.from({ length: 10 * streams }, (_, n) => kinds[n % kinds.length]?.() ?? stall(hello));
  const rise = await risesOf(target);
  await fireStreams(attacks, overTcp(target.at.tls, '127.0.0.1'), 40);
  await untilCounters(target, (now) => rise(now, 'transportFraming') + rise(now, 'transportStalled') >= attacks.length);
  const now = await target.runtime.counters();
  expect(rise(now, 'transportFraming') + rise(now, 'transportStalled')).toBe(attacks.length);
  expect(rise(now, 'transportStalled')).toBeGreaterThanOrEqual(streams);
  expect(rise(now, 'flowFailures')).toBe(0);
  await expectUnharmed(target);
  figures.push({ what: 'handshakes', seed, connections: attacks.length, counters: await rises(target) });
});
