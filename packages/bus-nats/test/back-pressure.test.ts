import { systemAmbient } from '@offhook/core';
import { expect, it } from 'vitest';
import { createNatsBus } from '../src/index.ts';
import { describeNats, startNatsServer } from './nats-server.ts';
import { recordLog, settleBuses, until, wait } from './open-bus.ts';

const message = new Uint8Array(500);
const sip = 'offhook.local.line.7.abc.sip';
const fact = 'offhook.local.fact.7.abc.decision';

const heldBytes = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

describeNats('NATS bus that is asked for more than it can', () => {
  it('holds a window of 200,000 messages published at once, and drops the others', async () => {
    const server = await startNatsServer();
    const { log, lines } = recordLog();
    const bus = await createNatsBus({ servers: server.address, ambient: systemAmbient({ log }) });
    let seen = 0;
    bus.subscribe(sip, () => seen++);
    await bus.flush();
    const before = heldBytes();
    for (let n = 0; n < 200_000; n++) bus.publish(sip, message);
    // The window is 8 MiB; the client writes it twice, into a buffer of its own and into that of the socket.
    expect((heldBytes() - before) / 1_048_576).toBeLessThan(40);
    await settleBuses(bus);
    expect(seen).toBe(16_384);
    expect(bus.status().dropped).toEqual({ messages: 200_000 - 16_384, facts: 0 });
    expect(lines).toEqual(['warn: bus drops messages']);
    bus.publish(sip, message);
    await settleBuses(bus);
    expect(seen).toBe(16_385);
    await bus.drain();
    await server.stop();
  });

  it('carries on after the server stood still for two seconds', async () => {
    const ambient = systemAmbient();
    const server = await startNatsServer();
    const [bus, other] = await Promise.all([1, 2].map(() => createNatsBus({ servers: server.address, ambient })));
    if (bus === undefined || other === undefined) return expect.unreachable();
    const ages: number[] = [];
    other.subscribe('offhook.>', ({ headers }) => ages.push(ambient.now() - Number(headers.at)));
    await other.flush();
    const publish = (subject: string): void => bus.publish(subject, message, { headers: { at: String(ambient.now()) } });
    server.freeze();
    const before = heldBytes();
    const startMs = ambient.now();
    let published = 0;
    while (ambient.now() < startMs + 2_000) {
      for (let n = 0; n < 200; n++) publish(n % 2 === 0 ? sip : fact);
      published += 200;
      await wait(ambient, 5);
    }
    expect((heldBytes() - before) / 1_048_576).toBeLessThan(40);
    const { dropped, state } = bus.status();
    expect(state).toBe('connected');
    expect(dropped.messages + dropped.facts).toBeGreaterThan(published / 4);
    expect(dropped.facts).toBeGreaterThan(dropped.messages);
    server.thaw();
    await until(ambient, () => {
      publish(sip);
      return ages.some((age) => age < 500);
    });
    await settleBuses(bus, other);
    expect(ages.length).toBeLessThanOrEqual(16_384 + 10_000);
    await Promise.all([bus.drain(), other.drain()]);
    await server.stop();
  }, 30_000);

  it('gives a server up that says nothing for six seconds, and finds it again', async () => {
    const ambient = systemAmbient();
    const server = await startNatsServer();
    const bus = await createNatsBus({ servers: server.address, ambient });
    server.freeze();
    await until(ambient, () => bus.status().state === 'reconnecting');
    server.thaw();
    await until(ambient, () => bus.status().state === 'connected');
    await bus.drain();
    await server.stop();
  }, 30_000);

  it('ends after three seconds where a drain is never answered', async () => {
    const ambient = systemAmbient();
    const server = await startNatsServer();
    const bus = await createNatsBus({ servers: server.address, ambient });
    bus.subscribe(sip, () => {});
    await bus.flush();
    server.freeze();
    bus.publish(sip, message);
    const startMs = ambient.now();
    await bus.drain();
    expect(ambient.now() - startMs).toBeLessThan(5_000);
    expect(bus.status().state).toBe('closed');
    await server.stop();
  }, 30_000);
});
