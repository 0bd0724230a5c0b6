import { createSubjects, decodeJson } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createRandom, createWorld, dualLine, singleLine, type World } from '../../src/index.ts';
import { createRogue, good, type Rogue, rogueHost } from './rogue.ts';

/* Bytes that are no SIP, connections that break in the middle: from a registrar, and from strangers. */

type Stats = Readonly<Record<string, number>>;

async function edgeStats(world: World): Promise<Stats> {
  const subject = createSubjects('world').edge('edge', 'stats');
  return decodeJson<Stats>((await world.until(world.bus.request(subject, new Uint8Array(0), { timeoutMs: 1_000 }))).payload);
}

/** Counters that rose between the two. */
const rise = (before: Stats, after: Stats): Stats =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, value]) => [name, value - (before[name] ?? 0)] as const)
      .filter(([, value]) => value > 0),
  );

const text = new TextEncoder();
const registers = (world: World, line: string) => world.sent('REGISTER', { line, first: true }).map(([, atS]) => atS);
const errors = (world: World) => world.ambient.logs.filter(({ level }) => level === 'error');

async function withRogue(act: (world: World, rogue: Rogue) => Promise<void>): Promise<void> {
  let rogue: Rogue | undefined;
  const world = await createWorld({
    lines: [dualLine({ userId: '1001' }), singleLine({ userId: '1002', proxy: rogueHost, sipTransport: 'TCP' })],
    link: { delayMs: 5 },
    prepare: async (bare) => {
      rogue = await createRogue(bare, 'tcp');
    },
  });
  if (rogue === undefined) throw new Error('no rogue');
  await act(world, rogue);
  expect(world.line('1001').status().legs).toMatchObject([{ usable: true }, { usable: true }]);
  expect(new Set(registers(world, '1001').map((atS) => Math.floor(atS)))).toEqual(new Set([0, 2_795]));
  rogue.onRequest = () => {};
  rogue.answers(good);
  await world.run(1_300);
  expect(world.line('1002').status().legs).toMatchObject([{ registration: 'registered', usable: true }]);
  expect(errors(world)).toEqual([]);
  await world.stop();
  await rogue.stop();
}

describe('garbage', () => {
  test('datagrams of every kind, from the registrar and from strangers, are counted; no line notices', async () => {
    const world = await createWorld();
    await world.run(1);
    const before = await edgeStats(world);
    const random = createRandom('garbage');
    const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256));
    const stranger = world.wire.transport({ host: '10.0.0.99', port: 5060, protocol: 'udp' });
    const heard: Uint8Array[] = [];
    await stranger.start({ message: ({ bytes }) => heard.push(bytes), flowFailed() {}, dropped() {} });
    const { flow } = await stranger.open({ remote: { host: '10.0.0.9', port: 5060 }, owner: 'stranger', timeoutMs: 1_000 });
    await world.p.stop();
    const asRegistrar = world.wire.transport({ host: '10.0.0.1', port: 5060, protocol: 'udp' });
    await asRegistrar.start({ message() {}, flowFailed() {}, dropped() {} });
    const back = await asRegistrar.open({ remote: { host: '10.0.0.9', port: 5060 }, owner: 'registrar', timeoutMs: 1_000 });
    const lines = [
      'SIP/2.0 200 OK\r\n\r\n',
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKnobody-123\r\n\r\n',
      'INVITE sip:nobody@10.0.0.9 SIP/2.0\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: 10.0.0.9\r\n\r\n',
      `REGISTER sip:x SIP/2.0\r\n${'X: y\r\n'.repeat(500)}\r\n`,
      'INVITE sip:1001@10.0.0.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.99;branch=z9hG4bKa\r\nContent-Length: 9999\r\n\r\n',
      '',
      '\r\n\r\n',
    ];
    for (const line of lines) {
      stranger.send(flow, text.encode(line));
      asRegistrar.send(back.flow, text.encode(line));
    }
    for (let i = 0; i < 200; i++) {
      stranger.send(flow, noise(1 + Math.floor(random() * 1_400)));
      asRegistrar.send(back.flow, noise(1 + Math.floor(random() * 1_400)));
    }
    await world.run(10);
    const { received = 0, delivered = 0, answered = 0, absorbed = 0, ...more } = rise(before, await edgeStats(world));
    // The registrar did not stop being one.
    const perSender = lines.length - 2 + 200;
    expect(more.droppedStranger).toBe(perSender);
    const dropped = Object.entries(more).reduce((sum, [name, n]) => sum + (name.startsWith('dropped') ? n : 0), 0);
    expect(received).toBe(2 * perSender);
    expect(delivered + answered + absorbed + dropped).toBe(received);
    expect(more).toMatchObject({ transportEmpty: 2, transportKeepalive: 2 });
    expect(more.droppedUnparsable).toBeGreaterThan(200);
    expect(more.droppedUnmatched).toBeGreaterThanOrEqual(1);
    await asRegistrar.stop();
    await stranger.stop();
    await world.p.start();
    await world.runTo(4_000);
    expect(registers(world, '1001').map((atS) => atS)).toEqual([0, 0, 0, 0, 2_795.52, 2_795.52]);
    expect(world.line().status().legs).toMatchObject([{ usable: true }, { usable: true }]);
    expect(errors(world)).toEqual([]);
    await world.stop();
  });

  test.each([
    ['dropped', 'drop', 'droppedStranger', 20_000],
    ['cut off where strangers are accepted', 'accept', 'droppedRate', 10_000],
  ] as const)(
    'a flood from a stranger is %s; the lines register in the middle of it',
    async (_name, strangers, counter, least) => {
      const world = await createWorld({ registrars: { grantS: 60 }, edge: { strangers } });
      const stranger = world.wire.transport({ host: '10.0.0.99', port: 5060, protocol: 'udp' });
      await stranger.start({ message() {}, flowFailed() {}, dropped() {} });
      const { flow } = await stranger.open({ remote: { host: '10.0.0.9', port: 5060 }, owner: 'stranger', timeoutMs: 1_000 });
      const before = await edgeStats(world);
      for (let second = 0; second < 40; second++) {
        for (let i = 0; i < 500; i++) stranger.send(flow, text.encode(`${second} ${i} is no SIP at all`));
        await world.run(0.1);
      }
      await world.run(40);
      const counted = rise(before, await edgeStats(world));
      expect(counted[counter]).toBeGreaterThanOrEqual(least);
      expect(registers(world, '1001').slice(4, 6)).toEqual([34.32, 34.32]);
      expect(world.line().status().legs).toMatchObject([{ usable: true }, { usable: true }]);
      await stranger.stop();
      await world.stop();
    },
  );
});

