import type { FlowFailure, Inbound, OpenFlow, Protocol, Transport, TransportHost } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createVirtualAmbient, type VirtualAmbient } from '../src/index.ts';
import { createWire, type Wire } from '../src/index.ts';
import type { LinkShape } from '../src/index.ts';

interface Peer {
  readonly transport: Transport;
  readonly heard: Inbound[];
  readonly failures: FlowFailure[];
  readonly dropped: string[];
}

const message = (callId: string, body = ''): Uint8Array =>
  new TextEncoder().encode(
    `OPTIONS sip:x@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK${callId}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n` +
      `Call-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );

async function attach(wire: Wire, host: string, protocol: Protocol = 'udp', port = 5060): Promise<Peer> {
  const transport = wire.transport({ host, port, protocol });
  const heard: Inbound[] = [];
  const failures: FlowFailure[] = [];
  const dropped: string[] = [];
  const listener: TransportHost = {
    message: (inbound) => heard.push(inbound),
    flowFailed: (failure) => failures.push(failure),
    dropped: (reason) => dropped.push(reason),
  };
  await transport.start(listener);
  return { transport, heard, failures, dropped };
}

interface Pair {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly phone: Peer;
  readonly server: Peer;
}
async function pair(protocol: Protocol, shape: Partial<LinkShape> = {}, seed = 1): Promise<Pair> {
  const ambient = createVirtualAmbient({ seed });
  const wire = createWire(ambient, shape);
  return { ambient, wire, phone: await attach(wire, '10.0.0.9', protocol), server: await attach(wire, '10.0.0.1', protocol) };
}

const remote = { host: '10.0.0.1', port: 5060 };
const request = { remote, owner: 'line/primary', timeoutMs: 16_000 };

/** Starts opening and runs the world until that is decided. */
async function open({ ambient, phone }: Pair, runMs = 20_000): Promise<OpenFlow | { code: string; atMs: number }> {
  const outcome = phone.transport.open(request).then(
    (flow) => flow,
    (error) => ({ code: error.code as string, atMs: ambient.now() }),
  );
  await ambient.runFor(runMs);
  return outcome;
}
async function opened(world: Pair, runMs = 0): Promise<OpenFlow> {
  const flow = await open(world, runMs);
  if ('code' in flow) throw new Error(`cannot open: ${flow.code}`);
  return flow;
}

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
    const ids = (filter: Parameters<Wire['requests']>[0]): string[] => world.wire.requests(filter).map((each) => each.message.callId);
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
