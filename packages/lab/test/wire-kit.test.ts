import type { Endpoint, Protocol } from '@offhook/core';
import { casesFor, runKit, type Stranger, type TransportSubject, transportKit, transportMutants } from '@offhook/core/testkit';
import { describe, expect, test } from 'vitest';
import { createVirtualAmbient, createWire, type VirtualAmbient, type Wire } from '../src/index.ts';

/** Lets virtual time run while anybody waits, in small steps, for all waiters at once. */
function createPump(ambient: VirtualAmbient): <T>(promise: Promise<T>) => Promise<T> {
  let waiting = 0;
  let pumping: Promise<void> | undefined;
  async function pump(): Promise<void> {
    while (waiting > 0) await ambient.runFor(1);
  }
  return async (promise) => {
    waiting++;
    pumping ??= pump().finally(() => {
      pumping = undefined;
    });
    try {
      return await promise;
    } finally {
      waiting--;
      await pumping;
    }
  };
}

/** Bytes as they are: what crossed the wire to its own address is what it heard. */
async function createStranger(ambient: VirtualAmbient, wire: Wire, protocol: Protocol, to: Endpoint): Promise<Stranger> {
  const transport = wire.transport({ host: '10.9.9.9', port: 0, protocol });
  await transport.start({ message() {}, flowFailed() {}, dropped() {} });
  const { flow, local } = await transport.open({ remote: to, owner: 'stranger', timeoutMs: 1_000 });
  const heard = (): Uint8Array =>
    Uint8Array.from(
      wire
        .find({ to: local, delivered: true })
        .flatMap(({ bytes, deliveredAtMs }) => (deliveredAtMs === undefined ? [] : [...bytes])),
    );
  return {
    local,
    send: (bytes) => transport.send(flow, bytes),
    async heard(seen) {
      while (heard().length <= seen) await new Promise<void>((resolve) => ambient.setTimer(resolve, 1));
      return heard();
    },
    close: () => transport.stop(),
  };
}

function subject(protocol: Protocol): TransportSubject {
  const ambient = createVirtualAmbient({ seed: 'kit' });
  const wire = createWire(ambient, { delayMs: 2 });
  let hosts = 0;
  return {
    ambient,
    create: (at = { host: `10.0.0.${++hosts}`, port: 0 }) => wire.transport({ ...at, protocol }),
    stranger: (to) => createStranger(ambient, wire, protocol, to),
    async deadEnd() {
      const host = '10.8.8.8';
      const other = wire.transport({ host, port: 0, protocol });
      await other.start({ message() {}, flowFailed() {}, dropped() {} });
      await other.stop();
      return { host, port: 5_999 };
    },
    wait: createPump(ambient),
    stall: () => ambient.runFor(600_000),
    async close() {},
  };
}

describe('the wire’s datagrams', () => {
  runKit(transportKit, test, async () => subject('udp'), ['datagram']);
});

describe('the wire’s streams', () => {
  runKit(transportKit, test, async () => subject('tcp'), ['stream', 'per-owner', 'waits']);
});

describe('the transport kit over the wire', () => {
  test.each(casesFor(transportKit, ['stream', 'waits']))('catches a stream that breaks: $name', async ({ name, run }) => {
    const mutate = transportMutants[name];
    if (mutate === undefined) throw new Error(`no mutant for the case ${name}`);
    await expect(run(mutate({ ...subject('tcp'), patienceMs: 150 }))).rejects.toThrow();
  });
});
