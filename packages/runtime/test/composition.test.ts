import {
  createMemoryBus,
  type EdgeListen,
  type LocateRequest,
  type Locator,
  type Mechanism,
  parseRuntimeConfig,
  systemAmbient,
} from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createRuntime, type RuntimeOptions } from '../src/index.ts';
import { createAnsweringTransport } from './answering-transport.ts';
import { registered } from './waiting.ts';

const ambient = systemAmbient();
const config = (values = {}, line = {}) =>
  parseRuntimeConfig({ lines: [{ userId: '1001', proxy: 'pbx.example', ...line }], ...values });
const listening = (listen: EdgeListen): RuntimeOptions['config'] => ({ ...config(), edge: { name: 'edge', listen: [listen] } });

/** Finds one address for every name. */
const locator = (asked: string[]): Locator => ({
  async locate({ host, port, protocol }) {
    asked.push(host);
    const spoken = protocol === 'auto' ? 'udp' : protocol;
    return [
      {
        host: '192.0.2.1',
        port: port ?? 5060,
        protocol: spoken,
        rank: 0,
        name: host,
        validUntilMs: Number.POSITIVE_INFINITY,
      },
    ];
  },
});

const mechanism = (name: string, changes: Partial<Mechanism['manifest']> = {}): Mechanism => ({
  manifest: Object.freeze({
    name,
    kind: 'mechanism',
    api: 1,
    title: name,
    claims: () => [],
    ...changes,
  } as Mechanism['manifest']),
  decide: () => ({ next: 'deliver', rule: `${name}:deliver`, source: name }),
});

describe('createRuntime() takes what it is given instead of what is built in', () => {
  test('transports and locator', async () => {
    const asked: string[] = [];
    const transport = createAnsweringTransport(ambient);
    const runtime = await createRuntime({ config: config(), ambient, transports: [transport], locator: locator(asked) });
    expect(runtime.listening).toMatchObject([{ host: '192.0.2.9', port: 5060 }]);
    await registered(runtime);
    // By the edge, which has to know its servers, by the line, which looks whether there are several, and for the flow.
    expect(asked).toEqual(['pbx.example', 'pbx.example', 'pbx.example']);
    expect(transport.sent).toEqual(['REGISTER sip:pbx.example 3600']);
    await runtime.stop();
  });

  test('a locator, which finds the servers that the edge knows as lines find theirs', async () => {
    const asked: LocateRequest[] = [];
    const inner = locator([]);
    const line = { useDnsSrv: true, dnsSrvAutoPrefix: true, survivabilityProxy: 'gw.example:5070:A=192.0.2.8|gw2.example' };
    const runtime = await createRuntime({
      config: config({ phone: { ipMode: 'IPv4 only' } }, line),
      ambient,
      transports: [createAnsweringTransport(ambient)],
      locator: {
        locate(request) {
          asked.push(request);
          return inner.locate(request);
        },
      },
    });
    await registered(runtime);
    const common = { protocol: 'udp', families: ['ipv4'] };
    const site = { ...common, host: 'pbx.example', port: undefined, srv: true, autoPrefix: true };
    // First the edge, then the line, which has a choice by weight of its own.
    expect(asked.filter(({ families }) => families !== undefined)).toMatchObject([
      site,
      { ...common, host: 'gw2.example', srv: false },
      { ...site, asker: '1001' },
      { ...common, host: 'gw2.example' },
    ]);
    await runtime.stop();
  });

  test('ambient and bus, which it does not drain', async () => {
    const bus = createMemoryBus({ ambient });
    const transports = [createAnsweringTransport(ambient)];
    const runtime = await createRuntime({ config: config(), ambient, bus, transports, locator: locator([]) });
    expect([runtime.bus, runtime.ambient]).toEqual([bus, ambient]);
    expect(runtime.bus).toBe(bus);
    await runtime.stop();
    expect(() => bus.publish('still.open', new Uint8Array(0))).not.toThrow();
    await bus.drain();
  });

  test('its own bus is closed when it stops', async () => {
    const transports = [createAnsweringTransport(ambient)];
    const runtime = await createRuntime({ config: config(), ambient, transports, locator: locator([]) });
    await runtime.stop();
    expect(() => runtime.bus.publish('closed', new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'E_BUS_CLOSED' }));
  });

  test('a mechanism of a built-in name', async () => {
    const given = mechanism('dual-registration', {
      claims: () => [{ aspect: 'route', hold: 'exclusive', because: '', remedy: '' }],
    });
    const transports = [createAnsweringTransport(ambient)];
    const runtime = await createRuntime({
      config: config({}, { dualRegistration: true, alternateProxy: 'backup.example' }),
      ambient,
      transports,
      locator: locator([]),
      mechanisms: [given],
    });
    await registered(runtime);
    expect(await runtime.command('1001', 'message', { target: '2000', text: 'hello' })).toMatchObject({ ok: false });
    expect(await runtime.command('1001', 'explain')).toMatchObject({ ifNow: { INVITE: { rule: 'dual-registration:deliver' } } });
    await runtime.stop();
  });
});

