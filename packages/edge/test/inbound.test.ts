import { decodeInbound, lineKey } from '@offhook/core';
import { parseMessage } from '@offhook/sip';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EdgeStats } from '../src/index.ts';
import { somebody } from './support/fake-transport.ts';
import { request, response } from './support/messages.ts';
import { anna, bert, createWorld, type World } from './support/world.ts';

/** The only thing sent, as a response. */
function theAnswer(world: World) {
  expect(world.udp.sent).toHaveLength(1);
  const message = parseMessage(Buffer.from(world.udp.sent[0]?.text ?? ''));
  if (message.kind !== 'response') throw new Error('not a response');
  return message;
}

const accountedFor = (stats: EdgeStats): number =>
  stats.delivered +
  stats.answered +
  stats.absorbed +
  stats.droppedUnparsable +
  stats.droppedUnmatched +
  stats.droppedStranger +
  stats.droppedRate +
  stats.droppedTotalRate +
  stats.droppedServerRate +
  stats.droppedOversize +
  stats.droppedBusy +
  stats.droppedError;

describe('messages for lines', () => {
  it('brings a response to the line whose branch it carries, bytes and origin intact', async () => {
    const world = await createWorld();
    const text = response(bert);
    const flow = world.udp.arrive(text);
    await world.rest();
    expect(world.told.map(({ line, kind }) => [line, kind])).toEqual([[bert, 'sip']]);
    const { bytes, protocol, local, remote, atMs, flow: by } = decodeInbound(world.told[0]?.message ?? fail());
    expect(Buffer.from(bytes).toString()).toBe(text);
    expect({ flow: by, protocol, local, remote, atMs }).toEqual({
      flow: `0/${flow}`,
      protocol: 'udp',
      local: { host: '192.0.2.99', port: 5060 },
      remote: somebody,
      atMs: 1_234.5,
    });
  });

  it('brings a request to the line its Request-URI names, in any case', async () => {
    const world = await createWorld();
    world.tcp.arrive(
      request({ method: 'INVITE', uri: `sip:anna@192.0.2.99:5060;transport=tcp;LINE=${anna.toUpperCase()};leg=a` }),
    );
    await world.rest();
    expect(world.told.map(({ line }) => line)).toEqual([anna]);
    expect(world.told[0]?.message.headers).toMatchObject({ protocol: 'tcp', flow: '1/tcp>192.0.2.1:5060' });
  });

  it('asks the directory for a request that names a user', async () => {
    const world = await createWorld();
    const asked = world.serveDirectory(() => ({ keys: [bert] }));
    world.udp.arrive(request({ method: 'INVITE', uri: 'sip:%62ert:secret@192.0.2.99' }));
    await world.rest();
    expect(asked).toEqual([{ user: 'bert' }]);
    expect(world.told.map(({ line }) => line)).toEqual([bert]);
  });

  it('chooses among the lines of one user the one that opened the flow, else the first', async () => {
    const world = await createWorld();
    world.serveDirectory(() => ({ keys: [anna, bert] }));
    await world.flow({ host: '192.0.2.2' }, bert, 'alternate');
    for (const host of ['192.0.2.2', '192.0.2.3'])
      world.udp.arrive(request({ method: 'INVITE', uri: 'sip:both@192.0.2.99' }), { host, port: 5060 });
    await world.rest();
    expect(world.told.map(({ line }) => line)).toEqual([bert, anna]);
  });

  it('keeps the order of requests while the directory is asked, with one question', async () => {
    const world = await createWorld();
    const asked = world.serveDirectory(() => ({ keys: [bert] }));
    for (const method of ['INVITE', 'CANCEL', 'INVITE']) world.udp.arrive(request({ method, uri: 'sip:bert@192.0.2.99' }));
    await world.rest();
    expect(asked).toHaveLength(1);
    expect(world.told.map(({ message }) => Buffer.from(message.payload).toString().split(' ')[0])).toEqual([
      'INVITE',
      'CANCEL',
      'INVITE',
    ]);
  });

  it('answers 404 to a request, and drops a response, with the key of a line that nobody runs', async () => {
    const world = await createWorld({ isDeaf: true });
    world.udp.arrive(request({ uri: `sip:anna@h;line=${anna}` }));
    world.udp.arrive(response(anna));
    await world.rest();
    expect(theAnswer(world).status).toBe(404);
    expect(world.edge.stats()).toMatchObject({ received: 2, delivered: 0, answered: 1, droppedUnmatched: 1 });
  });

  it('drops a response to nothing a line sent', async () => {
    const world = await createWorld();
    world.udp.arrive(response(anna, 'SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK776asdhds'));
    await world.rest();
    expect(world.told).toEqual([]);
    expect(world.edge.stats()).toMatchObject({ received: 1, droppedUnmatched: 1 });
  });
});

