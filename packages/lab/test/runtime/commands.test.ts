import { type CommandReply, decodeJson, encodeJson, lineKey } from '@offhook/core';
import type { CallFact } from '@offhook/runtime';
import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';

/* The commands of one line, through `runtime.command()`; with edge and lines as two runtimes on a bus that copies. */

async function story(act: (world: World) => Promise<void>, options: WorldOptions = {}): Promise<void> {
  const world = await createWorld({ split: true, lines: [dualLine(), singleLine({ userId: '1002' })], ...options });
  await world.party('2000');
  await world.run(1);
  await act(world);
  for (const { id, calls } of world.runtime.lines()) if (calls.length > 0) await world.line(id).command('hangup');
  await world.run(40);
  await world.stop();
}

const line = (world: World) => world.line('1001');
const ask = async (world: World, subject: string, payload: Uint8Array): Promise<CommandReply> =>
  decodeJson((await world.until(world.bus.request(subject, payload, { timeoutMs: 1_000 }))).payload);

describe('runtime.command()', () => {
  test('status says what lines() says', () =>
    story(async (world) => {
      const status = await line(world).command('status');
      expect(status).toEqual(JSON.parse(JSON.stringify(world.runtime.lines()[0])));
      expect(status).toMatchObject({ id: '1001', user: '1001', mode: 'dual', route: 'onTop', calls: [], degraded: false });
    }));

  test('explain adds what would be decided now, the next moves and the latest decisions', () =>
    story(async (world) => {
      const { ifNow, next, decisions, atMs } = await line(world).explain();
      expect(atMs).toBe(1_000);
      expect(ifNow).toMatchObject({ INVITE: { next: 'send', leg: 'primary' }, MESSAGE: { next: 'send', leg: 'primary' } });
      expect(next.map(({ what, leg }) => `${what} ${leg}`)).toEqual([
        'refresh primary',
        'refresh alternate',
        'expiry primary',
        'expiry alternate',
      ]);
      expect(decisions).toEqual(world.decisions('1001'));
    }));

  test('call places a call and answers when it has been routed; hangup ends the one named', () =>
    story(async (world) => {
      const call = (await line(world).command('call', { target: '2000' })) as CallFact;
      expect(call).toMatchObject({ id: 'c1', direction: 'outgoing', state: 'trying' });
      await world.run(1);
      expect(line(world).status().calls).toMatchObject([{ id: 'c1', state: 'up' }]);
      expect(await line(world).command('hangup', { call: 'c1' })).toMatchObject([{ id: 'c1', state: 'ended' }]);
      expect(line(world).status().calls).toEqual([]);
    }));

  test('answer takes the call that rings', () =>
    story(async (world) => {
      const caller = await world.party('3000');
      const call = caller.call('1001');
      await world.run(1);
      expect(line(world).status().calls).toMatchObject([{ direction: 'incoming', state: 'ringing' }]);
      await line(world).command('answer');
      await world.run(1);
      expect(call.state).toBe('up');
    }));

  test('answer and hangup of a call that is not there are refused with the calls that are', () =>
    story(async (world) => {
      await expect(line(world).command('answer')).rejects.toMatchObject({
        code: 'E_CALL_UNKNOWN',
        message: 'There is no ringing call. Calls of this line: none.',
      });
      await line(world).command('call', { target: '2000' });
      await expect(line(world).command('hangup', { call: 'c9' })).rejects.toMatchObject({
        code: 'E_CALL_UNKNOWN',
        message: 'There is no call "c9". Calls of this line: c1.',
      });
    }));

  test.each(['message', 'options'])('%s answers how the request ended', (command) =>
    story(async (world) => {
      const args = command === 'message' ? { target: '2000', text: 'hello' } : { target: '2000' };
      expect(await line(world).command(command, args)).toEqual({ ok: true, status: 200, leg: 'primary' });
      world.p.answer(command.toUpperCase(), 404);
      expect(await line(world).command(command, args)).toEqual({ ok: false, status: 404, reason: 'answered 404' });
    }),
  );

  test('message answers also when the phone stops before an answer came', () =>
    story(async (world) => {
      world.p.silence('MESSAGE');
      const sent = line(world).begin('message', { target: '2000', text: 'hello' });
      await world.run(0.1);
      await world.powerCut();
      expect(await world.until(sent, 1)).toEqual({ ok: false, reason: 'line-stopped' });
      world.p.clear();
      await world.boot();
    }));

  test('restart begins anew: bindings are withdrawn, then made with a new Call-ID', () =>
    story(async (world) => {
      const [before] = world.p.seen({ method: 'REGISTER', user: '1001' });
      expect(await line(world).command('restart')).toMatchObject({ id: '1001' });
      await world.run(1);
      const seen = world.p.seen({ method: 'REGISTER', user: '1001' });
      expect(seen.filter(({ expiresS }) => expiresS === 0).length).toBeGreaterThan(0);
      expect(seen.at(-1)).toMatchObject({ status: 200 });
      expect(seen.at(-1)?.callId).not.toBe(before?.callId);
      expect(line(world).status().route).toBe('onTop');
      expect(world.p.seen({ method: 'REGISTER', user: '1002' })).toHaveLength(2);
    }));

  test('refuses an unknown command and says which there are', () =>
    story(async (world) => {
      await expect(line(world).command('dance')).rejects.toMatchObject({
        code: 'E_COMMAND_INVALID',
        message:
          'A line has no command "dance". Known: status, explain, call, hangup, answer, message, options, restart, policy.',
      });
    }));

  test.each([
    ['call', {}, 'target'],
    ['call', { target: 7 }, 'target'],
    ['message', { target: '2000' }, 'text'],
    ['hangup', { call: '' }, 'call'],
    ['call', { target: '2000', to: '2001' }, 'to'],
    ['policy', { mechanism: 'auto', restart: 'yes' }, 'restart'],
  ])('refuses %s with %j and names the argument', (command, args, name) =>
    story(async (world) => {
      await expect(line(world).command(command, args)).rejects.toMatchObject({
        code: 'E_COMMAND_INVALID',
        message: expect.stringContaining(`Argument "${name}"`),
      });
    }),
  );

  test('refuses an unknown line and names the lines it has', () =>
    story(async (world) => {
      await expect(world.runtime.command('1003', 'status')).rejects.toMatchObject({
        code: 'E_LINE_UNKNOWN',
        message: 'There is no line "1003". Lines here: 1001, 1002.',
      });
    }));

  test('names five lines at most', () =>
    story(
      async (world) => {
        await expect(world.runtime.command('x', 'status')).rejects.toThrow('Lines here: 1, 2, 3, 4, 5 and 2 more.');
      },
      { lines: ['1', '2', '3', '4', '5', '6', '7'].map((userId) => singleLine({ userId })) },
    ));
});

