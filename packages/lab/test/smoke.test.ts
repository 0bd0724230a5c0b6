import { createMemoryBus, parseRuntimeConfig } from '@offhook/core';
import { createHostLocator, createRuntime, describeDecision } from '@offhook/runtime';
import { expect, it } from 'vitest';
import { createRegistrar } from '../src/registrar.ts';
import { createVirtualAmbient } from '../src/virtual-ambient.ts';
import { createWire } from '../src/wire.ts';

it('registers twice', async () => {
  const ambient = createVirtualAmbient({ seed: 1 });
  const wire = createWire(ambient);
  const password = () => 'secret';
  const p = createRegistrar({ ambient, transports: [wire.transport({ host: '10.0.0.1', port: 5060, protocol: 'udp' })], password });
  const a = createRegistrar({ ambient, transports: [wire.transport({ host: '10.0.0.2', port: 5060, protocol: 'udp' })], password });
  await p.start();
  await a.start();
  const config = parseRuntimeConfig({
    lines: [{ userId: '1000', password: 'secret', proxy: '10.0.0.1', alternateProxy: '10.0.0.2', dualRegistration: true }],
  });
  const runtime = await createRuntime({
    config,
    ambient,
    bus: createMemoryBus({ ambient, copy: true }),
    transports: [wire.transport({ host: '10.1.0.1', port: 5060, protocol: 'udp' })],
    locator: createHostLocator(),
  });
  runtime.onDecision((d) => console.log(d.atMs, describeDecision(d)));
  await ambient.run(10_000);
  console.log(wire.transcript().join('\n'));
  console.log(JSON.stringify(runtime.lines(), null, 1));
  expect(runtime.lines()[0]?.legs.map((l) => l.usable)).toEqual([true, true]);
  await ambient.run(3_000_000);
  expect(p.seen({ method: 'REGISTER' }).length).toBe(3);
  const stop = runtime.stop();
  await ambient.runToRest();
  await stop;
  expect(p.bindings()).toEqual([]);
});