describe('messages the edge answers itself', () => {
  it('404 when the directory knows nobody, on the flow of the request, with received and rport', async () => {
    const world = await createWorld();
    world.serveDirectory(() => ({ keys: [] }));
    const flow = world.udp.arrive(request({ method: 'INVITE', uri: 'sip:nobody@192.0.2.99' }));
    await world.rest();
    const answer = theAnswer(world);
    expect(answer.status).toBe(404);
    expect(world.udp.sent[0]?.flow).toBe(flow);
    expect(answer.header('Via')).toBe('SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKserver1;received=192.0.2.1;rport=5060');
  });

  it.each([
    ['no keys', {}],
    ['keys that are none', { keys: 'anna' }],
    ['null', null],
  ])('480 when the answer of the directory has %s', async (_name, answer) => {
    const world = await createWorld();
    world.serveDirectory(() => answer as never);
    world.udp.arrive(request({ method: 'INVITE', uri: 'sip:bert@192.0.2.99' }));
    await world.rest();
    expect(theAnswer(world).status).toBe(480);
  });

  it('404 when no line host is there', async () => {
    const world = await createWorld();
    world.udp.arrive(request({ method: 'MESSAGE', uri: 'sip:nobody@192.0.2.99' }));
    await world.rest();
    expect(theAnswer(world).status).toBe(404);
  });

  it('480 when the directory does not answer in time', async () => {
    const world = await createWorld();
    world.bus.subscribe(world.subjects.directory, () => {});
    world.udp.arrive(request({ method: 'INVITE', uri: 'sip:bert@192.0.2.99' }));
    await world.rest();
    await world.ambient.advance(1_999);
    expect(world.udp.sent).toEqual([]);
    await world.ambient.advance(1);
    expect(theAnswer(world).status).toBe(480);
  });

  it('gives retransmissions the same To tag and other requests another', async () => {
    const world = await createWorld();
    for (const callId of ['a', 'a', 'b']) world.udp.arrive(request({ method: 'INVITE', uri: 'sip:nobody@192.0.2.99', callId }));
    await world.rest();
    const tags = world.udp.sent.map(({ text }) => /^To:.*;tag=(\S+)/m.exec(text)?.[1]);
    expect(tags[0]).toBe(tags[1]);
    expect(tags[2]).not.toBe(tags[0]);
    expect(tags[0]).toMatch(/^[a-z2-7]{12}$/);
  });

  it('nothing to an ACK', async () => {
    const world = await createWorld();
    world.udp.arrive(request({ method: 'ACK', uri: 'sip:nobody@192.0.2.99' }));
    world.udp.arrive(request({ method: 'ACK' }));
    await world.rest();
    expect(world.udp.sent).toEqual([]);
    expect(world.edge.stats()).toMatchObject({ received: 2, absorbed: 2 });
  });

  it('200 to an OPTIONS that names no user', async () => {
    const world = await createWorld();
    world.udp.arrive(request());
    await world.rest();
    const answer = theAnswer(world);
    expect(answer.status).toBe(200);
    expect(answer.header('Allow')).toContain('INVITE');
  });

  it.each([
    ['481 to a request of an unknown dialog', request({ method: 'BYE', toTag: 'gone' }), 481],
    ['481 to a CANCEL of nothing', request({ method: 'CANCEL', uri: 'sip:nobody@192.0.2.99' }), 481],
    ['404 to a call that names no user', request({ method: 'INVITE' }), 404],
    ['416 to a scheme it does not know', request({ method: 'INVITE', uri: 'http://example.com/' }), 416],
    ['400 to a request whose CSeq names another method', request().replace('7 OPTIONS', '7 INVITE'), 400],
    ['505 to another version', request().replace('SIP/2.0\r\n', 'SIP/3.0\r\n'), 505],
  ])('%s', async (_name, text, status) => {
    const world = await createWorld();
    world.udp.arrive(text);
    await world.rest();
    expect(theAnswer(world).status).toBe(status);
  });
});

