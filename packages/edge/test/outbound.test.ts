import { asFlow, decodeJson, encodeJson, type OpenReply, TransportError } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { EdgeStats } from '../src/index.ts';
import { somebody } from './support/fake-transport.ts';
import { request, response } from './support/messages.ts';
import { anna, bert, createWorld } from './support/world.ts';

const refused = new TransportError('E_TRANSPORT_REFUSED', 'TCP refused');

describe('opening a flow', () => {
  it('names what Via and Contact must carry: the socket itself over UDP', async () => {
    const world = await createWorld();
    expect(await world.open({ host: '192.0.2.1', port: 5070 })).toEqual({
      ok: true,
      flow: '0/udp>192.0.2.1:5070',
      protocol: 'udp',
      reliable: false,
      local: { host: '192.0.2.99', port: 5060 },
      remote: { host: '192.0.2.1', port: 5070 },
      viaSentBy: '192.0.2.99:5060',
      contactHostPort: '192.0.2.99:5060',
    });
  });

  const outgoing = { host: '192.0.2.99', port: 40_001 };
  it.each([
    ['the listening port behind the local address', [{ host: '0.0.0.0', port: 5061 }], '192.0.2.99:5061'],
    ['the listening port of the same address', [{ host: '192.0.2.99', port: 5062 }], '192.0.2.99:5062'],
    ['the connection itself when nothing listens', [], '192.0.2.99:40001'],
    ['the connection itself when the listener is elsewhere', [{ host: '127.0.0.1', port: 5063 }], '192.0.2.99:40001'],
  ])('names over TCP %s', async (_name, listening, expected) => {
    const world = await createWorld({ tcp: { local: outgoing, listening } });
    const reply = await world.flow({ protocol: 'tcp' });
    expect(reply).toMatchObject({ reliable: true, viaSentBy: expected, contactHostPort: expected });
  });

  it('writes IPv6 addresses in brackets', async () => {
    const world = await createWorld({ tcp: { local: { host: '2001:db8::99', port: 5060 } } });
    const reply = await world.flow({ host: '2001:db8::1', protocol: 'tcp' });
    expect(reply.viaSentBy).toBe('[2001:db8::99]:5060');
  });

  it('gives each leg of each line its own owner, and the name for its certificate', async () => {
    const world = await createWorld();
    world.names.set('proxy.example', [{ host: '192.0.2.7', port: 5071 }]);
    await world.flow({ host: 'proxy.example', protocol: 'tcp' }, bert, 'alternate');
    expect(world.tcp.opens).toEqual([
      { remote: { host: '192.0.2.7', port: 5071 }, owner: `${bert}/alternate`, timeoutMs: 16_000, serverName: 'proxy.example' },
    ]);
  });

  it('takes the first entry that opens, in order (RFC 3263 section 4.3)', async () => {
    const world = await createWorld();
    world.names.set('proxy.example', [{ host: '192.0.2.1' }, { host: '192.0.2.2' }, { host: '192.0.2.3' }]);
    world.tcp.answers.set('192.0.2.1', refused);
    const reply = await world.flow({ host: 'proxy.example', protocol: 'tcp' });
    expect(reply.remote.host).toBe('192.0.2.2');
    expect(world.tcp.opens).toHaveLength(2);
  });

  it('shares the time among the entries that are left', async () => {
    const world = await createWorld();
    world.names.set('proxy.example', [{ host: '192.0.2.1' }, { host: '192.0.2.2' }]);
    world.tcp.answers.set('192.0.2.1', refused);
    await world.flow({ host: 'proxy.example', protocol: 'tcp' });
    expect(world.tcp.opens.map(({ timeoutMs }) => timeoutMs)).toEqual([8_000, 16_000]);
  });

  it('says why when none opens', async () => {
    const world = await createWorld();
    world.names.set('proxy.example', [{ host: '192.0.2.1' }, { host: '192.0.2.2' }]);
    world.tcp.answers.set('192.0.2.1', refused);
    world.tcp.answers.set('192.0.2.2', new TransportError('E_TRANSPORT_TIMEOUT', 'TCP silent'));
    expect(await world.open({ host: 'proxy.example', protocol: 'tcp' })).toEqual({
      ok: false,
      reason: 'timeout',
      detail: 'TCP refused; TCP silent',
    });
    expect(world.edge.stats()).toMatchObject({ opened: 0, openFailures: 1 });
  });

  it('says so when there is no such transport', async () => {
    const world = await createWorld();
    expect(await world.open({ protocol: 'tls' })).toEqual({
      ok: false,
      reason: 'rejected',
      detail: 'no transport for tls; this edge has udp, tcp',
    });
  });

  it('answers a request it cannot read', async () => {
    const world = await createWorld();
    const answer = world.bus.request(world.subjects.edge('e1', 'open'), Buffer.from('{'), { timeoutMs: 1_000 });
    await world.rest();
    expect(decodeJson<OpenReply>((await answer).payload)).toMatchObject({ ok: false, reason: 'error' });
  });
});

