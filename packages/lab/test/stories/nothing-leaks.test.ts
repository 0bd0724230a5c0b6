import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, type World, type WorldOptions } from '../../src/index.ts';

/* A line ends at an awkward moment. `world.stop` rejects when a timer or a connection is left behind. */

const tcp: WorldOptions = { lines: [dualLine({ sipTransport: 'TCP' })], link: { delayMs: 5 } };
const udp: WorldOptions = { link: { delayMs: 5 } };
const silent: NonNullable<WorldOptions['prepare']> = ({ wire }) => wire.silence('10.0.0.1');

const refusing: NonNullable<WorldOptions['prepare']> = ({ wire }) => wire.refuse('10.0.0.1');
const rejecting: NonNullable<WorldOptions['prepare']> = ({ p }) => p.answer('REGISTER', 403);
const bothSilent: NonNullable<WorldOptions['prepare']> = ({ wire }) => {
  for (const host of ['10.0.0.1', '10.0.0.2']) wire.silence(host);
};

type Act = (world: World) => unknown;
const wait =
  (seconds: number): Act =>
  (world) =>
    world.run(seconds);
const call: Act = (world) => world.line().command('call', { target: '2000' });
const hangUp: Act = (world) => world.line().command('hangup');
const restart: Act = (world) => world.line().command('restart');
const cut: Act = (world) => world.wire.hangUp('10.0.0.1');
const ring: Act = async (world) => (await world.party('3000')).call('1001');
const text: Act = (world) => {
  world
    .line()
    .begin('message', { target: '2000', text: 'hello' })
    .catch(() => {});
};

/** What the line is in the middle of, and how it got there. */
const moments: readonly (readonly [string, WorldOptions, readonly Act[]])[] = [
  ['boots', udp, []],
  ['registers at a silent server', { ...udp, prepare: silent }, [wait(5)]],
  ['opens a connection that nobody answers', { ...tcp, prepare: silent }, [wait(5)]],
  ['waits for its retry', { ...udp, prepare: silent }, [wait(20)]],
  ['waits for its retry, after a refusal over TCP', { ...tcp, prepare: refusing }, [wait(5)]],
  ['refreshes', udp, [wait(2_795), silent, wait(2)]],
  ['has lost a connection', tcp, [wait(5), cut]],
  ['opens a lost connection again', tcp, [wait(5), silent, cut, wait(1)]],
  ['calls', udp, [wait(1), silent, call, wait(5)]],
  ['is in a call', udp, [wait(1), call, wait(5)]],
  ['is in a call over TCP', tcp, [wait(1), call, wait(5)]],
  ['rings', udp, [wait(1), ring, wait(5)]],
  ['hangs up at a silent server', udp, [wait(1), call, wait(5), silent, hangUp]],
  ['sends a message', udp, [wait(1), silent, text, wait(5)]],
  ['holds a message back', { ...udp, prepare: bothSilent }, [text, wait(5)]],
  ['unregisters at a silent server', udp, [wait(1), silent, restart, wait(1)]],
  ['is refused for good', { ...udp, phone: { regRetryLongIntvl: 0 }, prepare: rejecting }, [wait(5)]],
];

async function arrive(options: WorldOptions, acts: readonly Act[]): Promise<World> {
  const world = await createWorld(options);
  await world.party('2000');
  for (const act of acts) await act(world);
  return world;
}

describe('nothing is left behind when a line', () => {
  test.each(moments)('%s and is stopped', async (_name, options, acts) => {
    const world = await arrive(options, acts);
    await world.stop();
  });

  test.each(moments)('%s and loses its power', async (_name, options, acts) => {
    const world = await arrive(options, acts);
    await world.powerCut();
    world.wire.heal();
    await world.run(200);
    await world.stop();
  });

  test.each(moments)('%s and is restarted: it has its registrations and no flow too many', async (_name, options, acts) => {
    const world = await arrive(options, acts);
    await world.line().command('restart');
    world.wire.heal();
    for (const side of [world.p, world.a]) side.clear();
    await world.run(150);
    expect(world.line().status().legs).toMatchObject([{ usable: true }, { usable: true }]);
    expect(world.wire.connections).toBe(options.lines === tcp.lines ? 2 : 0);
    await world.stop();
  });

  test('with edge and lines apart too', async () => {
    const world = await arrive({ ...tcp, split: true, prepare: silent }, [wait(5)]);
    await world.line().command('restart');
    await world.run(5);
    await world.stop();
  });
});
