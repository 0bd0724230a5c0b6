import type { CallFact } from '@offhook/runtime';
import { createWorld, type World, type WorldOptions } from '../../src/index.ts';

/* How a story is played: one world, one act, then everything is put right and the world must end with nothing left behind. */

type Decided = readonly [atS: number, rule: string, action: string, leg?: string];

export async function play(options: WorldOptions, act: (world: World) => void | Promise<void>): Promise<void> {
  const world = await createWorld(options);
  await act(world);
  world.wire.heal();
  for (const side of [world.p, world.a]) side.clear();
  for (const { id, calls } of world.runtime.lines()) if (calls.length > 0) await world.line(id).command('hangup');
  await world.run(40);
  await world.stop();
}

/** A world whose line calls 2000, a party behind both servers; the act begins at 1 s. */
export const playCall = (options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> =>
  play(options, async (world) => {
    await world.party('2000');
    await world.runTo(1);
    await act(world);
  });

export const dial = (world: World, line?: string): Promise<unknown> => world.line(line).command('call', { target: '2000' });
export const text = (world: World): Promise<unknown> => world.line().begin('message', { target: '2000', text: 'hello' });
export const invites = (world: World): ReturnType<World['sent']> => world.sent('INVITE');

const second = (ms: number): number => Math.round(ms) / 1_000;

/** What was decided about calls and requests: instant, rule, action and leg, in order. */
export const routed = (world: World, line?: string): readonly Decided[] =>
  world
    .decisions(line)
    .filter(({ about }) => about === 'call' || about === 'request')
    .map(({ atMs, rule, outcome: { action, leg } }) =>
      leg === undefined ? [second(atMs), rule, action] : [second(atMs), rule, action, leg],
    );

/** What was decided about one registration. */
export const registered = (world: World, of: 'primary' | 'alternate' = 'primary'): readonly Decided[] =>
  world
    .decisions()
    .filter(({ about, leg }) => about === 'registration' && leg === of)
    .map(({ atMs, rule, outcome: { action } }) => [second(atMs), rule, action]);

/** What the line decided about its route as a whole. */
export const lineRoute = (world: World, line?: string): readonly Decided[] =>
  world
    .decisions(line)
    .filter(({ about }) => about === 'line')
    .map(({ atMs, rule, outcome: { action } }) => [second(atMs), rule, action]);

/** First transmission of each REGISTER to a server, s. */
export const attempts = (world: World, side: 'p' | 'a' = 'p'): readonly number[] =>
  world
    .sent('REGISTER', { first: true })
    .filter(([to]) => to === side)
    .map(([, atS]) => second(atS * 1_000));

const calls = (world: World): readonly CallFact[] => world.facts('call').map(({ value }) => value as CallFact);
export const lastCall = (world: World): CallFact | undefined => calls(world).at(-1);

/** Retransmission of an INVITE (Timer A) and of any other request (Timer E), s after the first. @source RFC 3261 section 17.1 */
export const doubling = [0, 0.5, 1.5, 3.5, 7.5, 15.5];
export const capped = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5];
export const to = (side: string, times: readonly number[], fromS = 0): readonly (readonly [string, number])[] =>
  times.map((atS) => [side, atS + fromS]);