describe('sending', () => {
  it('sends the bytes of a line on its flow', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({});
    await world.send(flow, request());
    expect(world.udp.sent).toEqual([{ flow: 'udp>192.0.2.1:5060', text: request() }]);
    expect(world.edge.stats().sent).toBe(1);
  });

  it('takes the answer of a line back on the flow of the request, opened or not', async () => {
    const world = await createWorld();
    const flow = world.udp.arrive(request({ method: 'MESSAGE', uri: `sip:x@h;line=${anna}` }), {
      host: '192.0.2.200',
      port: 6_000,
    });
    await world.rest();
    await world.send(asFlow(world.told[0]?.message.headers.flow ?? ''), response(anna));
    expect(world.udp.sent.map((one) => one.flow)).toEqual([flow]);
  });

  it.each(['', 'nonsense', '7/udp>192.0.2.1:5060'])('tells a line that its flow %o is none', async (flow) => {
    const world = await createWorld();
    await world.send(asFlow(flow), request());
    expect(world.failuresOf(anna)).toMatchObject([{ flow, reason: 'closed' }]);
    expect(world.edge.stats()).toMatchObject({ sent: 0, droppedSends: 1 });
  });

  it('tells only the sender that a message is too large', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({});
    await world.send(flow, request(), bert);
    await world.send(flow, 'x'.repeat(65_508), anna);
    expect(world.failuresOf(anna)).toMatchObject([{ flow, reason: 'rejected' }]);
    expect(world.failuresOf(bert)).toEqual([]);
    expect(world.udp.sent).toHaveLength(1);
  });
});

describe('failures of datagram flows (D-18)', () => {
  it('are told to lines that wait for an answer, and to them alone', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({}, anna);
    const other = await world.flow({ host: '192.0.2.2' }, anna);
    await world.send(flow, request({ method: 'REGISTER' }), anna);
    await world.send(flow, request({ method: 'REGISTER' }), bert);
    world.udp.arrive(response(bert));
    await world.send(other.flow, request({ method: 'REGISTER' }), anna);
    world.udp.fail(somebody, 'refused');
    await world.rest();
    expect(world.failuresOf(anna)).toEqual([
      { flow, remote: somebody, reason: 'refused', detail: 'it was refused', atMs: 1_234.5 },
    ]);
    expect(world.failuresOf(bert)).toEqual([]);
  });

  it('do not concern who only answered or acknowledged', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({}, anna);
    await world.send(flow, response(anna));
    await world.send(flow, request({ method: 'ACK' }));
    world.udp.fail(somebody, 'refused');
    await world.rest();
    expect(world.failuresOf(anna)).toEqual([]);
    expect(world.edge.stats().flowFailures).toBe(1);
  });

  it('are told once per message that waits: a retransmission waits again', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({}, anna);
    await world.send(flow, request({ method: 'REGISTER' }));
    world.udp.fail(somebody, 'refused');
    world.udp.fail(somebody, 'refused');
    await world.rest();
    expect(world.failuresOf(anna)).toHaveLength(1);
    await world.send(flow, request({ method: 'REGISTER' }));
    world.udp.fail(somebody, 'refused');
    await world.rest();
    expect(world.failuresOf(anna)).toHaveLength(2);
  });
});

