import { setImmediate as turn } from 'node:timers/promises';
import { systemAmbient } from '@offhook/core';
import { createUserAgent, type Registrar, startLabRegistrar } from '@offhook/lab';
import type { Runtime } from '@offhook/runtime';
import { createUdpTransport } from '@offhook/transport-udp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, registered, startLine } from '../src/one-line.ts';

/* Real sockets on the loopback interface; every port is chosen by the system. */

const ambient = systemAmbient();
const udp = () => createUdpTransport({ host: '127.0.0.1', port: 0 }, ambient);
const password = 'secret';
const stops: (() => Promise<void>)[] = [];
const printed: string[] = [];
let primary: Registrar;
let alternate: Registrar;

async function registrar(): Promise<Registrar> {
  const started = await startLabRegistrar({ ambient, transports: [udp()], password: () => password, domains: ['127.0.0.1'] });
  stops.push(started.stop);
  return started;
}

/** Sockets of this process. A closed one is gone two turns of the event loop later. */
async function sockets(): Promise<number> {
  for (let turns = 0; turns < 4; turns++) await turn();
  return process.getActiveResourcesInfo().filter((name) => /UDP|TCP/.test(name)).length;
}

/** What is decided is printed soon after. */
async function hasPrinted(pattern: RegExp): Promise<void> {
  while (!printed.some((line) => pattern.test(line))) await turn();
}

const addressOf = ({ listening: [at] }: Registrar): string => `${at?.host}:${at?.port}`;

beforeEach(async () => {
  printed.length = 0;
  primary = await registrar();
  alternate = await registrar();
});

async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

afterEach(stopAll);

async function start(): Promise<Runtime> {
  const runtime = await startLine({
    proxy: addressOf(primary),
    alternateProxy: addressOf(alternate),
    userId: '1001',
    password,
    print: (text) => printed.push(text),
  });
  stops.push(runtime.stop);
  await registered(runtime);
  return runtime;
}

/** Somebody to call, behind the primary. */
async function callee(user: string) {
  const transport = udp();
  const proxy = { host: '127.0.0.1', port: primary.listening[0]?.port ?? 0 };
  const agent = createUserAgent({ ambient, transport, user, proxy, password });
  primary.attach(user, await agent.start());
  stops.push(agent.stop);
  return agent;
}

describe('one line in its own process', () => {
  test('registers at both servers and prints why each request went where', async () => {
    const runtime = await start();
    expect(runtime.lines()).toMatchObject([{ id: '1001', mode: 'dual', route: 'onTop' }]);
    expect([primary, alternate].map((each) => each.bindings('1001').length)).toEqual([1, 1]);
    await hasPrinted(/^1001 primary: registered -> primary \(127\.0\.0\.1:\d+;udp\)/);
    await hasPrinted(/^1001 alternate: registered -> alternate/);
  });

  test('registers at one server when there is no other', async () => {
    const runtime = await startLine({ proxy: addressOf(primary), userId: '1001', password, print() {} });
    stops.push(runtime.stop);
    await registered(runtime);
    expect(runtime.lines()).toMatchObject([{ mode: 'single', legs: [{ leg: 'primary', usable: true }] }]);
  });

  test('places a call by the primary', async () => {
    const runtime = await start();
    const other = await callee('2000');
    expect(await call(runtime, '1001', '2000')).toMatchObject({ state: 'up', leg: 'primary', codec: 'PCMU' });
    expect(other.calls).toHaveLength(1);
    await hasPrinted(/^1001 INVITE c1: send -> primary .* by 6\.4:both-usable/);
  });

  test('withdraws both bindings and the call when it stops, and leaves no handle behind', async () => {
    const other = await callee('2000');
    const runtime = await start();
    await call(runtime, '1001', '2000');
    await runtime.stop();
    expect([primary, alternate].flatMap((each) => each.bindings('1001'))).toEqual([]);
    expect(other.calls.map(({ ending }) => ending)).toEqual(['there']);
    await stopAll();
    expect(await sockets()).toBe(0);
  });

  test('says what became of a call that nobody can take', async () => {
    const runtime = await start();
    expect(await call(runtime, '1001', '2999')).toMatchObject({ state: 'ended', status: 480 });
  });
});
