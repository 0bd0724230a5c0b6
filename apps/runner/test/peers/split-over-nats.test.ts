import { createNatsBus } from '@offhook/bus-nats';
import { type Bus, parseRuntimeConfig, systemAmbient } from '@offhook/core';
import { type Registrar, startLabRegistrar } from '@offhook/lab';
import { type CallFact, createRuntime, type Runtime } from '@offhook/runtime';
import { createTcpTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { afterEach, expect, it } from 'vitest';
import { watchRuntime } from '../../src/watch.ts';
import { startNatsHere } from './support/nats.ts';
import { describePeers } from './support/suite.ts';

/* Design sections 2 and 4: every SIP message crosses the bus, so edge and lines may be two runtimes on NATS; nothing else changes. */

const ambient = systemAmbient();
const loopback = { host: '127.0.0.1', port: 0 };
const stops: (() => Promise<unknown>)[] = [];

function keep<T>(actor: T, stop: () => Promise<unknown>): T {
  stops.push(stop);
  return actor;
}

async function startRegistrar(): Promise<Registrar> {
  const transports = [createUdpTransport(loopback, ambient), createTcpTransport({ listen: loopback }, ambient)];
  const registrar = await startLabRegistrar({ ambient, transports, password: () => 'secret' });
  registrar.answer('INVITE', [{ status: 180 }, { status: 200, afterMs: 20 }]);
  registrar.answer('MESSAGE', 200);
  return keep(registrar, () => registrar.stop());
}

/** Timers B and F of 2 s instead of 16: the rules are the same and the story is short. */
function configuration(primary: Registrar, alternate: Registrar) {
  const at = (registrar: Registrar, wanted: string): string =>
    `127.0.0.1:${registrar.listening.find(({ protocol }) => protocol === wanted)?.port}`;
  const servers = (protocol: string) => ({ proxy: at(primary, protocol), alternateProxy: at(alternate, protocol) });
  return parseRuntimeConfig({
    edge: {
      listen: [
        { protocol: 'udp', ...loopback },
        { protocol: 'tcp', ...loopback },
      ],
    },
    phone: { sipTimerB: 2, sipTimerF: 2, regRetryIntvl: 1 },
    templates: { dual: { dualRegistration: true, password: 'secret', registerExpires: 600 } },
    lines: [
      { template: 'dual', userId: '1001', ...servers('udp') },
      { template: 'dual', userId: '1002', sipTransport: 'TCP', ...servers('tcp') },
    ],
  });
}

/** Registers, calls, loses the primary, calls and writes again, and stops: the rule of each decision and each request on the wire, by line. */
async function tell(edgeBus: Bus | undefined, lineBus: Bus | undefined) {
  const [primary, alternate] = [await startRegistrar(), await startRegistrar()];
  const config = configuration(primary, alternate);
  const start = async (options: object): Promise<Runtime> => {
    const runtime = await createRuntime({ config, ambient, ...options });
    return keep(runtime, () => runtime.stop());
  };
  const split = edgeBus !== undefined && lineBus !== undefined;
  if (split) await start({ roles: ['edge'], bus: edgeBus });
  const runtime = await start(split ? { roles: ['lines'], bus: lineBus } : {});
  const watch = watchRuntime(runtime);
  const rules: Record<string, string[]> = { '1001': [], '1002': [] };
  runtime.onDecision(({ line, about, rule }) => about !== 'registration' && rules[line]?.push(rule));

  const usable = (): boolean => runtime.lines().every(({ legs }) => legs.length === 2 && legs.every((leg) => leg.usable));
  expect(await watch.until(usable, 10_000)).toBe(true);
  const call = async (line: string): Promise<string> => {
    const { id } = (await runtime.command(line, 'call', { target: '5000' })) as CallFact;
    await watch.until(() => watch.call(line, id)?.state === 'up', 10_000);
    await runtime.command(line, 'hangup', { call: id });
    await watch.until(() => watch.call(line, id)?.state === 'ended', 5_000);
    return `${watch.call(line, id)?.leg}`;
  };
  const legs: string[] = [];
  for (const line of ['1001', '1002']) legs.push(await call(line));
  primary.silence();
  for (const line of ['1001', '1002']) legs.push(await call(line));
  const message = { target: '5000', text: 'hello' };
  const sent = await runtime.command('1001', 'message', message);
  primary.clear();
  watch.stop();
  for (const stop of stops.splice(2).reverse()) await stop();
  const seen = (registrar: Registrar, user: string) => registrar.seen({ user, repeated: false }).map(({ method }) => method);
  return {
    legs,
    sent,
    rules,
    wire: ['1001', '1002'].map((user) => ({ primary: seen(primary, user), alternate: seen(alternate, user) })),
    left: [...primary.bindings(), ...alternate.bindings()].length,
  };
}

describePeers('edge and lines as two runtimes', ['nats-server'], () => {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  it('tell the same story over a real nats-server as one runtime does by itself', { timeout: 60_000 }, async () => {
    const together = await tell(undefined, undefined);
    for (const stop of stops.splice(0).reverse()) await stop();

    const server = await startNatsHere();
    const [edgeBus, lineBus] = await Promise.all([1, 2].map(() => createNatsBus({ servers: [server.url], ambient })));
    const apart = await tell(edgeBus, lineBus);
    await edgeBus?.drain();
    await lineBus?.drain();
    await server.stop();

    expect(together).toMatchObject({
      legs: ['primary', 'primary', 'alternate', 'alternate'],
      sent: { ok: true, leg: 'alternate' },
      left: 0,
    });
    expect(together.rules['1001']).toContain('6.4:primary-failed/no-response');
    expect(apart).toEqual(together);
  });
});
