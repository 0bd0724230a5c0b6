import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { systemAmbient } from '@offhook/core';
import type { Fact, Runtime } from '@offhook/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectControl } from '../src/control-client.ts';
import { longestRequest } from '../src/control-protocol.ts';
import { type ControlServer, openControl } from '../src/control-server.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { connectRaw, type RawClient } from './support/raw-client.ts';

/** A runtime with nothing behind it: commands are answered as the test says, facts come when the test says. */
function createStage() {
  const handlers = new Set<(fact: Fact) => void>();
  const asked: string[] = [];
  let held: (() => void)[] = [];
  const stage = {
    asked,
    followers: () => handlers.size,
    tell: (value: unknown) => {
      for (const handler of handlers) handler({ kind: 'state', key: 'k', value } as unknown as Fact);
    },
    release: () => {
      for (const go of held) go();
      held = [];
    },
    runtime: {
      ambient: systemAmbient(),
      lines: () => [{ id: '1001', filler: 'x'.repeat(50_000) }],
      async command(line: string, command: string) {
        asked.push(`${line} ${command}`);
        if (command === 'slow') await new Promise<void>((resolve) => held.push(resolve));
        return `did ${command}`;
      },
      onFact(handler: (fact: Fact) => void) {
        handlers.add(handler);
        return { unsubscribe: () => handlers.delete(handler) };
      },
    } as unknown as Runtime,
  };
  return stage;
}

const nextTurn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

let folder: Folder;
let stage: ReturnType<typeof createStage>;
let control: ControlServer;
let clients: RawClient[];
const client = async (): Promise<RawClient> => {
  const made = await connectRaw(control.path);
  clients.push(made);
  return made;
};
beforeEach(async () => {
  folder = makeFolder();
  clients = [];
  stage = createStage();
  control = await openControl(folder.at('below/c.sock'));
  control.serve(stage.runtime);
});
afterEach(async () => {
  for (const each of clients) each.close();
  await control.stop();
  folder.remove();
});

describe('the control socket', () => {
  it('is its owner’s alone, file and folder', () => {
    expect(statSync(control.path).mode & 0o777).toBe(0o600);
    expect(statSync(folder.at('below')).mode & 0o777).toBe(0o700);
  });

  it('answers several requests of one connection, each under its id', async () => {
    const { send, next } = await client();
    send('{"id":1,"line":"1001","command":"slow"}\n{"id":2,"line":"1001","command":"status"}\n');
    expect(await next()).toEqual({ id: 2, ok: true, value: 'did status' });
    stage.release();
    expect(await next()).toEqual({ id: 1, ok: true, value: 'did slow' });
  });

  it('goes on after garbage, on the same connection and on others', async () => {
    const { send, next } = await client();
    for (const text of ['garbage', 'null', '[]', '42', '{"id":1}', '{"command":7}', '\u0000\u0001', '\ufffd'.repeat(50)]) {
      send(`${text}\n`);
      expect(await next()).toMatchObject({ ok: false, code: 'E_COMMAND_INVALID' });
    }
    send('{"id":9,"line":"1001","command":"status"}\n');
    expect(await next()).toEqual({ id: 9, ok: true, value: 'did status' });
  });

  it('puts a request together that comes in pieces, and drops one that is never finished', async () => {
    const { send, socket, next } = await client();
    send('{"id":1,"line":"1001",');
    send('"command":"status"}\n{"id":2,"line":"1001","comm');
    expect(await next()).toEqual({ id: 1, ok: true, value: 'did status' });
    socket.end();
    expect(await next()).toBeUndefined();
    expect(stage.asked).toEqual(['1001 status']);
  });

  it('answers what was asked before the client stopped sending', async () => {
    const { socket, next } = await client();
    socket.end('{"id":1,"line":"1001","command":"slow"}\n');
    const answer = next();
    while (stage.asked.length === 0) await nextTurn();
    stage.release();
    expect(await answer).toEqual({ id: 1, ok: true, value: 'did slow' });
    expect(await next()).toBeUndefined();
  });

  it('refuses a request that is too long and closes that connection only', async () => {
    const [long, other] = [await client(), await client()];
    long.send('x'.repeat(longestRequest + 1));
    expect(await long.next()).toMatchObject({ ok: false, message: expect.stringContaining(`${longestRequest} characters`) });
    expect(await long.next()).toBeUndefined();
    other.send('{"id":1,"line":"1001","command":"status"}\n');
    expect(await other.next()).toMatchObject({ ok: true });
  });

  it('forgets a follower that has gone, and one that asks twice hears each fact once', async () => {
    const { send, next, socket } = await client();
    send('{"id":1,"command":"events"}\n{"id":2,"command":"events"}\n');
    expect([await next(), await next()]).toMatchObject([
      { id: 1, ok: true },
      { id: 2, ok: true },
    ]);
    expect(stage.followers()).toBe(1);
    stage.tell('a');
    stage.tell('b');
    expect([await next(), await next()]).toMatchObject([{ fact: { value: 'a' } }, { fact: { value: 'b' } }]);
    socket.destroy();
    while (stage.followers() > 0) await nextTurn();
  });

  it('keeps little for a follower that does not read, and tells it how much it has missed', async () => {
    const socket = connect(control.path);
    socket.write('{"id":1,"command":"events"}\n');
    while (stage.followers() === 0) await nextTurn();
    const told = 2_000;
    for (let i = 0; i < told; i++) stage.tell('x'.repeat(100_000));
    let heard = 0;
    for await (const line of createInterface({ input: socket })) {
      const answer = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if ('missed' in answer) {
        expect(answer.missed).toBeGreaterThan(told - 100);
        break;
      }
      heard += 'fact' in answer ? 1 : 0;
      // One more for each that was read: the first that finds room is preceded by the count.
      stage.tell('again');
    }
    expect(heard).toBeGreaterThan(0);
    expect(heard).toBeLessThan(200);
    socket.destroy();
  });

  it('does not take more requests than are read the answers of', async () => {
    const { send, socket } = await client();
    socket.pause();
    for (let i = 0; i < 20_000; i++) send(`{"id":${i},"command":"lines"}\n`);
    let unread = 0;
    for (let turns = 0; turns < 200; turns++) {
      await nextTurn();
      if (socket.writableLength !== unread) turns = 0;
      unread = socket.writableLength;
    }
    expect(unread).toBeGreaterThan(0);
  });
});

describe('the control client', () => {
  it('rejects what was asked when the runner ends', async () => {
    const { ask, close } = await connectControl(control.path);
    const asked = ask('slow', { line: '1001' });
    asked.catch(() => {});
    while (stage.asked.length === 0) await nextTurn();
    await control.stop();
    await expect(asked).rejects.toMatchObject({ code: 'E_CONTROL_UNREACHABLE' });
    await expect(ask('status', { line: '1001' })).rejects.toMatchObject({ code: 'E_CONTROL_UNREACHABLE' });
    close();
  });

  it('gives up on something that does not speak the protocol', async () => {
    const stranger = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\n'));
    stranger.listen(folder.at('other.sock'));
    await once(stranger, 'listening');
    const { ask } = await connectControl(folder.at('other.sock'));
    await expect(ask('lines')).rejects.toMatchObject({ code: 'E_CONTROL_UNREACHABLE' });
    stranger.close();
  });
});
