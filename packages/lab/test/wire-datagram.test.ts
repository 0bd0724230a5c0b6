import type { Inbound } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import type { Wire } from '../src/index.ts';
import { attach, message, opened, pair, remote, request } from './wire-fixtures.ts';

describe('datagrams', () => {
  test('arrive whole, after the delay, with their true addresses', async () => {
    const world = await pair('udp', { delayMs: 5 });
    const { flow } = await opened(world);
    const bytes = message('one');
    world.phone.transport.send(flow, bytes);
    await world.ambient.runFor(4.9);
    expect(world.server.heard).toHaveLength(0);
    await world.ambient.runFor(0.1);
    expect(world.server.heard).toMatchObject([{ remote: { host: '10.0.0.9', port: 5060 }, local: remote, atMs: 5 }]);
    expect(world.server.heard[0]?.bytes).toEqual(bytes);
  });

  test('come back on the flow they were answered on', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    world.phone.transport.send(flow, message('ask'));
    await world.ambient.settle();
    world.server.transport.send((world.server.heard[0] as Inbound).flow, message('answer'));
    await world.ambient.settle();
    expect(world.phone.heard[0]?.flow).toBe(flow);
  });

  test('are lost, doubled and overtaken as the shape says, the same way for the same seed', async () => {
    const story = async (seed: number): Promise<readonly string[]> => {
      const world = await pair('udp', { delayMs: 1, jitterMs: 20, lossRate: 0.1, duplicateRate: 0.1 }, seed);
      const { flow } = await opened(world);
      for (let i = 0; i < 1_000; i++) world.phone.transport.send(flow, message(`m${i}`));
      await world.ambient.runFor(100);
      const lost = world.wire.find({ delivered: false }).length;
      expect(lost).toBeGreaterThan(60);
      expect(lost).toBeLessThan(150);
      expect(world.server.heard.length).toBeGreaterThan(1_000 - lost);
      const order = world.server.heard.map(({ bytes }) => new TextDecoder().decode(bytes));
      expect(order).not.toEqual([...order].sort());
      return world.wire.transcript();
    };
    const first = await story(1);
    expect(await story(1)).toEqual(first);
    expect(await story(2)).not.toEqual(first);
  });

  test('vanish without a word when the place is silenced, until it is healed', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    world.wire.silence('10.0.0.1:5060');
    world.phone.transport.send(flow, message('lost'));
    await world.ambient.runFor(100);
    world.wire.heal('10.0.0.1:5060');
    world.phone.transport.send(flow, message('found'));
    await world.ambient.runFor(100);
    expect(world.server.heard).toHaveLength(1);
    expect(world.phone.failures).toEqual([]);
    expect(world.wire.requests({ to: '10.0.0.1' }).map(({ message: { callId }, dropped }) => [callId, dropped])).toEqual([
      ['lost', 'silence'],
      ['found', undefined],
    ]);
  });

  test('pass one way when only the answers are silenced', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    world.wire.silence('10.0.0.1', 'from');
    world.phone.transport.send(flow, message('ask'));
    await world.ambient.settle();
    world.server.transport.send((world.server.heard[0] as Inbound).flow, message('answer'));
    await world.ambient.settle();
    expect([world.server.heard.length, world.phone.heard.length]).toEqual([1, 0]);
  });

  test('are refused one round trip later when the place refuses', async () => {
    const world = await pair('udp', { delayMs: 5 });
    const { flow } = await opened(world);
    world.wire.refuse('10.0.0.1:5060');
    world.phone.transport.send(flow, message('refused'));
    await world.ambient.runFor(9.9);
    expect(world.phone.failures).toEqual([]);
    await world.ambient.runFor(0.1);
    expect(world.phone.failures).toMatchObject([{ flow, remote, reason: 'refused', atMs: 10 }]);
    world.wire.heal();
    world.phone.transport.send(flow, message('taken'));
    await world.ambient.runFor(5);
    expect(world.server.heard).toHaveLength(1);
  });

  test('are refused by a stopped server and swallowed by an address that never was', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    const nowhere = await world.phone.transport.open({ ...request, remote: { host: '10.9.9.9', port: 5060 } });
    await world.server.transport.stop();
    world.phone.transport.send(flow, message('closed'));
    world.phone.transport.send(nowhere.flow, message('nowhere'));
    await world.ambient.runFor(1_000);
    expect(world.phone.failures.map(({ flow: failed, reason }) => [failed, reason])).toEqual([[flow, 'refused']]);
    expect(world.wire.find({ delivered: false }).map(({ dropped }) => dropped)).toEqual(['no-listener', 'no-host']);
  });

  test('do not cross a partition', async () => {
    const world = await pair('udp');
    const third = await attach(world.wire, '10.0.0.2');
    world.wire.partition('10.0.0.9', '10.0.0.1');
    const { flow } = await opened(world);
    const other = await world.phone.transport.open({ ...request, remote: { host: '10.0.0.2', port: 5060 } });
    world.phone.transport.send(flow, message('apart'));
    world.phone.transport.send(other.flow, message('near'));
    await world.ambient.settle();
    expect([world.server.heard.length, third.heard.length]).toEqual([0, 1]);
  });

  test('that are keepalives or empty are reported as dropped', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    world.phone.transport.send(flow, new TextEncoder().encode('\r\n\r\n'));
    world.phone.transport.send(flow, new Uint8Array(0));
    await world.ambient.settle();
    expect([world.server.dropped, world.server.heard]).toEqual([['keepalive', 'empty'], []]);
  });

  test('find a taken port taken', async () => {
    const world = await pair('udp');
    await expect(attach(world.wire, '10.0.0.1')).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
  });
});

describe('the record', () => {
  test('prints instant, ends, start line and fate', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    await world.ambient.run(16_000);
    world.wire.silence('10.0.0.1');
    world.phone.transport.send(flow, message('abc'));
    expect(world.wire.transcript()[0]).toMatch(
      /^ {5}16000\.000 {2}10\.0\.0\.9:5060 -> 10\.0\.0\.1:5060 udp {2}OPTIONS sip:x@10\.0\.0\.1 \| abc 1 OPTIONS #[0-9a-f]{8} x silence$/,
    );
  });

  test('finds requests by place, method, time and dialog', async () => {
    const world = await pair('udp');
    const { flow } = await opened(world);
    world.phone.transport.send(flow, message('early'));
    await world.ambient.run(1_000);
    world.phone.transport.send(flow, message('late'));
    await world.ambient.settle();
    const ids = (filter: Parameters<Wire['requests']>[0]): string[] =>
      world.wire.requests(filter).map((each) => each.message.callId);
    expect(ids({ method: 'OPTIONS', to: '10.0.0.1:5060;udp' })).toEqual(['early', 'late']);
    expect(ids({ sinceMs: 1_000 })).toEqual(['late']);
    expect(ids({ untilMs: 1_000 })).toEqual(['early']);
    expect(ids({ callId: 'late' })).toEqual(['late']);
    expect(ids({ from: '10.0.0.1' })).toEqual([]);
    expect(ids({ method: 'INVITE' })).toEqual([]);
  });

  test('refuses a place it cannot read', async () => {
    const world = await pair('udp');
    expect(() => world.wire.silence('10.0.0.1;sctp')).toThrow(/not a place/);
  });
});
