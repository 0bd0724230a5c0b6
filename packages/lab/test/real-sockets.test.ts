import { systemAmbient } from '@offhook/core';
import { createTcpTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { afterEach, describe, expect, test } from 'vitest';
import { createUserAgent, type Registrar, startLabRegistrar, type UserAgent } from '../src/index.ts';

const ambient = systemAmbient();
const loopback = { host: '127.0.0.1', port: 0 };
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(): Promise<Registrar> {
  const transports = [createUdpTransport(loopback, ambient), createTcpTransport({ listen: loopback }, ambient)];
  const registrar = await startLabRegistrar({ ambient, transports, password: () => 'secret', domains: ['lab.test'] });
  stops.push(registrar.stop);
  return registrar;
}

async function party(registrar: Registrar, user: string, protocol: 'udp' | 'tcp'): Promise<UserAgent> {
  const proxy = registrar.listening.find((each) => each.protocol === protocol);
  if (proxy === undefined) throw new Error(`the registrar does not listen on ${protocol}`);
  const transport =
    protocol === 'udp' ? createUdpTransport(loopback, ambient) : createTcpTransport({ listen: loopback }, ambient);
  const agent = createUserAgent({ ambient, transport, user, proxy, domain: 'lab.test', password: 'secret' });
  await agent.start();
  stops.push(agent.stop);
  return agent;
}

describe('the lab registrar on real sockets', () => {
  test('registers with digest over UDP and TCP on ports the system chose', async () => {
    const registrar = await start();
    const [one, two] = [await party(registrar, '1001', 'udp'), await party(registrar, '1002', 'tcp')];
    expect(await Promise.all([one.register(60), two.register(60)])).toEqual([200, 200]);
    expect(
      registrar
        .bindings()
        .map(({ user, link }) => [user, link.protocol])
        .sort(),
    ).toEqual([
      ['1001', 'udp'],
      ['1002', 'tcp'],
    ]);
    expect(registrar.seen({ method: 'REGISTER', user: '1001' }).map(({ auth }) => auth)).toEqual(['missing', 'ok']);
  });

  test('carries requests from one party to another', async () => {
    const registrar = await start();
    const [one, two] = [await party(registrar, '1001', 'udp'), await party(registrar, '1002', 'tcp')];
    await two.register(60);
    expect(await one.request('MESSAGE', '1002', [], new TextEncoder().encode('hello'))).toBe(200);
    expect(two.received.map(({ request }) => new TextDecoder().decode(request.body))).toEqual(['hello']);
  });

  test('answers on command', async () => {
    const registrar = await start();
    const one = await party(registrar, '1001', 'udp');
    registrar.answer('REGISTER', 503, { times: 1 });
    expect([await one.register(60), await one.register(60)]).toEqual([503, 200]);
  });

  test('leaves nothing bound when one of its ports is taken', async () => {
    const registrar = await start();
    const [udp, tcp] = registrar.listening;
    const free = createUdpTransport(loopback, ambient);
    const again = createTcpTransport({ listen: { host: '127.0.0.1', port: tcp?.port ?? 0 } }, ambient);
    const options = { ambient, transports: [free, again], password: () => 'secret' };
    await expect(startLabRegistrar(options)).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    expect(udp?.port).toBeGreaterThan(0);
  });
});
