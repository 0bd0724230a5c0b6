import { createWorld, type Host, type World } from './cluster-world.ts';

/** Long enough for every slot to be where it belongs, ms. */
export const settledMs = 10_000;

export async function settledWorld(...ids: string[]): Promise<World> {
  const world = await createWorld();
  for (const id of ids) await world.join(id);
  await world.run(settledMs);
  return world;
}

/** How often a slot was gained since the world began. */
export const gainsOf = (world: World): number => world.hosts.reduce((sum, { gains }) => sum + gains.length, 0);
/** The latest host of that name. */
export const hostOf = (world: World, id: string): Host => {
  const found = world.hosts.findLast((each) => each.id === id);
  if (found === undefined) throw new Error(`no host ${id}`);
  return found;
};

/** How long it takes until every slot has somebody who acts for it. */
export async function untilOwned(world: World): Promise<number> {
  const fromMs = world.ambient.now();
  while (world.idle() > 0 && world.ambient.now() - fromMs < 60_000) await world.run(50);
  return world.ambient.now() - fromMs;
}
