import { type Bus, createMemoryBus, type Subscription, systemAmbient } from '@offhook/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNatsBus } from '../src/index.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { settleBuses } from './open-bus.ts';

/** Small deterministic generator: the same story for both buses, and again when it fails. */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/**
 * What arrived where: plain subscriptions by themselves, in order; members of a queue group together with all of its name, because
 * which one is chosen is the bus's affair.
 */
type Arrivals = Map<string, string[]>;

interface Story {
  readonly arrivals: Arrivals;
  published: number;
  delivered: number;
}

const tokens = ['a', 'b', 'c', 'd*', 'e>'];

/** Random subscribing, unsubscribing and publishing; the dice decide everything but the bus. */
async function play(bus: Bus, seed: number): Promise<Story> {
  const dice = createDice(seed);
  const pick = <T>(list: readonly T[]): T => list[dice(list.length)] as T;
  const subject = (): string => Array.from({ length: 1 + dice(4) }, () => pick(tokens)).join('.');
  const pattern = (): string => {
    const parts = Array.from({ length: 1 + dice(4) }, () => (dice(3) === 0 ? '*' : pick(tokens)));
    return (dice(4) === 0 ? [...parts, '>'] : parts).join('.');
  };
  const story: Story = { arrivals: new Map(), published: 0, delivered: 0 };
  const live: { readonly queue: string | undefined; readonly subscription: Subscription }[] = [];

  const subscribe = (id: number): void => {
    const queue = dice(3) === 0 ? pick(['q', 'r']) : undefined;
    const max = queue === undefined && dice(6) === 0 ? 1 + dice(20) : undefined;
    const where = queue === undefined ? `plain ${id}` : `group ${queue}`;
    const subscription = bus.subscribe(
      pattern(),
      (message) => {
        story.delivered++;
        const list = story.arrivals.get(where) ?? [];
        list.push(`${message.subject} ${message.payload.join(',')} ${message.headers.n ?? ''} ${message.reply ?? ''}`);
        story.arrivals.set(where, list);
      },
      { ...(queue === undefined ? {} : { queue }), ...(max === undefined ? {} : { max }) },
    );
    live.push({ queue, subscription });
  };
  const unsubscribe = async (): Promise<void> => {
    const [one] = live.splice(dice(live.length), 1);
    // What is under way to a member that leaves is lost: whose it was is the bus's affair, so let it arrive first.
    if (one?.queue !== undefined) await settleBuses(bus);
    if (dice(4) === 0) await one?.subscription.drain();
    else one?.subscription.unsubscribe();
  };
  const publish = (): void => {
    const n = story.published++;
    const payload = Uint8Array.of(n >> 8, n & 255);
    const headers = dice(2) === 0 ? { headers: { n: String(n) } } : {};
    bus.publish(subject(), payload, { ...headers, ...(dice(5) === 0 ? { reply: `reply.${n}` } : {}) });
  };

  for (let id = 0; id < 3_600; id++) {
    const what = dice(12);
    if (what < 2) subscribe(id);
    else if (what === 2) await unsubscribe();
    else publish();
    if (dice(200) === 0) await settleBuses(bus);
  }
  await settleBuses(bus);
  // Members of a group get theirs by different ways: their common order is the bus's affair too.
  for (const [where, list] of story.arrivals) if (where.startsWith('group')) list.sort();
  return story;
}

describeNats('memory bus and nats-server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());

  it.each([1, 2, 3])(
    'deliver the same to everybody (story %d)',
    async (seed) => {
      const ambient = systemAmbient();
      const memory = createMemoryBus({ ambient, copy: true });
      const nats = await createNatsBus({ servers: server.address, ambient });
      const inMemory = await play(memory, seed);
      const overNats = await play(nats, seed);
      await Promise.all([memory.drain(), nats.drain()]);
      expect(overNats.published).toBeGreaterThan(2_000);
      expect(overNats.delivered).toBeGreaterThan(10_000);
      expect([...inMemory.arrivals].sort()).toEqual([...overNats.arrivals].sort());
    },
    30_000,
  );
});
