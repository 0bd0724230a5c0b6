import { describe, expect, it } from 'vitest';
import { createWorld } from './support/cluster-world.ts';

describe('a cluster starts', () => {
  it('gives every slot to one host, and moves none of them again', async () => {
    const world = await createWorld();
    for (const id of ['a', 'b', 'c']) await world.join(id);
    await world.run(10_000);
    expect(world.idle()).toBe(0);
    console.error(world.hosts.map((h) => [h.owner.owned().size, h.gains.length, h.membership.state]));
    expect(world.hosts.map(({ gains }) => gains.length).reduce((a, b) => a + b)).toBe(1024);
  });
});