describe('createRuntime() rejects with PluginError', () => {
  const refusal = async (options: Partial<RuntimeOptions>): Promise<unknown> =>
    createRuntime({ config: config(), ambient, transports: [createAnsweringTransport(ambient)], ...options }).catch(
      (error: unknown) => error,
    );

  test('E_PLUGIN_INVALID when no transport serves a listening address', async () => {
    const listen = { protocol: 'sctp' as 'udp', host: '127.0.0.1', port: 0 };
    await expect(createRuntime({ config: listening(listen), ambient })).rejects.toMatchObject({
      code: 'E_PLUGIN_INVALID',
      message: expect.stringContaining('No transport plugin serves sctp on 127.0.0.1:0'),
    });
  });

  test('E_PLUGIN_DUPLICATE when two mechanisms have one name', async () => {
    expect(await refusal({ mechanisms: [mechanism('router'), mechanism('router')] })).toMatchObject({
      code: 'E_PLUGIN_DUPLICATE',
      message: 'plugin mechanisms[1]: the mechanism "router" is already given by mechanisms[0]; remove or rename one of the two',
    });
  });

  test.each([
    ['of another contract', { api: 2 as 1 }, 'api is 2'],
    ['without a name', { name: '' }, 'name is ""'],
    ['of another kind', { kind: 'locator' as 'mechanism' }, 'kind is "locator", expected mechanism'],
  ])('E_PLUGIN_INVALID for a mechanism %s', async (_, changes, seen) => {
    expect(await refusal({ mechanisms: [mechanism('router', changes)] })).toMatchObject({
      code: 'E_PLUGIN_INVALID',
      message: expect.stringContaining(seen),
    });
  });

  test('E_PLUGIN_INVALID for a mechanism that cannot decide', async () => {
    const { manifest } = mechanism('router');
    expect(await refusal({ mechanisms: [{ manifest } as Mechanism] })).toMatchObject({
      code: 'E_PLUGIN_INVALID',
      message: 'plugin mechanisms[0]: decide is no function',
    });
  });

  test('E_PLUGIN_INVALID for a mechanism whose claims throw, before anything is started', async () => {
    const transport = createAnsweringTransport(ambient);
    const claims = (): never => {
      throw new Error('not pure');
    };
    const mechanisms = [mechanism('router', { claims })];
    expect(await refusal({ mechanisms, transports: [transport] })).toMatchObject({ code: 'E_PLUGIN_INVALID' });
    expect(transport.story).toEqual([]);
  });
});

describe('createRuntime() with strict rejects with ConfigError', () => {
  const strict = (values: object) => ({
    ...config({}, { dualRegistration: true, alternateProxy: 'backup.example', ...values }),
    strict: true,
  });

  test('E_POLICY_CONFLICT when a mechanism would be refused on a line', async () => {
    const transport = createAnsweringTransport(ambient);
    const start = createRuntime({ config: strict({ xMechanism: 'broadsoft' }), ambient, transports: [transport] });
    await expect(start).rejects.toMatchObject({
      code: 'E_POLICY_CONFLICT',
      findings: [{ code: 'policy.conflict', line: '1001' }],
    });
    expect(transport.story).toEqual([]);
  });

  test('E_POLICY_UNAVAILABLE when nobody brings a mechanism', async () => {
    const start = createRuntime({ config: strict({ xMechanism: 'nope' }), ambient, transports: [] });
    await expect(start).rejects.toMatchObject({ code: 'E_POLICY_UNAVAILABLE' });
  });

  test('and starts when there is nothing to refuse', async () => {
    const transports = [createAnsweringTransport(ambient)];
    const runtime = await createRuntime({ config: strict({}), ambient, transports, locator: locator([]) });
    await runtime.stop();
  });
});
