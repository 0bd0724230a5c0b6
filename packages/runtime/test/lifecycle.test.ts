import { type Ambient, createMemoryBus, parseRuntimeConfig, type RuntimeConfig, systemAmbient, type Timer } from '@offhook/core';
import { createUdpTransport } from '@offhook/transport-udp';
import { afterEach, describe, expect, test } from 'vitest';
import { createRuntime, type Fact, type Runtime, type RuntimeOptions } from '../src/index.ts';
import { createAnsweringTransport, inUse } from './answering-transport.ts';
import { handles, registered, until } from './waiting.ts';

/* docs/lifecycle.md, "A runtime". The network is one server at 192.0.2.1 that grants whatever it is asked. */

const ambient = systemAmbient();
const config = (...users: readonly string[]): RuntimeConfig =>
  parseRuntimeConfig({ lines: users.map((userId) => ({ userId, proxy: '192.0.2.1' })) });
/** Lines that find nobody, on this machine. */
const local = parseRuntimeConfig({ lines: [{ userId: '1001', proxy: '127.0.0.1:9' }] });
const running: Runtime[] = [];

afterEach(async () => {
  for (const runtime of running.splice(0)) await runtime.kill();
});

async function start(options: Partial<RuntimeOptions> = {}) {
  const transport = createAnsweringTransport(ambient);
  const runtime = await createRuntime({ config: config('1001', '1002'), ambient, transports: [transport], ...options });
  running.push(runtime);
  return { runtime, transport };
}

const withdrawals = ['REGISTER sip:192.0.2.1 0', 'REGISTER sip:192.0.2.1 0'];

describe('runtime.stop()', () => {
  test('withdraws every binding, then closes the sockets', async () => {
    const { runtime, transport } = await start();
    await registered(runtime);
    await runtime.stop();
    expect(transport.story).toEqual(['start', 'REGISTER', 'REGISTER', 'REGISTER', 'REGISTER', 'stop']);
    expect(transport.sent.slice(2)).toEqual(withdrawals);
  });

  test('reports one final state of each line, and nothing afterwards', async () => {
    const { runtime } = await start();
    await registered(runtime);
    const facts: Fact[] = [];
    runtime.onFact((fact) => facts.push(fact));
    await runtime.stop();
    const final = facts.filter(({ value }) => (value as { state: string }).state === 'stopped');
    expect(final.map(({ key }) => key).sort()).toEqual(
      runtime
        .lines()
        .map(({ key }) => key)
        .sort(),
    );
    expect(runtime.lines().map(({ route }) => route)).toEqual(['stopped', 'stopped']);
  });

  test('succeeds before anything is registered', async () => {
    const { runtime, transport } = await start();
    await runtime.stop();
    expect(transport.story.at(-1)).toBe('stop');
  });

  test('is idempotent', async () => {
    const { runtime, transport } = await start();
    await registered(runtime);
    await Promise.all([runtime.stop(), runtime.stop()]);
    await runtime.stop();
    await runtime.kill();
    expect(transport.sent.slice(2)).toEqual(withdrawals);
    expect(transport.story.filter((step) => step === 'stop')).toHaveLength(1);
  });

  test('leaves no socket and no timer', async () => {
    // Timers are counted at the door they go through: the test runner comes and goes with timers of its own.
    const pending = new Set<Timer>();
    const { yielding: _, ...door } = ambient;
    const counting: Ambient = {
      ...door,
      setTimer(fire, delayMs) {
        const timer = ambient.setTimer(() => {
          pending.delete(timer);
          fire();
        }, delayMs);
        pending.add(timer);
        return timer;
      },
      clearTimer(timer) {
        if (timer !== undefined) pending.delete(timer);
        ambient.clearTimer(timer);
      },
    };
    const before = await handles();
    const host = '127.0.0.1';
    const listen = (['udp', 'tcp'] as const).map((protocol) => ({ protocol, host, port: 0 }));
    const runtime = await createRuntime({ config: { ...local, edge: { name: 'edge', listen } }, ambient: counting });
    expect(runtime.listening.map(({ port }) => port > 0)).toEqual([true, true]);
    expect((await handles()).length).toBeGreaterThan(before.length);
    expect(pending.size).toBeGreaterThan(0);
    await runtime.kill();
    expect(await handles()).toEqual(before);
    expect(pending.size).toBe(0);
  });

  test('closes the sockets although the bus is gone already', async () => {
    const bus = createMemoryBus({ ambient });
    const { runtime, transport } = await start({ bus });
    await registered(runtime);
    await bus.drain();
    await runtime.stop();
    expect(transport.story.at(-1)).toBe('stop');
  });

  test('closes the sockets although the store cannot keep anything, and rejects with its fault', async () => {
    const fault = new Error('disk full');
    const store = { load: async () => ({}), save() {}, flush: () => Promise.reject(fault), close: async () => {} };
    const { runtime, transport } = await start({ store });
    await expect(runtime.stop()).rejects.toBe(fault);
    expect(transport.story.at(-1)).toBe('stop');
    await expect(running.pop()?.kill()).rejects.toBe(fault);
  });
});

