import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { startOffhook, stopAll } from './support/offhook.ts';
import { startRunner, untilRegistered } from './support/runner.ts';
import { type Server, startServer } from './support/server.ts';

const secret = 'hush-hush-4711';
let folder: Folder;
let server: Server;
beforeAll(async () => {
  folder = makeFolder();
  server = await startServer(secret);
});
afterEach(() => stopAll());
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const yaml = (password: string, more = '') => `
edge: { listen: [{ protocol: udp, host: 127.0.0.1, port: 0 }] }
phone: { sipTimerF: 1 }
lines:
  - { userId: "1001", proxy: "${server.address}", password: ${password} }
${more}`;

it('a password never leaves through logs, events, lines, explain, calls or their errors', async () => {
  const runner = await startRunner(folder.write('phone.yaml', yaml(secret)), folder.at('s.sock'), ['--log-level', 'debug']);
  const events = startOffhook(['events', '--json', '--socket', runner.socket]);
  await events.line('Following 1 lines');
  await untilRegistered(runner.socket);
  server.registrar.staleNonces();
  const said: string[] = [];
  for (const args of [
    ['lines'],
    ['lines', '--json'],
    ['call', '1001', '5000', '--duration', '0.1', '--json'],
    ['explain', '1001'],
    ['explain', '1001', '--json'],
    ['explain', '9', '--json'],
  ]) {
    const { out, err } = await command([...args, '--socket', runner.socket]);
    said.push(out, err);
  }
  await events.stop('SIGINT');
  await runner.stop();
  said.push(...events.out, ...events.err, ...runner.out, ...runner.err);
  expect(said.join('\n')).toContain('1001');
  expect(said.join('\n')).not.toContain(secret);
  expect(server.registrar.seen({ method: 'REGISTER' }).some(({ auth }) => auth === 'ok')).toBe(true);
});

it.each([
  ['beside a fault', () => yaml(secret, '  - { userId: "1002", proxy: "a b", bogus: 1 }')],
  ['of a value that is none', () => yaml(`[${secret}]`)],
  ['of a reference that is none', () => yaml(`{ enw: ${secret} }`)],
  ['with a mark outside a range', () => yaml(`"${secret}{n}"`)],
  ['with a line break in it', () => yaml(`"${secret}\\r\\nX: y"`)],
])('a password %s is not repeated by check or run', async (_, text) => {
  const path = folder.write('faulty.yaml', text());
  for (const args of [
    ['check', path],
    ['check', path, '--json'],
    ['run', path, '--strict'],
    ['run', path, '--strict', '--json'],
  ]) {
    const { code, out, err } = await command(args);
    expect(code).toBe(2);
    expect(out + err).not.toContain(secret);
  }
});
