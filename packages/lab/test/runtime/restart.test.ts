import { describe, expect, test } from 'vitest';
import { createWorld, singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { createFaultyStore, type FaultyStore } from './faulty-store.ts';

/* A line whose chart throws: docs/lifecycle.md, "A line". Two lines, 1001 breaks, 1002 is its neighbour. */

const lines = [singleLine(), singleLine({ userId: '1002' })];

/** When the line began, s: each life opens with a REGISTER. */
const lives = (world: World, line = '1001'): readonly number[] => {
  const seen = world.wire.requests({ from: '10.0.0.9', method: 'REGISTER' });
  return [...new Set(seen.filter(({ message }) => message.from.uri.includes(`:${line}@`)).map(({ atMs }) => atMs / 1_000))];
};
const failures = (world: World) =>
  world
    .facts('state')
    .map(({ atMs, value }) => ({ atS: atMs / 1_000, ...(value as { state: string; restartAtMs: number }) }))
    .filter(({ state }) => state === 'failed');
const pauses = (world: World): readonly number[] => failures(world).map(({ atS, restartAtMs }) => restartAtMs / 1_000 - atS);

async function story(store: FaultyStore, act: (world: World) => Promise<void>, options: WorldOptions = {}): Promise<void> {
  const world = await createWorld({ lines, store, ...options });
  await act(world);
  store.broken.clear();
  await world.stop();
}

describe('a line whose chart throws', () => {
  test('is started again after 1, 2, 4 … 60, 60 s', () =>
    story(createFaultyStore('1001'), async (world) => {
      await world.run(250);
      expect(lives(world)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
      expect(pauses(world)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }));

  test('is reported on the bus and in the log, with the instant of its next start', () =>
    story(createFaultyStore('1001'), async (world) => {
      await world.run(0.5);
      expect(failures(world)).toEqual([{ atS: 0, type: 'line', state: 'failed', restartAtMs: 1_000 }]);
      expect(world.ambient.logs.filter(({ level }) => level === 'error')).toMatchObject([
        { message: 'line failed and will be restarted', fields: { line: '1001', pauseMs: 1_000 } },
      ]);
    }));

  test('is named failed in status and takes no other command while it waits', () =>
    story(createFaultyStore('1001'), async (world) => {
      await world.run(0.5);
      expect(world.line('1001').status()).toMatchObject({ route: 'failed', mode: 'single', legs: [], degraded: true });
      expect(await world.line('1001').command('status')).toMatchObject({ id: '1001', route: 'failed' });
      await expect(world.line('1001').command('call', { target: '2000' })).rejects.toMatchObject({
        code: 'E_COMMAND_INVALID',
        message: 'Line "1001" takes no command but status: it failed and starts again in 1 s.',
      });
    }));

  test('comes back as soon as nothing throws any more', async () => {
    const store = createFaultyStore('1001');
    await story(store, async (world) => {
      await world.run(2);
      store.broken.clear();
      await world.run(2);
      expect(world.line('1001').status()).toMatchObject({ route: 'onTop' });
      await world.run(200);
      expect(lives(world)).toEqual([0, 1, 3]);
    });
  });

  test('gets a request that came meanwhile when it is repeated', async () => {
    const store = createFaultyStore('1001');
    await story(store, async (world) => {
      const caller = await world.party('3000');
      await world.run(0.1);
      const call = caller.call('1001');
      store.broken.clear();
      await world.run(0.5);
      expect(call.statuses).toEqual([]);
      await world.run(1);
      expect(call.statuses).toContain(180);
      call.hangUp();
      await world.run(40);
    });
  });

  test.each([
    ['59 s: the pause goes on growing', 59, 4],
    ['60 s: its earlier crashes are forgotten', 60, 1],
  ])('has run for %s', async (_, ranS, pauseS) => {
    const store = createFaultyStore('1001');
    await story(store, async (world) => {
      await world.run(2);
      store.broken.clear();
      await world.runTo(3 + ranS);
      store.broken.add('1001');
      await world.line('1001').command('restart');
      expect(pauses(world)).toEqual([1, 2, pauseS]);
    });
  });

  test('fails once, however many of its parts throw at that instant', () =>
    story(
      createFaultyStore('1001'),
      async (world) => {
        await world.run(0.5);
        expect(failures(world)).toHaveLength(1);
        await world.runTo(8);
        expect(lives(world)).toEqual([0, 1, 3, 7]);
      },
      { lines: [singleLine({ dualRegistration: true, alternateProxy: '10.0.0.2' }), singleLine({ userId: '1002' })] },
    ));
});

describe('its neighbours', () => {
  test('never notice', () =>
    story(createFaultyStore('1001'), async (world) => {
      await world.party('2000');
      await world.run(0.5);
      await world.line('1002').command('call', { target: '2000' });
      await world.run(200);
      expect(lives(world, '1002')).toEqual([0]);
      expect(world.line('1002').status()).toMatchObject({ route: 'onTop', calls: [{ state: 'up' }], degraded: false });
      await world.line('1002').command('hangup');
      expect(await world.line('1002').command('message', { target: '2000', text: 'hello' })).toMatchObject({ status: 200 });
      await world.run(40);
    }));

  test('register although a line is poisoned from the start', async () => {
    const store = createFaultyStore();
    store.onLoad = async (line) => {
      if (line === '1001') throw new Error('its facts cannot be read');
    };
    await story(store, async (world) => {
      await world.run(10);
      expect(world.line('1002').status()).toMatchObject({ route: 'onTop' });
      expect(pauses(world)).toEqual([1, 2, 4, 8]);
      expect(lives(world)).toEqual([]);
    });
  });
});

describe('stop()', () => {
  test('ends a line that waits for its next start: it never starts', async () => {
    const world = await createWorld({ lines, store: createFaultyStore('1001') });
    await world.run(20);
    expect(world.line('1001').status()).toMatchObject({ route: 'failed' });
    const before = lives(world).length;
    await world.stop();
    expect(world.ambient.pendingTimers).toBe(0);
    expect(lives(world)).toHaveLength(before);
  });

  test('ends it too while a neighbour is slow to withdraw its binding', async () => {
    const world = await createWorld({ lines, store: createFaultyStore('1001') });
    await world.run(4);
    world.p.silence();
    await world.stop();
    expect(lives(world)).toEqual([0, 1, 3]);
  });

  test('waits for no line that fails on its way out', async () => {
    const store = createFaultyStore();
    const world = await createWorld({ lines, store });
    await world.run(1);
    store.broken.add('1001');
    await world.stop();
    expect(failures(world)).toEqual([]);
    expect(world.p.bindings('1002')).toEqual([]);
  });

  test('ends a line that is still reading what it stored', async () => {
    const store = createFaultyStore('1001');
    let answer = (): void => {};
    const world = await createWorld({ lines, store });
    store.onLoad = () => new Promise((resolve) => (answer = resolve));
    await world.run(1);
    await world.stop();
    answer();
    await world.ambient.settle();
    expect(lives(world)).toEqual([0]);
    expect(world.ambient.pendingTimers).toBe(0);
  });

  test.each([
    ['while its bindings are being withdrawn', 0.01],
    ['at the instant it begins anew', 0.02],
    ['while it registers anew', 0.03],
  ])('ends a line that is being restarted by command, %s', async (_, afterS) => {
    const world = await createWorld({ lines, link: { delayMs: 10 } });
    await world.run(1);
    await world.line('1001').command('restart');
    await world.run(afterS);
    await world.stop();
    expect(world.ambient.pendingTimers).toBe(0);
  });

  test('resolves when what the lines stored is durable', async () => {
    const store = createFaultyStore();
    const world = await createWorld({ lines, store });
    await world.stop();
    expect(store.flushes).toBe(1);
  });
});

describe('kill()', () => {
  test('ends a line that waits for its next start', async () => {
    const world = await createWorld({ lines, store: createFaultyStore('1001') });
    await world.run(20);
    await world.powerCut();
    await world.run(100);
    expect(lives(world)).toEqual([0, 1, 3, 7, 15]);
    await world.stop();
  });

  test('cuts short a stop that waits for silent servers', async () => {
    const world = await createWorld({ lines });
    await world.run(1);
    const { runtime } = world;
    world.p.silence();
    const stopping = runtime.stop();
    await world.run(0.1);
    await world.powerCut();
    await stopping;
    expect(world.nowS).toBe(1.1);
    await world.stop();
    expect(runtime.lines().map(({ route }) => route)).toEqual(['stopped', 'stopped']);
  });
});
