import { slotCount } from '@offhook/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseOne } from '../src/index.ts';
import { createWorld, type Host, type World } from './support/cluster-world.ts';
import { defaultTiming, fastTiming } from './support/timings.ts';

/** Whatever happens to whomever, in any order: one owner at most at every instant, the right owner in the end. */

const which = fc.nat(9);
const ms = fc.integer({ min: 50, max: 9_000 });
const act = fc.oneof(
  fc.record({ do: fc.constant('join' as const), weight: fc.constantFrom(1, 1, 2) }),
  fc.record({ do: fc.constant('kill' as const), which }),
  fc.record({ do: fc.constant('twin' as const), which }),
  fc.record({ do: fc.constant('cut' as const), which, ms }),
  fc.record({ do: fc.constant('cutAll' as const), ms }),
  fc.record({ do: fc.constant('pause' as const), which, ms, asleep: fc.boolean() }),
  fc.record({ do: fc.constant('drain' as const), which }),
  fc.record({ do: fc.constant('clock' as const), which, ms: fc.integer({ min: -20_000, max: 20_000 }) }),
  fc.record({ do: fc.constant('weather' as const), which, ms, lost: fc.constantFrom(0, 0.2), late: fc.constantFrom(200, 5_000) }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
const story = fc.array(fc.tuple(act, fc.integer({ min: 0, max: 5_000 })), { minLength: 1, maxLength: 12 });

function carryOut(world: World, one: Act, number: number): Promise<unknown> | undefined {
  const { hosts, ambient } = world;
  if (one.do === 'join') return world.join(`h${number}`, { weight: one.weight });
  if (one.do === 'cutAll') {
    for (const { client } of hosts) client.cut();
    ambient.setTimer(() => mendAll(world), one.ms);
    return;
  }
  const host = hosts[one.which % hosts.length] as Host;
  if (one.do === 'kill') host.kill();
  else if (one.do === 'twin') return world.join(host.id);
  else if (one.do === 'drain') void host.terminate();
  else if (one.do === 'clock') host.ambient.stepWallClock(one.ms);
  else if (one.do === 'cut') {
    host.client.cut();
    ambient.setTimer(() => host.isKilled || host.client.mend(), one.ms);
  } else if (one.do === 'weather') {
    Object.assign(host.weather, { lostAnswers: one.lost, longestMs: one.late, tellsAfterMs: one.late / 4 });
    ambient.setTimer(() => Object.assign(host.weather, { lostAnswers: 0, longestMs: 0, tellsAfterMs: 0 }), one.ms);
  } else {
    host.ambient.stop();
    ambient.setTimer(() => host.isKilled || host.ambient.resume(one.asleep), one.ms);
  }
  return;
}

function mendAll({ hosts }: World): void {
  for (const { client, isKilled } of hosts) if (!isKilled) client.mend();
}

async function live(world: World, acts: readonly (readonly [Act, number])[]): Promise<void> {
  for (const id of ['h-a', 'h-b', 'h-c']) await world.join(id);
  await world.run(4_000);
  for (const [number, [one, afterMs]] of acts.entries()) {
    await carryOut(world, one, number);
    await world.run(afterMs);
  }
  await world.run(10_000);
  mendAll(world);
  await world.run(20_000 + 5 * world.timing.fenceMs);
}

/** What everybody would compute of those who are there now. */
function desiredOwners({ hosts }: World): (string | undefined)[] {
  const living = hosts.filter(({ membership, isActing }) => isActing && membership.state === 'up');
  const contenders = living.flatMap(({ membership }) => membership.members().get(membership.id) ?? []);
  return Array.from({ length: slotCount }, (_, slot) => chooseOne(slot, contenders));
}

describe('ownership', () => {
  for (const [name, timing, numRuns] of [['default', defaultTiming, 20] as const, ['fast', fastTiming, 8] as const]) {
    it(`is never two hosts', and in the end the desired one's, with epochs that only rise (${name} timing)`, async () => {
      await fc.assert(
        fc.asyncProperty(story, fc.nat(1_000), async (acts, seed) => {
          const world = await createWorld({ timing, seed });
          await live(world, acts);
          expect(world.owners()).toEqual(desiredOwners(world));
        }),
        { numRuns, endOnFailure: true },
      );
    }, 120_000);
  }

  it("would be two hosts' if others took over before a lease is over: this suite notices", async () => {
    const world = await createWorld({ timing: { ...defaultTiming, fenceMs: 1_400 } });
    const cut = (await Promise.all(['h-a', 'h-b', 'h-c'].map((id) => world.join(id))))[0] as Host;
    await world.run(5_000);
    cut.client.cut();
    await expect(world.run(5_000)).rejects.toThrow(/has two owners/);
  });
});
