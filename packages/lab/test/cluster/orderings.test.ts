import { buckets } from '@offhook/cluster';
import { createSubjects, decodeJson, encodeJson, type KeyValue } from '@offhook/core';
import { afterEach, describe, expect, it } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { type ClusterWorld, type HostHooks, openClusterWorld, type SeenRegister, type WorldMember } from './cluster-world.ts';

const count = 30;
const usersOf = (many: number): readonly string[] => Array.from({ length: many }, (_, n) => String(1_000 + n));
const users = usersOf(count);
const linesOf = (names: readonly string[], values: object = {}) =>
  names.map((userId) => dualLine({ userId, registerExpires: 3_600, ...values }));

let world: ClusterWorld;
afterEach(() => world.stop());

const now = (): number => world.ambient.now() / 1_000;
const later = (ms: number): Promise<void> => new Promise((resolve) => void world.ambient.setTimer(resolve, ms));
const registers = (sinceS: number): readonly SeenRegister[] => [world.p, world.a].flatMap((at) => world.registers(at, sinceS));
const runs = async (host: WorldMember, line: string): Promise<boolean> =>
  (await world.lines(host.id)).some(({ id }) => id === line);
const unreadable: HostHooks = {
  readLines: () => {
    throw new Error('a secret is not set');
  },
};

/** Seconds until it holds; never more than the limit. */
async function secondsUntil(holds: () => boolean, limitS: number): Promise<number> {
  const fromS = now();
  while (!holds() && now() - fromS < limitS) await world.run(1);
  return now() - fromS;
}

/** Whether the promise has settled after so many seconds. */
async function settlesWithin(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  let isSettled = false;
  void promise.then(() => {
    isSettled = true;
  });
  await world.run(seconds);
  return isSettled;
}

describe('a host that is fenced while it reads the ledger of a slot it gains', () => {
  it('reads it again when it gains the slot next: the CSeq never goes back', async () => {
    world = await openClusterWorld();
    await world.edge('edge-1');
    let held: Promise<void> | undefined;
    let release = (): void => {};
    const slow = (own: KeyValue): KeyValue => ({
      ...own,
      async entries(pattern) {
        const found = await own.entries(pattern);
        await held;
        return found;
      },
    });
    const first = await world.host('host-1');
    await world.apply(linesOf(['1000'], { registerExpires: 30 }));
    await world.run(10);
    const second = await world.host('host-2', { buckets: { ledger: slow } });
    await world.run(5);
    await world.move('1000', 'host-1');
    await world.run(5);
    held = new Promise((resolve) => {
      release = resolve;
    });
    await world.move('1000', 'host-2');
    await world.run(1);
    second.cut();
    await world.run(4);
    second.mend();
    await world.run(0.2);
    release();
    held = undefined;
    await world.run(0.2);
    // The first one refreshes so often that what the second one has read is far behind.
    await world.move('1000', 'host-1');
    await world.run(2_700);
    expect(await runs(first, '1000')).toBe(true);
    await world.move('1000', 'host-2');
    await world.run(120);
    expect(await runs(second, '1000')).toBe(true);
    const seen = world.registers(world.p);
    expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
    const numbers = seen.map(({ cseq }) => cseq);
    expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y));
  });
});

describe('the configuration of a host', () => {
  it('may come late at a quick restart: no line registers again or waits for a turn', async () => {
    world = await openClusterWorld({ takeover: { registersPerS: 6 } });
    await world.edge('edge-1');
    await world.edge('edge-2');
    const host = await world.host('host-1');
    await world.apply(linesOf(users));
    await world.run(60);
    expect(host.status().registered).toBe(2 * count);
    await world.edge('edge-3');
    await world.run(5);
    const restartS = now();
    await world.until(host.kill());
    const late = (own: KeyValue): KeyValue => ({
      ...own,
      watch(...args) {
        const watching = later(1_000).then(() => own.watch(...args));
        const unsubscribe = (): void => void watching.then((each) => each.unsubscribe());
        return { unsubscribe, drain: async () => (await watching).drain() };
      },
    });
    const again = await world.host('host-1', { buckets: { config: late } });
    await world.run(3);
    expect(again.status().lines).toBe(count);
    await world.run(60);
    expect(again.status().registered).toBe(2 * count);
    expect(registers(restartS)).toEqual([]);
  });

  it('is what it gets slots for: one that cannot read it takes none and answers no directory', async () => {
    world = await openClusterWorld();
    await world.edge('edge-1');
    const host = await world.host('host-1');
    await world.apply(linesOf(users));
    await world.run(20);
    const other = await world.host('host-2', unreadable);
    await world.run(30);
    expect([host.status().lines, host.status().slots, other.status().slots]).toEqual([count, 1_024, 0]);
    const keys: number[] = [];
    for (let n = 0; n < 10; n++) {
      const asked = world.bus.request(createSubjects('world').directory, encodeJson({ user: '1000' }), { timeoutMs: 1_000 });
      keys.push(decodeJson<{ readonly keys: readonly string[] }>((await world.until(asked)).payload).keys.length);
    }
    expect(keys).toEqual(Array.from({ length: 10 }, () => 1));
  });
});

describe('a member that drains while the bus is gone', () => {
  it('ends as a host', async () => {
    world = await openClusterWorld();
    await world.edge('edge-1');
    const host = await world.host('host-1');
    await world.apply(linesOf(users));
    await world.run(20);
    host.cut();
    await world.run(5);
    expect(await settlesWithin(host.drain(), 120)).toBe(true);
  });

  it('ends as an edge', async () => {
    world = await openClusterWorld();
    const edge = await world.edge('edge-1');
    await world.run(2);
    edge.cut();
    await world.run(5);
    expect(await settlesWithin(edge.drain(), 120)).toBe(true);
  });
});

