import { slotCount } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { buckets, createMembership, pinSlot } from '../src/index.ts';
import { createWorld } from './support/cluster-world.ts';
import { gainsOf, hostOf, settledMs, settledWorld } from './support/settled-world.ts';

/** How slots move on purpose: hosts that leave and are restarted, names, pins, lines that cannot begin. All slots, virtual time. */

describe('a host that leaves', () => {
  it('gives its slots up one by one, each when its lines have ended, and the next owner has them at once', async () => {
    const world = await createWorld();
    const calls = new Set<() => void>();
    const slow = (slot: number): Promise<void> | undefined =>
      slot % 2 === 0 ? new Promise((resolve) => calls.add(resolve)) : undefined;
    await world.join('a');
    await world.join('b');
    const leaving = await world.join('c', { onLose: slow });
    await world.run(settledMs);
    const even = [...leaving.owner.owned().keys()].filter((slot) => slot % 2 === 0);
    let isGone = false;
    void leaving.terminate().then(() => {
      isGone = true;
    });
    await world.run(100);
    // Whoever has a call goes on with it; everything else has its next owner.
    expect([...leaving.owner.owned().keys()].sort()).toEqual(even.sort());
    expect(world.idle()).toBe(0);
    await world.run(2_000);
    expect(isGone).toBe(false);
    for (const end of calls) end();
    await world.run(100);
    expect(isGone).toBe(true);
    expect(world.idle()).toBe(0);
    expect(leaving.losses.every(([, why]) => why === 'released')).toBe(true);
    expect(hostOf(world, 'a').membership.members().get('c')?.state).toBe('left');
  });

  it('ends also when nobody is there to follow', async () => {
    const world = await settledWorld('a');
    await Promise.all([hostOf(world, 'a').terminate(), world.run(1_000)]);
    expect(hostOf(world, 'a').owner.owned().size).toBe(0);
  });

  it('moves each slot away and back, and no more, as three hosts are restarted one after the other', async () => {
    const world = await settledWorld('a', 'b', 'c');
    const before = gainsOf(world);
    for (const id of ['a', 'b', 'c']) {
      await Promise.all([hostOf(world, id).terminate(), world.run(1_000)]);
      await world.join(id);
      await world.run(15_000);
    }
    // Each slot leaves its host once and returns once.
    expect(gainsOf(world) - before).toBe(2 * slotCount);
    expect(world.idle()).toBe(0);
  });
});

describe('a name', () => {
  it('belongs to the first of two starts; the second ends with a clear error and disturbs nobody', async () => {
    const world = await settledWorld('a', 'b');
    const before = gainsOf(world);
    const members = await world.client().bucket(buckets('test').members);
    const second = createMembership({
      ...{ members, ambient: world.ambient, wallNow: world.ambient.now, id: 'a', role: 'host', timing: world.timing },
      ...{ build: 'test', onFenced: () => {} },
    });
    const refused = expect(second.start()).rejects.toMatchObject({
      code: 'E_CLUSTER_NAME',
      message: expect.stringContaining('"a" runs already'),
    });
    await world.run(world.timing.fenceMs);
    await refused;
    expect(second.isValid()).toBe(false);
    await world.run(settledMs);
    expect(world.hosts.flatMap(({ fences }) => fences)).toEqual([]);
    expect(gainsOf(world)).toBe(before);
  });

  it('is one token, since it stands in keys', async () => {
    const world = await createWorld();
    for (const id of ['', 'a.b', 'a b', '*', 'é']) await expect(world.join(id)).rejects.toMatchObject({ code: 'E_CLUSTER_NAME' });
  });

  it('goes to one of two that start at the same instant', async () => {
    const world = await createWorld();
    const members = await world.client().bucket(buckets('test').members);
    const starts = [1, 2].map(() =>
      createMembership({
        ...{ members, ambient: world.ambient, wallNow: world.ambient.now, id: 'a', role: 'edge', timing: world.timing },
        ...{ build: 'test', onFenced: () => {} },
      }).start(),
    );
    const results = Promise.allSettled(starts);
    await world.run(1_000);
    expect((await results).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('news that are late', () => {
  it('do not make a host believe that it still has what it gave up', async () => {
    const world = await createWorld();
    const slow = await world.join('a', {
      onLose() {
        Object.assign(slow.weather, { lostAnswers: 1, tellsAfterMs: 60_000 });
      },
    });
    await world.join('b');
    await world.run(settledMs);
    const slots = await world.client().bucket(buckets('test').slots);
    const slot = [...slow.owner.owned().keys()][0] ?? 0;
    void pinSlot(slots, slot, 'b');
    await world.run(100);
    expect(world.owners()[slot]).toBe('b');
    // It has not heard that it was heard, nor who has the slot; but that it should have it again.
    Object.assign(slow.weather, { lostAnswers: 0, tellsAfterMs: 0 });
    void pinSlot(slots, slot, undefined);
    await world.run(60_000);
    expect(world.owners()[slot]).toBe('a');
    expect(world.hosts.flatMap(({ fences }) => fences)).toEqual([]);
  });
});

describe('a pin', () => {
  it('moves a slot to the host an operator names, for as long as that host lives', async () => {
    const world = await settledWorld('a', 'b');
    const slots = await world.client().bucket(buckets('test').slots);
    const slot = [...hostOf(world, 'a').owner.owned().keys()][0] ?? 0;
    void pinSlot(slots, slot, 'b');
    await world.run(1_000);
    expect(world.owners()[slot]).toBe('b');
    hostOf(world, 'b').kill();
    await world.run(12_000);
    expect(world.owners()[slot]).toBe('a');
    await world.join('b');
    await world.run(15_000);
    expect(world.owners()[slot]).toBe('b');
    void pinSlot(slots, slot, undefined);
    await world.run(1_000);
    expect(world.owners()[slot]).toBe('a');
  });

  it('on a host that is not there changes nothing', async () => {
    const world = await settledWorld('a', 'b');
    const owners = world.owners();
    const slots = await world.client().bucket(buckets('test').slots);
    void pinSlot(slots, 7, 'nobody');
    await world.run(5_000);
    expect(world.owners()).toEqual(owners);
  });
});

describe('lines that cannot begin', () => {
  it('do not keep their slot from being tried again, nor their neighbours from beginning', async () => {
    const world = await createWorld();
    let attempts = 0;
    const picky = await world.join('a', {
      async onGain(slot) {
        if (slot === 5 && ++attempts < 4) throw new Error('the ledger does not answer');
      },
    });
    await world.run(settledMs + 5_000);
    expect(attempts).toBe(4);
    expect(picky.owner.owned().size).toBe(slotCount);
    expect(picky.losses).toEqual(Array.from({ length: 3 }, () => [5, 'released']));
  });
});