describe('failures of streams', () => {
  it('are told to the legs that opened the flow, waiting or not', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({ protocol: 'tcp' }, anna);
    await world.send(flow, request({ method: 'REGISTER' }));
    world.tcp.arrive(response(anna));
    world.tcp.fail(somebody, 'closed');
    world.tcp.fail(somebody, 'closed');
    await world.rest();
    expect(world.failuresOf(anna)).toMatchObject([{ flow, reason: 'closed' }]);
    expect(world.failuresOf(bert)).toEqual([]);
  });

  it('are told to lines that sent on a connection others opened', async () => {
    const world = await createWorld();
    world.tcp.arrive(request({ method: 'INVITE', uri: `sip:x@h;line=${bert}` }), { host: '192.0.2.8', port: 50_000 });
    await world.send(asFlow('1/tcp>192.0.2.8:50000'), response(bert), bert);
    world.tcp.fail({ host: '192.0.2.8', port: 50_000 }, 'reset');
    await world.rest();
    expect(world.failuresOf(bert)).toMatchObject([{ reason: 'reset' }]);
  });
});

describe('closing a flow', () => {
  it('waits for the last leg that holds it', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({}, anna, 'primary');
    await world.flow({}, anna, 'alternate');
    await world.flow({}, bert, 'primary');
    await world.close(flow, anna, 'primary');
    await world.close(flow, bert, 'primary');
    expect(world.udp.closed).toEqual([]);
    await world.close(flow, anna, 'alternate');
    expect(world.udp.closed).toEqual(['udp>192.0.2.1:5060']);
  });

  it('lets go of both legs when none is named', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({}, anna, 'primary');
    await world.flow({}, anna, 'alternate');
    world.bus.publish(world.subjects.edge('e1', 'close'), new Uint8Array(), { headers: { flow, line: anna } });
    await world.rest();
    expect(world.udp.closed).toHaveLength(1);
  });
});

describe('the life of an edge', () => {
  it('names what it listens on', async () => {
    const world = await createWorld({ isUnstarted: true });
    expect(await world.edge.start()).toEqual([
      { host: '192.0.2.99', port: 5060, protocol: 'udp' },
      { host: '192.0.2.99', port: 5060, protocol: 'tcp' },
    ]);
  });

  it('stops what it started when a transport cannot start', async () => {
    const world = await createWorld({ isUnstarted: true });
    world.tcp.startError = new TransportError('E_TRANSPORT_IN_USE', 'TCP taken');
    await expect(world.edge.start()).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    expect(world.udp.stopped).toBe(true);
    const asked = world.bus.request(world.subjects.edge('e1', 'stats'), new Uint8Array(), { timeoutMs: 1 });
    const refusal = expect(asked).rejects.toMatchObject({ code: 'E_BUS_NO_RESPONDERS' });
    await world.rest();
    await refusal;
  });

  it('answers its statistics on the bus', async () => {
    const world = await createWorld();
    world.udp.arrive(response(anna));
    const answer = world.bus.request(world.subjects.edge('e1', 'stats'), encodeJson({}), { timeoutMs: 1_000 });
    await world.rest();
    expect(decodeJson<EdgeStats>((await answer).payload)).toEqual(world.edge.stats());
    expect(world.edge.stats().received).toBe(1);
  });

  it('is silent after stop', async () => {
    const world = await createWorld();
    const { flow } = await world.flow({});
    await world.edge.stop();
    await world.edge.stop();
    await world.send(flow, request());
    world.udp.arrive(response(anna));
    await world.rest();
    expect(world.udp.sent).toEqual([]);
    expect(world.told).toEqual([]);
    expect([world.udp.stopped, world.tcp.stopped]).toEqual([true, true]);
  });
});