describe('lines that wait for their turn', () => {
  it('take no turns for a former life of their host', async () => {
    const many = 200;
    world = await openClusterWorld({ takeover: { registersPerS: 8 } });
    await world.edge('edge-1');
    await world.edge('edge-2');
    const host = await world.host('host-1');
    await world.run(3);
    await world.apply(linesOf(usersOf(many)));
    await world.run(1);
    for (let n = 0; n < 3; n++) {
      host.cut();
      await world.run(4);
      host.mend();
      await world.run(2);
    }
    // What a burst leaves of 8 a second is 4: two lines.
    expect(await secondsUntil(() => host.status().lines === many, 1_000)).toBeLessThan(110);
  });

  it('are also those that were taken over, removed and applied again', async () => {
    const registersPerS = 8;
    world = await openClusterWorld({ takeover: { registersPerS } });
    await world.edge('edge-1');
    const host = await world.host('host-1');
    await world.apply(linesOf(users));
    await world.run(60);
    await world.until(host.kill());
    const next = await world.host('host-2');
    await world.run(10);
    await world.apply([]);
    await world.run(60);
    expect([next.status().lines, world.p.bindings()]).toEqual([0, []]);
    const backS = now();
    await world.apply(linesOf(users));
    await world.run(40);
    expect(next.status().registered).toBe(2 * count);
    for (const at of [world.p, world.a]) {
      const times = world.registers(at, backS).map(({ atS }) => atS);
      const inOneSecond = times.map((fromS) => times.filter((atS) => atS >= fromS && atS < fromS + 1).length);
      expect(Math.max(...inOneSecond)).toBeLessThanOrEqual(registersPerS);
    }
  });
});

describe('a line that is removed during a call and brought back before it has ended', () => {
  it('still moves when its edge dies', async () => {
    world = await openClusterWorld();
    const edges = [await world.edge('edge-1'), await world.edge('edge-2')];
    await world.host('host-1');
    await world.apply(linesOf(['1000', '1001']));
    await world.run(20);
    await world.command('1000', 'call', { target: '1001' });
    await world.run(5);
    await world.apply(linesOf(['1001']));
    await world.run(1);
    await world.apply(linesOf(['1000', '1001']));
    await world.run(5);
    const contact = (): string => world.p.bindings('1000')[0]?.contact ?? '';
    const dead = edges.findIndex((_, n) => contact().includes(`10.0.1.${n + 1}:`));
    await world.until(edges[dead]?.kill() ?? Promise.reject(new Error('no binding')));
    await world.run(60);
    expect(contact()).toContain(`10.0.1.${2 - dead}:`);
  });
});

describe('a host that is killed while it joins again', () => {
  it('stays away', async () => {
    world = await openClusterWorld();
    await world.edge('edge-1');
    const host = await world.host('host-1');
    const slow = (own: KeyValue): KeyValue => ({ ...own, get: (key) => later(200).then(() => own.get(key)) });
    const killed = await world.host('host-2', { buckets: { members: slow } });
    await world.apply(linesOf(users));
    await world.run(20);
    killed.cut();
    await world.run(4);
    killed.mend();
    for (let n = 0; n < 400 && killed.status().state !== 'fenced'; n++) await world.run(0.01);
    expect(killed.status().state).toBe('fenced');
    // Two heartbeats later it asks for its name; the answer takes a while.
    await world.run(0.7);
    await world.until(killed.kill());
    await world.run(60);
    const members = await world.until(world.values.bucket(buckets('world').members));
    const record = await world.until(members.get('m.host-2'));
    expect(record && decodeJson(record.value)).toMatchObject({ state: 'dead' });
    expect(host.status().lines).toBe(count);
  });
});

describe('a bucket of the members that was lost', () => {
  it('leaves every slot with an owner after all were stopped and started', async () => {
    world = await openClusterWorld();
    const edge = await world.edge('edge-1');
    // Two long lives: the revisions in the slots are far above those of a new bucket.
    for (const seconds of [1_200, 10]) {
      const host = await world.host('host-1');
      await world.apply(linesOf(users));
      await world.run(seconds);
      await world.until(host.kill());
    }
    await world.until(edge.kill());
    await world.run(10);
    const host = await world.host('host-1', { buckets: { members: () => world.values.bucket('members_made_anew') } });
    await world.run(60);
    expect(host.status().slots).toBe(1_024);
  });
});

describe('an edge that is alone and is lost', () => {
  it('is told to lines on streams in each new life', async () => {
    world = await openClusterWorld();
    const edge = await world.edge('edge-1');
    await world.run(2);
    const host = await world.host('host-1');
    await world.apply(linesOf(['1000'], { sipTransport: 'TCP' }));
    await world.run(20);
    expect(host.status().registered).toBe(2);
    await world.until(edge.kill());
    await world.run(10);
    // The host begins anew while there is no edge.
    await world.until(host.kill());
    const next = await world.host('host-1');
    await world.run(20);
    for (const life of ['second', 'third']) {
      const backS = now();
      const again = await world.edge('edge-1');
      await world.run(200);
      expect([life, world.registers(world.p, backS).length > 0, next.status().registered]).toEqual([life, true, 2]);
      await world.until(again.kill());
    }
  });
});