describe('a payload that another process got wrong', () => {
  const junk: readonly (readonly [string, Uint8Array])[] = [
    ['no JSON', new TextEncoder().encode('{"command":')],
    ['null', encodeJson(null)],
    ['a text', encodeJson('status')],
    ['no arguments', encodeJson({ command: 'call' })],
    ['arguments that are none', encodeJson({ command: 'call', args: 7 })],
    ['a command that is no text', encodeJson({ command: ['status'], args: {} })],
    ['nothing', new Uint8Array(0)],
  ];

  test.each(junk)('as a command of a line (%s) is refused', (_, payload) =>
    story(async (world) => {
      const { subjects } = world.runtime;
      const reply = await ask(world, subjects.line(lineKey('1001'), 'cmd'), payload);
      expect(reply).toMatchObject({ ok: false, code: 'E_COMMAND_INVALID' });
      expect(line(world).status().route).toBe('onTop');
    }),
  );

  test.each(junk)('as a command of the runtime (%s) is refused', (_, payload) =>
    story(async (world) => {
      const reply = await ask(world, world.runtime.subjects.control, payload);
      expect(reply).toMatchObject({
        ok: false,
        code: 'E_COMMAND_INVALID',
        message: expect.stringContaining('Known: lines, counters.'),
      });
    }),
  );

  test.each(junk)('as a failed flow (%s) is dropped, and the line goes on', (_, payload) =>
    story(async (world) => {
      const before = world.sent('REGISTER').length;
      await line(world).command('call', { target: '2000' });
      world.bus.publish(world.runtime.subjects.line(lineKey('1001'), 'flow'), payload);
      await world.run(10);
      expect(line(world).status()).toMatchObject({ route: 'onTop', calls: [{ state: 'up' }] });
      expect(world.sent('REGISTER')).toHaveLength(before);
    }),
  );

  test('as an answer of the edge is a failed attempt: the line tries again by its table', async () => {
    const world = await createWorld({
      lines: [singleLine()],
      prepare: ({ bus }) => {
        bus.subscribe('offhook.world.edge.edge.open', (message) => message.respond(new TextEncoder().encode('<html>')), {
          max: 1,
        });
      },
    });
    await world.run(10);
    expect(world.line().status()).toMatchObject({ route: 'outOfService', legs: [{ registration: 'waiting' }] });
    await world.run(30);
    expect(world.line().status().route).toBe('onTop');
    await world.stop();
  });

  test('to a line of this slot that is not here is refused', () =>
    story(async (world) => {
      const subject = world.runtime.subjects.line(lineKey('1001'), 'cmd').replace(lineKey('1001'), 'aaaaaaaaaaaa');
      const reply = await ask(world, subject, encodeJson({ command: 'status', args: {} }));
      expect(reply).toMatchObject({ ok: false, code: 'E_LINE_UNKNOWN' });
    }));
});

test('lines of the runtime answers the status of every line', () =>
  story(async (world) => {
    const { subjects } = world.runtime;
    const reply = await ask(world, subjects.control, encodeJson({ command: 'lines', args: {} }));
    expect(reply).toMatchObject({ ok: true, value: [{ id: '1001' }, { id: '1002' }] });
  }));
