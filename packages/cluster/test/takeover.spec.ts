import { type KeyValue, slotCount } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { buckets, createMembership } from '../src/index.ts';
import { createWorld } from './support/cluster-world.ts';
import { gainsOf, hostOf, settledMs, settledWorld, untilOwned } from './support/settled-world.ts';

/** Ownership as section D of the scale reference has it, rule by rule; all slots, virtual time. */

describe('rule 4: the desired owner claims a slot by compare-and-set', () => {
  it('gives every slot to one of the hosts that start together, and moves none again', async () => {
    const world = await settledWorld('a', 'b', 'c');
    expect(world.idle()).toBe(0);
    expect(gainsOf(world)).toBe(slotCount);
    for (const { owner } of world.hosts) expect(owner.owned().size).toBeGreaterThan(slotCount / 4);
  });

  it('shares by weight, and gives a host of weight 0 nothing', async () => {
    const world = await createWorld();
    await world.join('small');
    await world.join('large', { weight: 3 });
    await world.join('none', { weight: 0 });
    await world.run(settledMs);
    expect(hostOf(world, 'large').owner.owned().size / slotCount).toBeCloseTo(0.75, 1);
    expect(hostOf(world, 'none').owner.owned().size).toBe(0);
    expect(world.idle()).toBe(0);
  });

  it('hands slots to a host that joins at the rate of releases, and moves only what it should have', async () => {
    const world = await settledWorld('a', 'b');
    const before = gainsOf(world);
    const joined = await world.join('c');
    const { heartbeatMs } = world.timing;
    await world.run(2 * heartbeatMs - 100);
    expect(joined.owner.owned().size).toBe(0);
    await world.run(1_500);
    const share = joined.owner.owned().size;
    expect(share).toBeGreaterThan(50);
    expect(share).toBeLessThan(320);
    await world.run(settledMs);
    expect(gainsOf(world) - before).toBe(joined.owner.owned().size);
    expect(world.idle()).toBe(0);
  });

  it('lets one claim win where views of the membership differ: both hosts believe to be alone', async () => {
    const world = await createWorld();
    const [a, b] = [await world.join('a'), await world.join('b', { members: 'another' })];
    await world.run(6_000);
    expect(a.owner.owned().size + b.owner.owned().size).toBe(slotCount);
    expect(world.idle()).toBe(0);
  });
});

describe('rule 3: whoever is silent for one fence time is declared dead', () => {
  it('takes over every slot of a host that was killed within FENCE + HB + 1 s', async () => {
    const world = await settledWorld('a', 'b', 'c');
    const victim = hostOf(world, 'b');
    const lost = victim.owner.owned().size;
    const before = gainsOf(world);
    victim.kill();
    expect(world.idle()).toBe(lost);
    const { fenceMs, heartbeatMs } = world.timing;
    expect(await untilOwned(world)).toBeLessThanOrEqual(fenceMs + heartbeatMs + 1_000);
    expect(gainsOf(world) - before).toBe(lost);
  });

  it('gives a host that is killed and started again its own slots back, as soon as its lease is over', async () => {
    const world = await settledWorld('a', 'b', 'c');
    const victim = hostOf(world, 'b');
    const slots = [...victim.owner.owned().keys()];
    victim.kill();
    const again = await world.join('b');
    const { fenceMs, heartbeatMs } = world.timing;
    expect(await untilOwned(world)).toBeLessThanOrEqual(fenceMs + heartbeatMs + 1_000);
    await world.run(30_000);
    expect([...again.owner.owned().keys()].sort()).toEqual(slots.sort());
  });

  it('forgives a pause that is shorter than FENCE', async () => {
    const world = await settledWorld('a', 'b', 'c');
    const before = gainsOf(world);
    hostOf(world, 'a').ambient.stop();
    await world.run(world.timing.fenceMs - world.timing.heartbeatMs - 50);
    hostOf(world, 'a').ambient.resume();
    await world.run(settledMs);
    expect(world.hosts.flatMap(({ fences }) => fences)).toEqual([]);
    expect(gainsOf(world)).toBe(before);
    expect(world.idle()).toBe(0);
  });

  it('lets a host live that spoke while the verdict on it was on its way', async () => {
    const world = await settledWorld('b');
    const victim = hostOf(world, 'b');
    const bucket = await world.client().bucket(buckets('test').members);
    let passVerdict: (() => void) | undefined;
    const members: KeyValue = {
      get: (key) => bucket.get(key),
      entries: (pattern) => bucket.entries(pattern),
      delete: (key, revision) => bucket.delete(key, revision),
      watch: (pattern, handler, onReady) => bucket.watch(pattern, handler, onReady),
      async put(key, value, revision) {
        if (key === 'm.b') await new Promise<void>((resolve) => (passVerdict = resolve));
        return bucket.put(key, value, revision);
      },
    };
    const observer = createMembership({
      ...{ members, ambient: world.ambient, wallNow: world.ambient.now, id: 'o', role: 'edge', timing: world.timing },
      ...{ build: 'test', onFenced: () => {} },
    });
    void observer.start();
    victim.ambient.stop();
    await world.run(world.timing.fenceMs + 2 * world.timing.heartbeatMs);
    victim.ambient.resume();
    await world.run(100);
    passVerdict?.();
    expect(passVerdict).toBeDefined();
    await world.run(settledMs);
    expect(victim.fences).toEqual([]);
    expect(world.idle()).toBe(0);
  });

  it('frees what a host owned whose record has vanished, when nobody has seen it for one fence time', async () => {
    const world = await settledWorld('a', 'b');
    const members = await world.client().bucket(buckets('test').members);
    hostOf(world, 'b').kill();
    void members.delete('m.b');
    await world.run(world.timing.fenceMs);
    expect(world.idle()).toBeGreaterThan(0);
    expect(await untilOwned(world)).toBeLessThan(2 * world.timing.heartbeatMs);
  });
});

