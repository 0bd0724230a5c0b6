import { createMemoryBus, type Decision, encodeJson, parseRuntimeConfig, systemAmbient } from '@offhook/core';
import { afterEach, describe, expect, test } from 'vitest';
import { createRuntime, type Fact, type Runtime, type RuntimeOptions } from '../src/index.ts';
import { createAnsweringTransport } from './answering-transport.ts';
import { registered, until } from './waiting.ts';

const ambient = systemAmbient();
const running: Runtime[] = [];

afterEach(async () => {
  for (const runtime of running.splice(0)) await runtime.kill();
});

async function start(host: string, options: Partial<RuntimeOptions> = {}) {
  const transport = createAnsweringTransport(ambient, { local: { host, port: 5060 } });
  const config = parseRuntimeConfig({ lines: [{ userId: '1001', proxy: '192.0.2.1' }] });
  const runtime = await createRuntime({ config, transports: [transport], ...options });
  running.push(runtime);
  return { runtime, transport };
}

describe('two runtimes in one process, with lines of the same id', () => {
  test('have a bus each and hear none of the other’s facts', async () => {
    const one = await start('192.0.2.8');
    const two = await start('192.0.2.9');
    expect(one.runtime.bus).not.toBe(two.runtime.bus);
    await Promise.all([registered(one.runtime), registered(two.runtime)]);
    const heard: Fact[] = [];
    two.runtime.onFact((fact) => heard.push(fact));
    const decisions: Decision[] = [];
    one.runtime.onDecision((decision) => decisions.push(decision));
    await one.runtime.command('1001', 'message', { target: '2000', text: 'hello' });
    expect(decisions.map(({ rule }) => rule)).toEqual(['6.7:registered']);
    expect(heard).toEqual([]);
    expect(two.transport.story).not.toContain('MESSAGE');
  });

  test('stop one by one: the other goes on working', async () => {
    const one = await start('192.0.2.8');
    const two = await start('192.0.2.9');
    await Promise.all([registered(one.runtime), registered(two.runtime)]);
    await one.runtime.stop();
    expect(one.transport.story.at(-1)).toBe('stop');
    expect(two.runtime.lines()).toMatchObject([{ route: 'onTop' }]);
    expect(await two.runtime.command('1001', 'message', { target: '2000', text: 'hello' })).toMatchObject({ status: 200 });
    await two.runtime.stop();
    expect(two.transport.story.at(-1)).toBe('stop');
  });
});

describe('edge and lines as two runtimes on one bus that copies every payload', () => {
  async function split() {
    const bus = createMemoryBus({ ambient, copy: true });
    const edge = await start('192.0.2.9', { bus, ambient, roles: ['edge'] });
    const lines = await start('192.0.2.10', { bus, ambient, roles: ['lines'] });
    return { bus, edge, lines };
  }

  test('register through the edge, which alone owns sockets', async () => {
    const { bus, edge, lines } = await split();
    expect(edge.runtime.listening).toMatchObject([{ host: '192.0.2.9' }]);
    expect(lines.runtime.listening).toEqual([]);
    await registered(lines.runtime);
    expect(edge.transport.story).toEqual(['start', 'REGISTER']);
    expect(lines.transport.story).toEqual([]);
    await lines.runtime.stop();
    await edge.runtime.stop();
    expect(edge.transport.story).toEqual(['start', 'REGISTER', 'REGISTER', 'stop']);
    await bus.drain();
  });

  test('the edge runtime has no lines of its own and reaches them over the bus', async () => {
    const { edge } = await split();
    expect(edge.runtime.lines()).toEqual([]);
    expect(await edge.runtime.command('1001', 'status')).toMatchObject({ id: '1001' });
  });

  test('a line that nobody runs is E_LINE_UNKNOWN there too', async () => {
    const { edge } = await split();
    await expect(edge.runtime.command('nobody', 'status')).rejects.toMatchObject({
      code: 'E_LINE_UNKNOWN',
      message: 'There is no line "nobody". Lines here: none.',
    });
  });

  test('lines without an edge wait, and find it once it is there', async () => {
    const bus = createMemoryBus({ ambient });
    const lines = await start('192.0.2.10', { bus, ambient, roles: ['lines'] });
    await until(lines.runtime, () => lines.runtime.lines()[0]?.legs[0]?.registration === 'waiting');
    const edge = await start('192.0.2.9', { bus, ambient, roles: ['edge'] });
    await lines.runtime.command('1001', 'restart');
    await registered(lines.runtime);
    expect(edge.transport.story).toEqual(['start', 'REGISTER']);
  });
});

describe('a fact that another process got wrong', () => {
  test('is kept from handlers, and the next one arrives', async () => {
    const { runtime } = await start('192.0.2.9');
    const heard: unknown[] = [];
    runtime.onFact(({ value }) => heard.push(value));
    const [line] = runtime.lines();
    if (line === undefined) throw new Error('a line is needed');
    const subject = runtime.subjects.fact(line.key, 'state');
    runtime.bus.publish(subject, new TextEncoder().encode('{'));
    runtime.bus.publish(subject, encodeJson('sound'));
    await until(runtime, () => heard.includes('sound'));
    expect(heard).toContain('sound');
  });
});