describe('runtime.kill()', () => {
  test('sends nothing and closes the sockets', async () => {
    const { runtime, transport } = await start();
    await registered(runtime);
    const facts: Fact[] = [];
    runtime.onFact((fact) => facts.push(fact));
    await runtime.kill();
    expect(transport.story).toEqual(['start', 'REGISTER', 'REGISTER', 'stop']);
    expect(facts).toEqual([]);
  });

  test('ends a stop that waits for a silent server', async () => {
    const { runtime, transport } = await start();
    await registered(runtime);
    transport.silence();
    const stopping = runtime.stop();
    await runtime.kill();
    await stopping;
    expect(transport.story.at(-1)).toBe('stop');
  });
});

describe('createRuntime() rejects with TransportError', () => {
  test('E_TRANSPORT_IN_USE, and stops the transports that had started', async () => {
    const first = createAnsweringTransport(ambient);
    const second = createAnsweringTransport(ambient, { startError: inUse() });
    await expect(start({ transports: [first, second] })).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    expect([first.story[0], first.story.at(-1)]).toEqual(['start', 'stop']);
  });

  test('E_TRANSPORT_IN_USE when another socket has the port, and releases everything', async () => {
    const before = await handles();
    const other = createUdpTransport({ host: '127.0.0.1', port: 0 }, ambient);
    const [taken] = await other.start({ message() {}, flowFailed() {}, dropped() {} });
    const at = { host: '127.0.0.1', port: taken?.port ?? 0 };
    const listen = [
      { protocol: 'tcp', ...at, port: 0 },
      { protocol: 'udp', ...at },
    ] as const;
    const starting = createRuntime({ config: { ...local, edge: { name: 'edge', listen } } });
    await expect(starting).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    await other.stop();
    expect(await handles()).toEqual(before);
  });

  test('and ends the lines when they cannot begin: a closed bus', async () => {
    const bus = createMemoryBus({ ambient });
    await bus.drain();
    const transport = createAnsweringTransport(ambient);
    await expect(start({ bus, transports: [transport] })).rejects.toMatchObject({ code: 'E_BUS_CLOSED' });
    expect([transport.story[0], transport.story.at(-1)]).toEqual(['start', 'stop']);
  });
});

describe('a line that cannot even be made', () => {
  test('keeps its neighbours from nothing, and says that it failed', async () => {
    const sound = config('1001', '1002');
    const [first, second] = sound.lines;
    if (first === undefined || second === undefined) throw new Error('two lines are needed');
    const poisoned = {
      ...first,
      phone: {
        ...first.phone,
        get sipT1(): number {
          throw new Error('no such value');
        },
      },
    };
    const { runtime, transport } = await start({ config: { ...sound, lines: [poisoned, second] } });
    await until(runtime, () => runtime.lines()[1]?.route === 'onTop');
    expect(runtime.lines()).toMatchObject([{ id: '1001', route: 'failed', degraded: true }, { id: '1002' }]);
    await runtime.stop();
    expect(transport.story.at(-1)).toBe('stop');
  });
});
