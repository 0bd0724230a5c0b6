import { createServer } from 'node:net';
import { type BusError, systemAmbient } from '@offhook/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNatsBus, type NatsBus } from '../src/index.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { recordLog, settleBuses, wait } from './open-bus.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** The error of a connection that is not made. */
const failure = (servers: string): Promise<BusError> =>
  createNatsBus({ servers, ambient: systemAmbient() }).then(
    () => expect.unreachable('connected'),
    (error: BusError) => error,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('createNatsBus', () => {
  it('fails with E_BUS_CONNECT, the address and a remedy where nobody listens', async () => {
    const port = await freePort();
    const error = await failure(`nats://me:secret@127.0.0.1:${port}`);
    expect(error.code).toBe('E_BUS_CONNECT');
    expect(error.message).toBe(
      `no bus at 127.0.0.1:${port}: connection refused; start nats-server there, or correct the address`,
    );
  });

  it('fails with E_BUS_CONNECT where somebody else listens', async () => {
    const stranger = createServer((socket) => socket.end('220 mail ready\r\n'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    const error = await failure(`127.0.0.1:${port}`);
    expect(error).toMatchObject({ code: 'E_BUS_CONNECT', message: expect.stringContaining(`no bus at 127.0.0.1:${port}: `) });
    await new Promise((resolve) => stranger.close(resolve));
  });
});

describeNats('NATS bus with authorization', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer(['--user', 'me', '--pass', 'se/cret']);
  });
  afterAll(() => server.stop());

  it('connects with the credentials of the address or of the options', async () => {
    const ambient = systemAmbient();
    for (const options of [
      { servers: `nats://me:se%2Fcret@${server.address}` },
      { servers: server.address, user: 'me', password: 'se/cret' },
    ]) {
      const bus = await createNatsBus({ ...options, ambient });
      expect(bus.status()).toEqual({
        state: 'connected',
        server: server.address,
        reconnects: 0,
        dropped: { messages: 0, facts: 0 },
      });
      await bus.drain();
    }
  });

  it('says so when they are wrong, without repeating them', async () => {
    const error = await failure(`nats://me:wrong@${server.address}`);
    expect(error.code).toBe('E_BUS_CONNECT');
    expect(error.message).toBe(`no bus at ${server.address}: not authorized; check user, password, token, creds or nkey`);
  });
});

describeNats('NATS bus of two processes', () => {
  let server: NatsServer;
  let edge: NatsBus;
  let host: NatsBus;
  beforeAll(async () => {
    server = await startNatsServer();
    const ambient = systemAmbient();
    edge = await createNatsBus({ servers: server.address, ambient, name: 'edge' });
    host = await createNatsBus({ servers: server.address, ambient, name: 'host' });
  });
  afterAll(async () => {
    await Promise.all([edge.drain(), host.drain()]);
    await server.stop();
  });

  it('carries messages, headers and answers from one to the other', async () => {
    host.subscribe('ask.*', (request) =>
      request.respond(bytes(...request.payload, 9), { from: `${request.headers.who} ${request.subject}` }),
    );
    await host.flush();
    const answer = await edge.request('ask.me', bytes(1, 2), { timeoutMs: 5_000, headers: { who: 'edge' } });
    expect([...answer.payload]).toEqual([1, 2, 9]);
    expect(answer.headers).toEqual({ from: 'edge ask.me' });
    expect(answer.payload.constructor).toBe(Uint8Array);
  });

  it('keeps the order of one publisher', async () => {
    const seen: number[] = [];
    host.subscribe('order.>', ({ payload }) => seen.push((payload[0] ?? 0) * 256 + (payload[1] ?? 0)));
    await host.flush();
    const expected = Array.from({ length: 5_000 }, (_, i) => i);
    for (const i of expected) edge.publish(`order.${i % 7}`, bytes(i >> 8, i & 255));
    await settleBuses(edge, host);
    expect(seen).toEqual(expected);
  });

  it('shares a queue group over both', async () => {
    const seen = { edge: 0, host: 0 };
    edge.subscribe('work', () => seen.edge++, { queue: 'q' });
    host.subscribe('work', () => seen.host++, { queue: 'q' });
    await settleBuses(edge, host);
    for (let i = 0; i < 200; i++) host.publish('work', bytes(i));
    await settleBuses(edge, host);
    expect(seen.edge + seen.host).toBe(200);
  });

  it('hears at once that the other side has gone', async () => {
    const other = await createNatsBus({ servers: server.address, ambient: systemAmbient() });
    other.subscribe('gone', (request) => request.respond(bytes()));
    await other.flush();
    await edge.request('gone', bytes(), { timeoutMs: 3_600_000 });
    await other.drain();
    await expect(edge.request('gone', bytes(), { timeoutMs: 3_600_000 })).rejects.toMatchObject({ code: 'E_BUS_NO_RESPONDERS' });
  });
});

