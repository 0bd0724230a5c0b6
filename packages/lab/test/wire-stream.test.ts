import { describe, expect, test } from 'vitest';
import { createVirtualAmbient, createWire } from '../src/index.ts';
import { attach, message, open, opened, pair, remote, request } from './wire-fixtures.ts';

describe('streams', () => {
  test('open after one round trip and carry messages in order under jitter and loss', async () => {
    const world = await pair('tcp', { delayMs: 5 });
    const { flow, local } = await opened(world, 10);
    expect(local.port).not.toBe(5060);
    world.wire.shape('10.0.0.1', { jitterMs: 50, lossRate: 0.2 });
    for (let i = 0; i < 200; i++) world.phone.transport.send(flow, message(`m${i}`, 'body'));
    await world.ambient.runFor(60_000);
    const order = world.server.heard.map(({ bytes }) => /Call-ID: (\w+)/.exec(new TextDecoder().decode(bytes))?.[1]);
    expect(order).toEqual(Array.from({ length: 200 }, (_, i) => `m${i}`));
  });

  test('keep one connection per owner and remote', async () => {
    const world = await pair('tcp');
    const [a, b, c] = [request, request, { ...request, owner: 'line/alternate' }].map((each) => world.phone.transport.open(each));
    await world.ambient.settle();
    expect((await a)?.flow).toBe((await b)?.flow);
    expect((await a)?.flow).not.toBe((await c)?.flow);
    expect(world.wire.connections).toBe(2);
  });

  test('deliver whole messages from pieces of any size', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const wire = createWire(ambient);
    const phone = await attach(wire, '10.0.0.9', 'tcp');
    const transport = wire.transport({ host: '10.0.0.1', port: 5060, protocol: 'tcp', segmentBytes: 7 });
    const heard: Uint8Array[] = [];
    await transport.start({ message: ({ bytes }) => heard.push(bytes), flowFailed() {}, dropped() {} });
    const opening = phone.transport.open(request);
    await ambient.settle();
    const bytes = message('split', 'a body of some length');
    phone.transport.send((await opening).flow, bytes);
    await ambient.settle();
    expect(heard.map((each) => [...each])).toEqual([[...bytes]]);
  });

  test('are refused at once by a refusing place and by a closed port', async () => {
    const world = await pair('tcp', { delayMs: 2 });
    world.wire.refuse('10.0.0.1');
    expect(await open(world)).toEqual({ code: 'E_TRANSPORT_REFUSED', atMs: 4 });
    world.wire.heal();
    await world.server.transport.stop();
    expect(await open(world)).toMatchObject({ code: 'E_TRANSPORT_REFUSED' });
  });

  test('time out when the SYN meets silence, and leave nothing behind', async () => {
    const world = await pair('tcp');
    world.wire.silence('10.0.0.1');
    expect(await open(world)).toEqual({ code: 'E_TRANSPORT_TIMEOUT', atMs: 16_000 });
    world.wire.heal();
    await world.ambient.runFor(1_000);
    expect([world.wire.connections, world.ambient.pendingTimers]).toEqual([0, 0]);
  });

  test('connect when silence ends in time', async () => {
    const world = await pair('tcp');
    world.wire.silence('10.0.0.1');
    world.ambient.setTimer(() => world.wire.heal(), 3_000);
    expect(await open(world)).toMatchObject({ protocol: 'tcp', remote });
  });

  test('stall in silence and go on when healed', async () => {
    const world = await pair('tcp');
    const { flow } = await opened(world);
    world.wire.silence('10.0.0.1');
    world.phone.transport.send(flow, message('first'));
    world.phone.transport.send(flow, message('second'));
    await world.ambient.runFor(5_000);
    expect(world.server.heard).toHaveLength(0);
    world.wire.heal();
    await world.ambient.settle();
    expect(world.server.heard).toHaveLength(2);
    expect(world.phone.failures).toEqual([]);
  });

  test('tell the peer how they ended', async () => {
    for (const how of ['closed', 'reset'] as const) {
      const world = await pair('tcp', { delayMs: 1 });
      const { flow } = await opened(world, 2);
      world.wire.hangUp('10.0.0.1', how);
      await world.ambient.runFor(1);
      expect(world.phone.failures).toMatchObject([{ flow, reason: how, atMs: 3 }]);
      expect(world.wire.connections).toBe(0);
    }
  });

  test('are closed by their owner without a word to him', async () => {
    const world = await pair('tcp');
    const { flow } = await opened(world);
    world.phone.transport.close(flow);
    await world.ambient.settle();
    expect([world.phone.failures.length, world.server.failures[0]?.reason]).toEqual([0, 'closed']);
    expect((await opened(world)).flow).not.toBe(flow);
  });

  test('break when a place begins to refuse', async () => {
    const world = await pair('tcp');
    await opened(world);
    world.wire.refuse('10.0.0.1');
    await world.ambient.settle();
    expect(world.phone.failures).toMatchObject([{ reason: 'reset' }]);
  });

  test('are cut off by a receiver that cannot frame them', async () => {
    const world = await pair('tcp');
    const { flow } = await opened(world);
    world.phone.transport.send(flow, new Uint8Array([0, 1, 2, 3]));
    await world.ambient.settle();
    expect([world.server.dropped, world.server.failures[0]?.reason, world.phone.failures[0]?.reason]).toEqual([
      ['framing'],
      'rejected',
      'reset',
    ]);
  });

  test('answer a ping with a pong', async () => {
    const world = await pair('tcp');
    const { flow } = await opened(world);
    world.phone.transport.send(flow, new TextEncoder().encode('\r\n\r\n'));
    await world.ambient.settle();
    expect([world.server.dropped, world.phone.dropped]).toEqual([['keepalive'], ['keepalive']]);
  });

  test('report nothing after stop', async () => {
    const world = await pair('tcp');
    const { flow } = await opened(world);
    await world.phone.transport.stop();
    await world.phone.transport.stop();
    world.phone.transport.send(flow, message('late'));
    await world.ambient.runFor(1_000);
    expect([world.phone.failures, world.wire.connections, world.ambient.pendingTimers]).toEqual([[], 0, 0]);
  });
});