describe('bad input (design section 10)', () => {
  it('counts and drops what cannot be answered', async () => {
    const world = await createWorld();
    for (const junk of ['hello', '\u0000\u0001\u0002', 'GET / HTTP/1.1\r\n\r\n', request().replace(/Via: .*\r\n/, '')])
      world.udp.arrive(junk);
    await world.rest();
    expect(world.udp.sent).toEqual([]);
    expect(world.edge.stats()).toMatchObject({ received: 4, unparsable: 4, droppedUnparsable: 4 });
  });

  it('drops messages above its limit', async () => {
    const world = await createWorld({ limits: { maxBytes: 500 } });
    world.udp.arrive(request({ callId: 'x'.repeat(500) }));
    await world.rest();
    expect(world.edge.stats()).toMatchObject({ received: 1, droppedOversize: 1 });
  });

  it('lets only so many requests wait for the directory', async () => {
    const world = await createWorld({ limits: { maxWaiting: 2 } });
    world.serveDirectory(() => ({ keys: [bert] }));
    for (const user of ['a', 'b', 'c', 'b']) world.udp.arrive(request({ method: 'INVITE', uri: `sip:${user}@192.0.2.99` }));
    await world.rest();
    expect(world.edge.stats()).toMatchObject({ delivered: 2, droppedBusy: 2 });
    world.udp.arrive(request({ method: 'INVITE', uri: 'sip:d@192.0.2.99' }));
    await world.rest();
    expect(world.edge.stats()).toMatchObject({ delivered: 3, droppedBusy: 2 });
  });

  it('counts what the transports drop', async () => {
    const world = await createWorld();
    for (const reason of ['oversize', 'framing', 'stalled', 'empty', 'keepalive', 'limit'] as const) world.udp.drop(reason);
    expect(world.edge.stats()).toMatchObject({
      transportOversize: 1,
      transportFraming: 1,
      transportStalled: 1,
      transportEmpty: 1,
      transportKeepalive: 1,
      transportLimit: 1,
    });
  });

  it('accounts for every message, whatever it is', async () => {
    const world = await createWorld();
    const whole = [
      request(),
      request({ method: 'INVITE', uri: 'sip:u@h' }),
      request({ uri: `sip:x@h;line=${anna}` }),
      response(lineKey('z')),
    ];
    const mutilated = fc
      .tuple(fc.constantFrom(...whole), fc.nat(400), fc.nat(400), fc.uint8Array({ maxLength: 20 }))
      .map(([text, from, length, junk]) =>
        Buffer.concat([Buffer.from(text).subarray(0, from), junk, Buffer.from(text).subarray(from + length)]),
      );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutilated), (bytes) => void world.udp.arrive(bytes)),
      { numRuns: 500, seed: 1 },
    );
    await world.rest();
    const stats = world.edge.stats();
    expect(stats.received).toBe(500);
    expect(stats.droppedError).toBe(0);
    expect(accountedFor(stats)).toBe(500);
  });
});

function fail(): never {
  throw new Error('nothing was told');
}
