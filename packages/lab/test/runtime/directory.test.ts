import { encodeJson } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createWorld, singleLine, type World } from '../../src/index.ts';

/* A request without a line key: user part and receiving flow say whose it is (architecture section 4). */

const phone = '10.0.0.9:5060';

async function story(split: boolean, act: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld({
    split,
    lines: [
      singleLine({ userId: '1001' }),
      singleLine({ userId: '1002' }),
      singleLine({ id: 'east', userId: '1003', proxy: '10.0.0.1' }),
      singleLine({ id: 'west', userId: '1003', proxy: '10.0.0.2' }),
    ],
  });
  await world.run(1);
  await act(world);
  await world.stop();
}

const called = (world: World): readonly string[] =>
  world.runtime.lines().flatMap(({ id, calls }) => calls.map(({ state }) => `${id} ${state}`));

describe.each([
  ['in one runtime', false],
  ['with edge and lines as two runtimes', true],
])('a request that names a user, %s', (_, split) => {
  test('reaches the line of that user', () =>
    story(split, async (world) => {
      const caller = await world.party('3000');
      const call = caller.call(`sip:1002@${phone}`);
      await world.run(1);
      expect(called(world)).toEqual(['1002 ringing']);
      call.hangUp();
      await world.run(40);
      expect(called(world)).toEqual([]);
    }));

  test('reaches, of two lines of one user, the one whose server it came from', () =>
    story(split, async (world) => {
      for (const [side, line] of [
        [world.p, 'east'],
        [world.a, 'west'],
      ] as const) {
        side.forget();
        side.attach('1003', { host: '10.0.0.9', port: 5060 });
        const caller = await world.party(`300${line.length}`, { behind: [side === world.p ? 'p' : 'a'] });
        const call = caller.call('1003');
        await world.run(1);
        expect(called(world)).toEqual([`${line} ringing`]);
        call.hangUp();
        await world.run(40);
      }
    }));

  test('is answered 404 when nobody has that name', () =>
    story(split, async (world) => {
      const caller = await world.party('3000');
      expect(await world.until(caller.request('OPTIONS', `sip:9999@${phone}`))).toBe(404);
    }));

  test.each([
    ['no JSON', new TextEncoder().encode('{')],
    ['null', encodeJson(null)],
    ['no user', encodeJson({ flow: 'x' })],
    ['a user that is no text', encodeJson({ user: { name: '1001' }, flow: 7 })],
    ['nothing', new Uint8Array(0)],
  ])('in a question that holds %s is answered with no line', (_name, payload) =>
    story(split, async (world) => {
      const { bus, subjects } = world.runtime;
      const answer = await world.until(bus.request(subjects.directory, payload, { timeoutMs: 1_000 }));
      expect(new TextDecoder().decode(answer.payload)).toBe('{"keys":[]}');
    }),
  );
});
