import { describe, expect, test } from 'vitest';
import { createWorld, singleLine, type World } from '../../src/index.ts';
import { createThirdParty, type ThirdParty } from './third-party.ts';

/* A mechanism that throws: its line is restarted where a chart or a timer was at work, a command is refused; nothing else ends. */

async function story(act: (world: World, mechanism: ThirdParty) => Promise<void>): Promise<void> {
  const mechanism = createThirdParty({ name: 'frail', aspects: ['route'] });
  const world = await createWorld({
    lines: [singleLine({ xMechanism: 'frail' }), singleLine({ userId: '1002' })],
    mechanisms: [mechanism],
  });
  await world.party('2000');
  await world.run(1);
  await act(world, mechanism);
  expect(world.line('1002').status().route).toBe('onTop');
  world.wire.heal();
  await world.run(100);
  await world.stop();
}

const failures = (world: World): readonly number[] =>
  world
    .facts('state')
    .filter(({ value }) => (value as { state: string }).state === 'failed')
    .map(({ atMs }) => atMs / 1_000);

describe('a mechanism that throws', () => {
  test('as a call is dialled: the command is refused', () =>
    story(async (world, mechanism) => {
      mechanism.break();
      await expect(world.line('1001').command('call', { target: '2000' })).rejects.toThrow('frail is broken');
      expect(world.line('1001').status().calls).toEqual([]);
      expect(failures(world)).toEqual([]);
    }));

  test('as an answer comes: its line is restarted', () =>
    story(async (world, mechanism) => {
      world.p.delay('MESSAGE', 500);
      world.p.answer('MESSAGE', [{ status: 503, afterMs: 500 }]);
      const sent = world.line('1001').begin('message', { target: '2000', text: 'hello' });
      sent.catch(() => {});
      await world.run(0.1);
      mechanism.break();
      await world.run(1);
      expect(failures(world)).toEqual([1.5]);
      await world.run(5);
      expect(world.line('1001').status().route).toBe('onTop');
    }));

  test('as a timer runs out: its line is restarted', () =>
    story(async (world, mechanism) => {
      world.wire.silence('10.0.0.1');
      world
        .line('1001')
        .begin('message', { target: '2000', text: 'hello' })
        .catch(() => {});
      await world.run(0.1);
      mechanism.break();
      await world.run(17);
      expect(failures(world)).toEqual([17]);
    }));

  test('inside the chart, as what waited for a registration is released: its line is restarted', async () => {
    const mechanism = createThirdParty({
      name: 'frail',
      aspects: ['route'],
      decide: () => ({ next: 'queue', forMs: 32_000, rule: 'frail:wait', source: 'frail' }),
    });
    const world = await createWorld({
      lines: [singleLine({ xMechanism: 'frail' })],
      mechanisms: [mechanism],
      prepare: ({ wire }) => wire.silence('10.0.0.1'),
    });
    const waiting = world.line().begin('message', { target: '2000', text: 'hello' });
    await world.run(1);
    mechanism.break();
    world.wire.heal();
    await world.run(10);
    expect(failures(world)).toHaveLength(1);
    expect(world.line().status().route).toBe('onTop');
    await world.until(waiting);
    await world.stop();
  });
});