describeNats('NATS bus and trouble', () => {
  it('logs a handler that throws and keeps the connection', async () => {
    const server = await startNatsServer();
    const { log, lines } = recordLog();
    const bus = await createNatsBus({ servers: server.address, ambient: systemAmbient({ log }) });
    bus.subscribe('a', () => {
      throw new Error('handler of a test throws on purpose');
    });
    bus.publish('a', bytes(1));
    bus.publish('a', bytes(2));
    await settleBuses(bus);
    expect(lines).toEqual(['error: bus handler failed', 'error: bus handler failed']);
    expect(bus.status().state).toBe('connected');
    await bus.drain();
    expect(bus.status().state).toBe('closed');
    await server.stop();
  });

  it('refuses what this server’s max_payload does not take with E_BUS_PAYLOAD', async () => {
    const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
    const { tmpdir } = await import('node:os');
    const folder = await mkdtemp(`${tmpdir()}/offhook-nats-`);
    await writeFile(`${folder}/nats.conf`, 'max_payload: 1000\n');
    const server = await startNatsServer(['-c', `${folder}/nats.conf`]);
    const bus = await createNatsBus({ servers: server.address, ambient: systemAmbient() });
    bus.subscribe('a', () => {});
    const refused = expect.objectContaining({ code: 'E_BUS_PAYLOAD', message: expect.stringContaining('takes 1000') });
    expect(() => bus.publish('a', new Uint8Array(1_001))).toThrow(refused);
    await expect(bus.request('a', new Uint8Array(1_001), { timeoutMs: 3_600_000 })).rejects.toEqual(refused);
    await bus.drain();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('comes back with its subscriptions after the server was away', async () => {
    const { log, lines } = recordLog();
    const ambient = systemAmbient({ log });
    let server = await startNatsServer();
    const bus = await createNatsBus({ servers: server.address, ambient });
    const seen: number[] = [];
    bus.subscribe('a.*', ({ payload }) => seen.push(payload[0] ?? 0));
    await server.stop();
    await expect(bus.flush()).rejects.toMatchObject({ code: 'E_BUS_CLOSED' });
    expect(bus.status().state).toBe('reconnecting');
    server = await startNatsServer([], server.port);
    while (bus.status().state !== 'connected') await wait(ambient, 20);
    expect(bus.status().reconnects).toBe(1);
    bus.publish('a.b', bytes(7));
    await settleBuses(bus);
    expect(seen).toEqual([7]);
    expect(lines).toEqual(['warn: bus connection lost', 'info: bus connection back']);
    await bus.drain();
    await server.stop();
  });

  it('drains without a server: requests under way fail, then it is closed', async () => {
    const ambient = systemAmbient();
    const server = await startNatsServer();
    const bus = await createNatsBus({ servers: server.address, ambient });
    bus.subscribe('silent', () => {});
    const request = bus.request('silent', bytes(), { timeoutMs: 3_600_000 });
    const failed = expect(request).rejects.toMatchObject({ code: 'E_BUS_CLOSED' });
    await bus.flush();
    await server.stop();
    await bus.drain();
    await failed;
    expect(bus.status().state).toBe('closed');
    expect(() => bus.publish('a', bytes())).toThrow(expect.objectContaining({ code: 'E_BUS_CLOSED' }));
  });
});
