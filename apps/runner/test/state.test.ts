import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines, startOffhook, stopAll } from './support/offhook.ts';
import { linePassword, startRunner, type TestRunner, untilRegistered } from './support/runner.ts';
import { dualYaml, type Server, startServer } from './support/server.ts';
import { untilKept } from './support/state.ts';

let folder: Folder;
let primary: Server;
let alternate: Server;
beforeAll(async () => {
  folder = makeFolder();
  [primary, alternate] = [await startServer(linePassword), await startServer(linePassword)];
});
afterEach(() => stopAll());
afterAll(async () => {
  await primary.stop();
  await alternate.stop();
  folder.remove();
});

const requests = (): number => primary.registrar.seen().length + alternate.registrar.seen().length;
const callIds = (): number =>
  new Set([...primary.registrar.seen(), ...alternate.registrar.seen()].map(({ callId }) => callId)).size;

/** The configuration of the other runner tests, on one port. */
function yaml(name: string, port: number, more = ''): string {
  return folder.write(name, dualYaml(primary.address, alternate.address, more).replace('port: 0', `port: ${port}`));
}

function portOf(runner: TestRunner): number {
  const [running] = jsonLines(runner.out.join('\n')) as readonly { readonly listening: readonly { readonly port: number }[] }[];
  return running?.listening[0]?.port ?? 0;
}

/** What a runner that cannot start says. */
async function refusal(args: readonly string[]): Promise<{ readonly code: unknown; readonly err: string }> {
  const runner = startOffhook(args, { env: { LINE_PASSWORD: linePassword } });
  return { code: await runner.ended, err: runner.err.join('\n') };
}

describe('offhook run --state', () => {
  it('goes on after SIGKILL with what it had, and asks no server', async () => {
    const state = folder.at('kept');
    const killed = await startRunner(yaml('a.yaml', 0), folder.at('a.sock'), ['--state', state]);
    await untilRegistered(killed.socket);
    await untilKept(state, 6);
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    const [before, registrations] = [requests(), callIds()];

    const runner = await startRunner(yaml('c.yaml', portOf(killed)), folder.at('a.sock'), ['--state', state]);
    await untilRegistered(runner.socket);
    expect(requests()).toBe(before);
    expect(await runner.stop()).toBe(130);
    expect(callIds()).toBe(registrations);
    expect([primary.registrar.bindings(), alternate.registrar.bindings()]).toEqual([[], []]);
    expect(readdirSync(state)).toEqual(['facts.log']);
  });

  it('wins over the folder of the configuration', async () => {
    const config = yaml('d.yaml', 0, `state: { folder: ${folder.at('of-the-file')} }\n`);
    const runner = await startRunner(config, folder.at('d.sock'), ['--state', folder.at('of-the-flag')]);
    await untilRegistered(runner.socket);
    await runner.stop();
    expect([existsSync(folder.at('of-the-file')), existsSync(folder.at('of-the-flag'))]).toEqual([false, true]);
    const plain = await startRunner(config, folder.at('d.sock'));
    await plain.stop();
    expect(existsSync(folder.at('of-the-file'))).toBe(true);
  });

  it('keeps a second runner out, which sends nothing and ends with exit 3', async () => {
    const state = folder.at('shared');
    const first = await startRunner(yaml('e.yaml', 0), folder.at('e.sock'), ['--state', state]);
    await untilRegistered(first.socket);
    const before = requests();
    const { code, err } = await refusal(['run', yaml('f.yaml', 0), '--socket', folder.at('f.sock'), '--state', state]);
    expect(code).toBe(3);
    expect(err).toContain(`State folder ${state} is used by process ${first.child.pid}.`);
    expect(requests()).toBe(before);
  });

  it('refuses a folder that is none with exit 3', async () => {
    const file = folder.write('file', '');
    const { code, err } = await refusal(['run', yaml('g.yaml', 0), '--socket', folder.at('g.sock'), '--state', file]);
    expect(code).toBe(3);
    expect(err).toMatch(/State folder .* cannot be used: EEXIST.*Name a folder that this user may read and write\./);
  });
});
