import { readFileSync } from 'node:fs';
import { createNatsBus } from '@offhook/bus-nats';
import { type CommandReply, type Decision, parseRuntimeConfig, systemAmbient } from '@offhook/core';
import { startLabRegistrar } from '@offhook/lab';
import { createRuntime, type LineStatus } from '@offhook/runtime';
import { createUdpTransport } from '@offhook/transport-udp';
import { connect } from 'nats';
import { afterEach, expect, it } from 'vitest';
import { watchRuntime } from '../../src/watch.ts';
import { startNatsHere } from './support/nats.ts';
import { describePeers } from './support/suite.ts';

/* docs/operations.md, "From another program": its examples, sent by a client of NATS that knows nothing of Offhook. */

const page = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^nats (sub|req) '?([^\s']+)'?(?: '(.*)')?$/gm)].map(
  ([, verb, subject = '', payload = '']) => ({
    verb,
    subject,
    payload,
  }),
);

const ambient = systemAmbient();
const loopback = { host: '127.0.0.1', port: 0 };
const stops: (() => Promise<unknown>)[] = [];

function keep<T>(actor: T, stop: () => Promise<unknown>): T {
  stops.push(stop);
  return actor;
}

async function startPhone(url: string) {
  const transports = [createUdpTransport(loopback, ambient)];
  const registrar = await startLabRegistrar({ ambient, transports, password: () => 'secret' });
  keep(registrar, () => registrar.stop());
  registrar.answer('INVITE', [{ status: 180 }, { status: 200, afterMs: 20 }]);
  const config = parseRuntimeConfig({
    edge: { listen: [{ protocol: 'udp', ...loopback }] },
    lines: [{ userId: '1001', password: 'secret', proxy: `127.0.0.1:${registrar.listening[0]?.port}` }],
  });
  const bus = await createNatsBus({ servers: [url], ambient });
  keep(bus, () => bus.drain());
  const runtime = await createRuntime({ config, ambient, bus });
  return keep(runtime, () => runtime.stop());
}

describePeers('a program that knows NATS alone', ['nats-server'], () => {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  it('lists lines, places a call and follows decisions as docs/operations.md says', { timeout: 60_000 }, async () => {
    const server = await startNatsHere();
    keep(server, () => server.stop());
    const runtime = await startPhone(server.url);
    const watch = watchRuntime(runtime);
    expect(await watch.until(() => runtime.lines().every(({ legs }) => legs.every(({ usable }) => usable)), 10_000)).toBe(true);

    const nats = await connect({ servers: server.url });
    keep(nats, () => nats.drain());
    const [follow, list, explain, call, hangup] = examples;
    expect(examples.map(({ verb }) => verb)).toEqual(['sub', 'req', 'req', 'req', 'req']);
    const ask = async (example: (typeof examples)[number] | undefined, place?: LineStatus): Promise<CommandReply> => {
      const subject = example?.subject.replace('$SLOT', `${place?.slot}`).replace('$KEY', `${place?.key}`) ?? '';
      return (await nats.request(subject, example?.payload, { timeout: 10_000 })).json<CommandReply>();
    };
    const decisions: Decision[] = [];
    nats.subscribe(follow?.subject ?? '', { callback: (_, message) => void decisions.push(message.json<Decision>()) });
    await nats.flush();

    const listed = (await ask(list)) as { readonly value: readonly LineStatus[] };
    expect(listed).toMatchObject({ ok: true, value: [{ id: '1001', route: 'onTop' }] });
    const line = listed.value[0];
    expect(await ask(explain, line)).toMatchObject({ ok: true, value: { ifNow: { INVITE: { next: 'send' } } } });
    expect(await ask(call, line)).toMatchObject({ ok: true, value: { id: 'c1', direction: 'outgoing' } });
    expect(await watch.until(() => watch.call('1001', 'c1')?.state === 'up', 10_000)).toBe(true);
    expect(await ask(hangup, line)).toMatchObject({ ok: true, value: [{ id: 'c1', state: 'ended' }] });
    await nats.flush();
    expect(decisions).toContainEqual(expect.objectContaining({ line: '1001', request: { method: 'INVITE', id: 'c1' } }));
    watch.stop();
  });
});
