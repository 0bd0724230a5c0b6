import { type BusError, systemAmbient } from '@offhook/core';
import { type BusSubject, busKit, runKit } from '@offhook/core/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNatsBus, type NatsBus } from '../src/index.ts';
import { type CutWire, openWire } from './cut-wire.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { settleBuses, until, wait } from './open-bus.ts';

const ambient = systemAmbient();
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describeNats('NATS bus whose connection is lost', () => {
  let server: NatsServer;
  let wire: CutWire;
  let bus: NatsBus;
  let other: NatsBus;
  beforeAll(async () => {
    server = await startNatsServer();
    wire = await openWire(server.port);
    bus = await createNatsBus({ servers: wire.address, ambient });
    other = await createNatsBus({ servers: server.address, ambient });
  });
  afterAll(async () => {
    await Promise.all([bus.drain(), other.drain()]);
    await wire.close();
    await server.stop();
  });

  const lost = async (): Promise<void> => {
    wire.cut();
    await until(ambient, () => bus.status().state === 'reconnecting');
  };
  const found = async (): Promise<void> => {
    wire.mend();
    await until(ambient, () => bus.status().state === 'connected');
    await settleBuses(bus, other);
  };

  it('keeps its subscriptions, wildcards, groups and what is left of max; nothing is delivered twice', async () => {
    const seen: Record<string, number[]> = { plain: [], wild: [], group: [], limited: [] };
    const note =
      (name: string) =>
      ({ payload }: { readonly payload: Uint8Array }) =>
        seen[name]?.push(payload[0] ?? -1);
    bus.subscribe('keep.a', note('plain'));
    bus.subscribe('keep.>', note('wild'));
    for (const _ of [1, 2]) bus.subscribe('keep.*', note('group'), { queue: 'q' });
    bus.subscribe('keep.a', note('limited'), { max: 4 });
    bus.subscribe('keep.a', () => expect.unreachable('it was ended')).unsubscribe();
    await settleBuses(bus, other);
    for (const n of numbers(3)) other.publish('keep.a', bytes(n));
    await settleBuses(other, bus);
    await lost();
    for (const n of [3, 4, 5]) other.publish('keep.a', bytes(n));
    await settleBuses(other);
    await found();
    for (const n of [6, 7, 8]) other.publish('keep.a', bytes(n));
    await settleBuses(other, bus);
    const whole = [0, 1, 2, 6, 7, 8];
    expect(seen).toEqual({ plain: whole, wild: whole, group: whole, limited: [0, 1, 2, 6] });
  });

  it('takes subscriptions, and ends of them, while it is lost', async () => {
    const seen: string[] = [];
    const ended = bus.subscribe('late', () => seen.push('ended'));
    await settleBuses(bus);
    await lost();
    bus.subscribe('late', () => seen.push('new'));
    bus.subscribe('late', () => seen.push('short')).unsubscribe();
    ended.unsubscribe();
    await found();
    other.publish('late', bytes());
    await settleBuses(other, bus);
    expect(seen).toEqual(['new']);
  });

  it('drops and counts what is published while it is lost; nothing of it arrives later', async () => {
    const seen: number[] = [];
    other.subscribe('offhook.local.>', ({ payload }) => seen.push(payload[0] ?? -1));
    await settleBuses(other);
    const before = bus.status().dropped;
    await lost();
    for (const n of numbers(5)) bus.publish('offhook.local.line.1.abc.sip', bytes(n));
    bus.publish('offhook.local.fact.1.abc.state', bytes(99));
    await found();
    bus.publish('offhook.local.line.1.abc.sip', bytes(7));
    await settleBuses(bus, other);
    expect(seen).toEqual([7]);
    expect(bus.status().dropped).toEqual({ messages: before.messages + 5, facts: before.facts + 1 });
  });

  it('fails requests with E_BUS_TIMEOUT at their time: those under way, and those made while it is lost', async () => {
    let asked = 0;
    other.subscribe('ask', (question) => {
      asked++;
      void wait(ambient, 150).then(() => question.respond(bytes(1)));
    });
    await settleBuses(other);
    const startMs = ambient.now();
    const code = (request: Promise<unknown>): Promise<string> =>
      request.then(
        () => 'answered',
        (error: BusError) => `${error.code} ${ambient.now() - startMs >= 300}`,
      );
    const underWay = code(bus.request('ask', bytes(), { timeoutMs: 300 }));
    await settleBuses(bus, other);
    await lost();
    const meanwhile = code(bus.request('ask', bytes(), { timeoutMs: 300 }));
    expect(await Promise.all([underWay, meanwhile])).toEqual(['E_BUS_TIMEOUT true', 'E_BUS_TIMEOUT true']);
    await found();
    expect(asked).toBe(1);
    const answer = await bus.request('ask', bytes(), { timeoutMs: 5_000 });
    expect([...answer.payload]).toEqual([1]);
  });

  it('takes an answer that comes after the connection was found again', async () => {
    let answerNow = (): void => {};
    other.subscribe('patient', (question) => {
      answerNow = () => question.respond(bytes(2));
    });
    await settleBuses(other);
    const answer = bus.request('patient', bytes(), { timeoutMs: 20_000 });
    await settleBuses(bus, other);
    await lost();
    await found();
    answerNow();
    expect([...(await answer).payload]).toEqual([2]);
  });
});

describeNats('the bus kit, with the connection cut and found at every rest', () => {
  async function open(): Promise<BusSubject> {
    // Cases run side by side: each has a world of its own.
    const server = await startNatsServer();
    const wire = await openWire(server.port);
    const bus = await createNatsBus({ servers: wire.address, ambient });
    let draining: Promise<void> | undefined;
    return {
      bus: {
        publish: (...message) => bus.publish(...message),
        reaches: (subject) => bus.reaches(subject),
        subscribe: (...subscription) => bus.subscribe(...subscription),
        request: (...request) => bus.request(...request),
        flush: () => bus.flush(),
        drain() {
          draining = bus.drain();
          return draining;
        },
      },
      async settle() {
        await settleBuses(bus);
        await draining;
        if (bus.status().state !== 'connected') return;
        const { reconnects } = bus.status();
        wire.cut();
        wire.mend();
        await until(ambient, () => bus.status().state === 'connected' && bus.status().reconnects > reconnects);
        await settleBuses(bus);
      },
      elapse: (ms) => wait(ambient, ms),
      now: ambient.now,
      async close() {
        await bus.drain();
        await wire.close();
        await server.stop();
      },
    };
  }

  describe('kit', () => runKit(busKit, (name, body) => it.concurrent(name, body, 60_000), open));
});
