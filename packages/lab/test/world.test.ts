import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type WorldOptions } from '../src/index.ts';

const silencePrimary: NonNullable<WorldOptions['prepare']> = ({ wire }) => wire.silence('10.0.0.1');

describe('a world', () => {
  test('boots a dual line at its first instant', async () => {
    const world = await createWorld();
    await world.run(1);
    expect(
      world
        .line()
        .status()
        .legs.map(({ leg, usable }) => [leg, usable]),
    ).toEqual([
      ['primary', true],
      ['alternate', true],
    ]);
    expect(world.sent('REGISTER')).toEqual([
      ['p', 0],
      ['a', 0],
      ['p', 0],
      ['a', 0],
    ]);
    expect(world.p.bindings('1001')).toHaveLength(1);
    expect(world.decisions('1001').map(({ rule }) => rule)).toContain('6.1:reg.ok');
    await world.stop();
    expect(world.p.bindings('1001')).toHaveLength(0);
  });

  test('gives the same transcript for the same seed, and another for another', async () => {
    const story = async (seed: number): Promise<readonly string[]> => {
      const world = await createWorld({
        seed,
        lines: [dualLine(), dualLine({ userId: '1002' })],
        link: { delayMs: 5, jitterMs: 10, lossRate: 0.1 },
      });
      await world.run(3_000);
      const transcript = world.wire.transcript();
      await world.stop();
      return transcript;
    };
    const first = await story(7);
    expect(first.length).toBeGreaterThan(8);
    expect(await story(7)).toEqual(first);
    expect(await story(8)).not.toEqual(first);
  });

  test('tells the same story with edge and lines as two runtimes on a bus that copies', async () => {
    const story = async (split: boolean): Promise<unknown> => {
      const world = await createWorld({ split, prepare: silencePrimary });
      await world.run(100);
      world.wire.heal();
      await world.run(3_600);
      const seen = [world.sent('REGISTER'), world.decisions().map(({ rule, atMs }) => [rule, atMs])];
      await world.stop();
      return seen;
    };
    expect(await story(true)).toEqual(await story(false));
  });

  test('acts before the boot, and measures retransmissions exactly', async () => {
    const world = await createWorld({ lines: [singleLine()], prepare: silencePrimary });
    await world.run(46);
    expect(world.sent('REGISTER')).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 46].map((atS) => ['p', atS]));
    expect(world.sent('REGISTER', { first: true })).toEqual([
      ['p', 0],
      ['p', 46],
    ]);
    world.wire.heal();
    await world.stop();
  });

  test('brings parties behind its registrars and carries requests between them and lines', async () => {
    const world = await createWorld();
    const party = await world.party('2001');
    await world.run(1);
    expect(await world.line().command('message', { target: '2001', text: 'hello' })).toMatchObject({ status: 200 });
    expect(await world.until(party.request('OPTIONS', '1001'))).toBe(200);
    expect(party.received.map(({ request }) => request.method)).toEqual(['MESSAGE']);
    await world.stop();
  });

  test('speaks TCP', async () => {
    const world = await createWorld({ lines: [dualLine({ sipTransport: 'TCP' })] });
    await world.run(1);
    expect(
      world
        .line()
        .status()
        .legs.every(({ usable }) => usable),
    ).toBe(true);
    expect(world.wire.connections).toBe(2);
    await world.stop();
  });

  test('survives a power cut and boots again', async () => {
    const world = await createWorld();
    await world.run(10);
    await world.powerCut();
    await world.run(10);
    const before = world.sent('REGISTER').length;
    await world.boot([singleLine()]);
    await world.run(1);
    expect(world.sent('REGISTER').slice(before)).toEqual([
      ['p', 20],
      ['p', 20],
    ]);
    await world.stop();
  });

  test('complains of a timer that is left behind', async () => {
    const world = await createWorld();
    world.ambient.setTimer(() => {}, 1_000_000);
    await expect(world.stop()).rejects.toThrow(/1 timers are left behind/);
  });

  test('gives the global timers back', async () => {
    const { setTimeout: real } = globalThis;
    const world = await createWorld();
    expect(globalThis.setTimeout).not.toBe(real);
    await world.stop();
    expect(globalThis.setTimeout).toBe(real);
  });

  test('lets time move until an answer comes, and no longer than it may', async () => {
    const world = await createWorld();
    const later = new Promise<string>((resolve) => world.ambient.setTimer(() => resolve('here'), 30_000));
    expect(await world.until(later)).toBe('here');
    expect(world.nowS).toBe(30);
    await expect(world.until(new Promise(() => {}), 5)).rejects.toThrow(/nothing came of it within 5 s/);
    await world.stop();
  });

  test('forgets its records when told, and nothing that is still going on', async () => {
    const world = await createWorld();
    const party = await world.party('2000');
    await world.run(1);
    await world.line().command('call', { target: '2000' });
    await world.run(1);
    world.forgetRecords();
    expect([world.wire.packets, world.facts(), world.p.seen(), world.ambient.logs]).toEqual([[], [], [], []]);
    expect(party.calls.map(({ state }) => state)).toEqual(['up']);
    await world.line().command('hangup');
    await world.run(1);
    world.forgetRecords();
    expect(party.calls).toEqual([]);
    expect(world.p.bindings('1001')).toHaveLength(1);
    await world.run(3_600);
    expect(world.sent('REGISTER').length).toBeGreaterThan(0);
    await world.stop();
  });
});