describe('streams that break', () => {
  test('half a frame, then the end: the line comes back by D-48 and 5.4, at most once in 15 s', () =>
    withRogue(async (world, rogue) => {
      rogue.answers(() => []);
      rogue.onRequest = () => {
        rogue.say('SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 10.0.0.9;branch=');
        rogue.hangUp();
      };
      await world.runTo(3_000);
      expect(registers(world, '1002').length).toBeLessThanOrEqual(3_000 / 15);
      expect(registers(world, '1002').length).toBeGreaterThan(90);
    }));

  test('a frame without end is cut off and counted', () =>
    withRogue(async (world, rogue) => {
      rogue.answers(() => []);
      rogue.onRequest = () => {
        for (let i = 0; i < 20; i++) rogue.say(`X-${i}: ${'a'.repeat(8_000)}\r\n`);
      };
      const before = await edgeStats(world);
      await world.runTo(3_000);
      const counted = rise(before, await edgeStats(world));
      expect((counted.transportOversize ?? 0) + (counted.transportFraming ?? 0)).toBeGreaterThan(50);
      expect(registers(world, '1002').length).toBeLessThanOrEqual(3_000 / 15);
    }));

  test('bytes that are no SIP are cut off and counted', () =>
    withRogue(async (world, rogue) => {
      rogue.answers(() => []);
      rogue.onRequest = () => rogue.say('SIP/2.0 200 OK\r\nContent-Length: minus one\r\n\r\n');
      const before = await edgeStats(world);
      await world.runTo(3_000);
      expect(rise(before, await edgeStats(world)).transportFraming).toBeGreaterThan(50);
      expect(registers(world, '1002').length).toBeLessThanOrEqual(3_000 / 15);
    }));

  test('a registrar that takes every registration and hangs up is not called back at once each time (D-48)', () =>
    withRogue(async (world, rogue) => {
      rogue.onRequest = () => void world.ambient.setTimer(rogue.hangUp, 100);
      await world.runTo(3_000);
      expect(registers(world, '1002').length).toBeLessThanOrEqual(3_000 / 15);
      expect(world.decisions('1002').map(({ rule }) => rule)).toEqual(expect.arrayContaining(['D-48:disconnect', '5.4:short']));
    }));
});

describe('a wrong password', () => {
  test('backs off by 5.4 for 24 h: three REGISTERs every 1200 s, two of them with credentials (Max Auth)', async () => {
    const world = await createWorld({ lines: [dualLine({ userId: '1001' }), singleLine({ userId: '1002', password: 'wrong' })] });
    await world.runTo(86_400 - 1);
    const seen = world.p.seen({ method: 'REGISTER', user: '1002' });
    const rounds = 86_400 / 1_200;
    expect(seen.map(({ atMs, auth }) => [atMs / 1_000, auth])).toEqual(
      Array.from({ length: rounds }, (_, i) => [
        [i * 1_200, i === 0 ? 'missing' : expect.stringMatching(/wrong|stale/)],
        [i * 1_200, 'wrong'],
        [i * 1_200, 'wrong'],
      ]).flat(),
    );
    const waits = world.decisions('1002').filter(({ rule }) => rule.startsWith('5.4:'));
    expect(waits.map(({ rule, atMs, inputs }) => [rule, atMs / 1_000, inputs.code])).toEqual(
      Array.from({ length: rounds }, (_, i) => ['5.4:long', i * 1_200, 401]),
    );
    expect(world.line('1001').status().legs).toMatchObject([{ usable: true }, { usable: true }]);
    await world.stop();
  });
});