describe('rules 1 and 2: a right to act ends by itself', () => {
  it('closes the gate of a host that is cut off before others take over, and the host comes back with a new session', async () => {
    const world = await settledWorld('a', 'b', 'c');
    const cut = hostOf(world, 'b');
    const session = cut.membership.session;
    cut.client.cut();
    await world.run(world.timing.leaseMs + 50);
    expect(cut.isActing).toBe(false);
    expect(cut.owner.owned().size).toBeGreaterThan(0);
    await world.run(world.timing.fenceMs + 5_000);
    expect(world.idle()).toBe(0);
    cut.client.mend();
    await world.run(1_000);
    expect(cut.fences).toEqual(['declared-dead']);
    expect(cut.losses.every(([, why]) => why !== 'released')).toBe(true);
    await world.run(settledMs);
    expect(cut.membership.session).not.toBe(session);
    expect(cut.owner.owned().size).toBeGreaterThan(slotCount / 4);
    expect(world.idle()).toBe(0);
  });

  it('takes a heartbeat whose answer was lost for what it was: one that was sent', async () => {
    const world = await settledWorld('a', 'b');
    const deaf = hostOf(world, 'b');
    const session = deaf.membership.session;
    deaf.weather.lostAnswers = 1;
    await world.run(world.timing.leaseMs + 1_000);
    expect(deaf.isActing).toBe(false);
    deaf.weather.lostAnswers = 0;
    await world.run(2 * world.timing.heartbeatMs);
    expect(deaf.isActing).toBe(true);
    expect(deaf.membership.session).toBe(session);
    expect(deaf.fences).toEqual([]);
  });

  it('stops a host at once that somebody else declares dead', async () => {
    const world = await settledWorld('a', 'b');
    const victim = hostOf(world, 'b');
    const members = await world.client().bucket(buckets('test').members);
    const { revision: _, seenAtMs: __, ...record } = victim.membership.members().get('b') ?? { revision: 0, seenAtMs: 0 };
    void members.put('m.b', Buffer.from(JSON.stringify({ ...record, state: 'dead' })));
    await world.run(50);
    expect(victim.isActing).toBe(false);
    expect(victim.fences).toEqual(['declared-dead']);
    expect(world.idle()).toBe(0);
  });

  it('outlives whoever listens to it and throws', async () => {
    const world = await settledWorld('a', 'b');
    hostOf(world, 'a').membership.onChange(() => {
      throw new Error('a fault of ours');
    });
    await world.join('c');
    await world.run(settledMs);
    expect(hostOf(world, 'a').isActing).toBe(true);
    expect(world.idle()).toBe(0);
  });

  it('stops a zombie, paused beyond FENCE, before it says a word', async () => {
    const world = await settledWorld('a', 'b', 'c');
    const zombie = hostOf(world, 'b');
    const held = zombie.owner.owned().size;
    zombie.ambient.stop();
    zombie.client.cut();
    await world.run(12_000);
    expect(world.idle()).toBe(0);
    zombie.client.mend();
    zombie.ambient.resume();
    expect(zombie.membership.isValid()).toBe(false);
    await world.run(1_000);
    expect(zombie.fences).toEqual(['declared-dead']);
    expect(zombie.losses).toHaveLength(held);
    await world.run(settledMs);
    expect(zombie.owner.owned().size).toBe(held);
    expect(world.idle()).toBe(0);
  });

  it('stops a host whose machine was suspended, though its own clock saw nothing', async () => {
    const world = await settledWorld('a', 'b');
    const asleep = hostOf(world, 'b');
    asleep.ambient.stop();
    await world.run(2_500);
    asleep.ambient.resume(true);
    expect(asleep.membership.isValid()).toBe(false);
    await world.run(1_000);
    expect(asleep.fences).toEqual(['suspended']);
    expect(await untilOwned(world)).toBeLessThan(1_000);
  });

  it('stops a host whose wall clock jumps ahead by more than half a lease, and no other', async () => {
    const world = await settledWorld('a', 'b');
    const [a, b] = [hostOf(world, 'a'), hostOf(world, 'b')];
    a.ambient.stepWallClock(world.timing.leaseMs / 2 - 1);
    b.ambient.stepWallClock(-3_600_000);
    expect(a.isActing && b.isActing).toBe(true);
    await world.run(2_000);
    a.ambient.stepWallClock(world.timing.leaseMs / 2 + 1);
    expect(a.isActing).toBe(false);
    await world.run(1_000);
    expect([a.fences, b.fences]).toEqual([['suspended'], []]);
  });
});

describe('a bus that nobody reaches', () => {
  for (const outageMs of [3_000, 10_000]) {
    it(`moves no slot when it is gone for ${outageMs / 1_000} s`, async () => {
      const world = await settledWorld('a', 'b', 'c');
      const before = gainsOf(world);
      const owners = world.owners();
      for (const { client } of world.hosts) client.cut();
      await world.run(outageMs);
      if (outageMs > world.timing.leaseMs) expect(world.idle()).toBe(slotCount);
      for (const { client } of world.hosts) client.mend();
      await world.run(3_000);
      expect(world.owners()).toEqual(owners);
      expect(gainsOf(world)).toBe(before);
      expect(world.hosts.flatMap(({ fences }) => fences)).toEqual([]);
    });
  }
});
