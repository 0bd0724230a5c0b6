import { describe, expect, it } from 'vitest';
import type { BusMessage } from '../contracts/bus.ts';
import { createManualAmbient } from '../testkit/manual-ambient.ts';
import { createMemoryBus } from './memory-bus.ts';

const one = Uint8Array.of(1);

describe('createMemoryBus', () => {
  it('asks for nothing while nothing is under way', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    bus.subscribe('a', (request) => request.respond(one));
    expect([ambient.timers, ambient.deferred]).toEqual([0, 0]);
    const answer = bus.request('a', one, { timeoutMs: 1_000 });
    expect([ambient.timers, ambient.deferred]).toEqual([1, 1]);
    await ambient.settle();
    await answer;
    expect([ambient.timers, ambient.deferred]).toEqual([0, 0]);
  });

  it('delivers a burst in slices, in order, so that other deferred work has its turn', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    const seen: number[] = [];
    bus.subscribe('burst', ({ payload }) => seen.push(payload[0] ?? 0, payload[1] ?? 0));
    for (let i = 0; i < 1_000; i++) bus.publish('burst', Uint8Array.of(i >> 8, i & 255));
    expect(ambient.deferred).toBe(1);
    ambient.step();
    expect(seen.length / 2).toBe(256);
    await ambient.settle();
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => [i >> 8, i & 255]).flat());
  });

  it('hands over fewer of those messages whose work goes on after the slice: requests and answers', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    let asked = 0;
    bus.subscribe('ask', (message) => {
      asked += 1;
      message.respond(one);
    });
    const answers = Promise.all(Array.from({ length: 100 }, () => bus.request('ask', one, { timeoutMs: 1_000 })));
    ambient.step();
    expect(asked).toBe(16);
    await ambient.settle();
    expect(await answers).toHaveLength(100);
  });

  it('ends a slice when its deliveries take long', async () => {
    const ambient = createManualAmbient();
    let workedMs = 0;
    const bus = createMemoryBus({ ambient: { ...ambient, now: () => ambient.now() + workedMs } });
    let seen = 0;
    bus.subscribe('burst', () => {
      seen += 1;
      workedMs += 2;
    });
    for (let i = 0; i < 20; i++) bus.publish('burst', one);
    ambient.step();
    expect(seen).toBe(2);
    await ambient.settle();
    expect(seen).toBe(20);
  });

  it('delivers what handlers publish after what was published before', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    const seen: string[] = [];
    bus.subscribe('>', ({ subject }) => {
      seen.push(subject);
      if (subject === 'a') bus.publish('c', one);
    });
    bus.publish('a', one);
    bus.publish('b', one);
    await ambient.settle();
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('never delivers inside the stack of a handler that publishes', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    let depth = 0;
    bus.subscribe('a.*', ({ subject }) => {
      expect(++depth).toBe(1);
      if (subject === 'a.1') bus.publish('a.2', one);
      depth--;
    });
    bus.publish('a.1', one);
    await ambient.settle();
    expect(ambient.logged).toEqual([]);
  });

  it('reaches nobody where nobody listens, so that nothing need be made', () => {
    const bus = createMemoryBus({ ambient: createManualAmbient() });
    const subscription = bus.subscribe('facts.*', () => {});
    expect(['facts.a', 'facts', 'other.a'].map((subject) => bus.reaches(subject))).toEqual([true, false, false]);
    subscription.unsubscribe();
    expect(bus.reaches('facts.a')).toBe(false);
  });

  it('logs what a handler throws, with the subject only', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    const error = new Error('handler of a test throws on purpose');
    bus.subscribe('a', () => {
      throw error;
    });
    bus.publish('a', one);
    await ambient.settle();
    expect(ambient.logged).toMatchObject([{ level: 'error', message: 'bus handler failed', fields: { error } }]);
  });

  it('passes payload and headers by reference', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    const headers = { k: 'v' };
    const seen: BusMessage[] = [];
    bus.subscribe('a', (message) => seen.push(message));
    bus.publish('a', one, { headers });
    await ambient.settle();
    expect(seen[0]?.payload).toBe(one);
    expect(seen[0]?.headers).toBe(headers);
  });

  it('copies for each delivery when asked, so that nobody sees the changes of another', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient, copy: true });
    const payload = Buffer.from([1, 2, 3]);
    const headers = { k: 'v' };
    const seen: BusMessage[] = [];
    for (let i = 0; i < 2; i++) bus.subscribe('a', (message) => seen.push(message));
    bus.publish('a', payload, { headers });
    payload.fill(9);
    headers.k = 'changed';
    await ambient.settle();
    const [first, second] = seen;
    first?.payload.fill(7);
    expect([...(second?.payload ?? [])]).toEqual([1, 2, 3]);
    expect(second?.headers).toEqual({ k: 'v' });
    expect(first?.headers).not.toBe(second?.headers);
  });

  it('chooses a member of a queue group by the ambient: same seed, same members', async () => {
    const play = async (): Promise<number[]> => {
      const ambient = createManualAmbient();
      const bus = createMemoryBus({ ambient });
      const chosen: number[] = [];
      for (const member of [0, 1, 2]) bus.subscribe('work', () => chosen.push(member), { queue: 'q' });
      for (let i = 0; i < 30; i++) bus.publish('work', one);
      await ambient.settle();
      return chosen;
    };
    expect(await play()).toEqual(await play());
  });

  it('gives the messages of a member that reached its maximum to the others', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    let limited = 0;
    let other = 0;
    bus.subscribe('work', () => limited++, { queue: 'q', max: 2 });
    bus.subscribe('work', () => other++, { queue: 'q' });
    for (let i = 0; i < 50; i++) bus.publish('work', one);
    await ambient.settle();
    expect([limited, other]).toEqual([2, 48]);
  });

  it('flushes at once when nothing is under way', async () => {
    const ambient = createManualAmbient();
    await createMemoryBus({ ambient }).flush();
    expect(ambient.deferred).toBe(0);
  });

  it('flushes for those who wait for earlier messages before the later ones are delivered', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    let seen = 0;
    bus.subscribe('a', () => seen++);
    for (let i = 0; i < 256; i++) bus.publish('a', one);
    const first = bus.flush().then(() => seen);
    for (let i = 0; i < 1_000; i++) bus.publish('a', one);
    const second = bus.flush().then(() => seen);
    await ambient.settle();
    expect([await first, await second]).toEqual([256, 1_256]);
  });
});
