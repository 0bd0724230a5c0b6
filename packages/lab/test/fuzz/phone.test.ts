import { lineKey } from '@offhook/core';
import { expect, test } from 'vitest';
import { createFuzzer, createWorld, describeFinding, dualLine, fuzzCorpus, type World } from '../../src/index.ts';
import { fuzzSeed, times } from './rounds.ts';

/* Spoiled messages through the whole phone: edge, bus, lines and charts, from its registrar's address and from a stranger. */

const count = times(20_000);
const phone = { host: '10.0.0.9', port: 5060 };

async function sender(world: World, host: string) {
  const transport = world.wire.transport({ host, port: 5080, protocol: 'udp' });
  await transport.start({ message() {}, flowFailed() {}, dropped() {} });
  const { flow } = await transport.open({ remote: phone, owner: host, timeoutMs: 1_000 });
  return { send: (bytes: Uint8Array) => transport.send(flow, bytes), stop: () => transport.stop() };
}

/** Everything that came has become something. */
async function expectExplained(world: World): Promise<void> {
  const { edge, lines } = await world.runtime.counters();
  if (edge === undefined || lines === undefined) throw new Error('no counters');
  const dropped = Object.entries(edge).reduce((sum, [name, n]) => sum + (/^dropped(?!Sends)/.test(name) ? n : 0), 0);
  expect(edge.delivered + edge.answered + edge.absorbed + dropped).toBe(edge.received);
  expect(lines.received).toBe(edge.delivered);
  expect(edge.droppedError).toBe(0);
}

test.each(['drop', 'accept'] as const)(
  `${count} spoiled messages, strangers: %s: every line is registered, each message is explained`,
  async (strangers) => {
    const limits = { perSourcePerS: 1_000_000, perSourceBurst: 1_000_000, totalPerS: 1_000_000, totalBurst: 1_000_000 };
    const users = ['1001', '1002', '1003'];
    const world = await createWorld({
      seed: fuzzSeed,
      lines: users.map((userId) => dualLine({ userId })),
      edge: { strangers, limits },
    });
    await world.run(1);
    const senders = await Promise.all(['10.0.0.1', '10.0.0.99'].map((host) => sender(world, host)));
    const fuzzers = users.map((user) => {
      const corpus = fuzzCorpus({ key: lineKey(user), user, local: phone, remote: { host: '10.0.0.1', port: 5080 } });
      return createFuzzer({ seed: `${fuzzSeed}/${user}`, corpus });
    });
    for (let n = 0; n < count; n++) {
      const bytes = fuzzers[n % fuzzers.length]?.message(n) ?? new Uint8Array(0);
      senders[n % senders.length]?.send(bytes);
      if (n % 100 !== 99) continue;
      await world.run(1);
      const errors = world.ambient.logs.filter(({ level }) => level === 'error');
      if (errors.length > 0) throw new Error(describeFinding(fuzzSeed, n, bytes, JSON.stringify(errors[0], errorText)));
      world.forgetRecords();
    }
    await world.run(600);
    for (const user of users) {
      const { legs, calls, route } = world.line(user).status();
      expect({ legs, calls, route }).toMatchObject({ legs: [{ usable: true }, { usable: true }], calls: [], route: 'onTop' });
    }
    await expectExplained(world);
    await world.stop();
    for (const each of senders) await each.stop();
  },
);

const errorText = (_key: string, value: unknown): unknown => (value instanceof Error ? (value.stack ?? value.message) : value);
