import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jsonLines, startOffhook } from './support/offhook.ts';
import { linePassword, startRunner, type TestRunner, untilRegistered } from './support/runner.ts';
import { dualYaml } from './support/server.ts';
import { useSite } from './support/site.ts';
import { untilKept } from './support/state.ts';

const site = useSite();

const requests = (): number => site.primary.registrar.seen().length + site.alternate.registrar.seen().length;
const callIds = (): number =>
  new Set([...site.primary.registrar.seen(), ...site.alternate.registrar.seen()].map(({ callId }) => callId)).size;

/** The configuration of the other runner tests, on one port. */
function yaml(name: string, port: number, more = ''): string {
  return site.folder.write(
    name,
    dualYaml(site.primary.address, site.alternate.address, more).replace('port: 0', `port: ${port}`),
  );
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
    const state = site.folder.at('kept');
    const killed = await startRunner(yaml('a.yaml', 0), site.folder.at('a.sock'), ['--state', state]);
    await untilRegistered(killed.socket);
    await untilKept(state, 6);
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    const [before, registrations] = [requests(), callIds()];

    const runner = await startRunner(yaml('c.yaml', portOf(killed)), site.folder.at('a.sock'), ['--state', state]);
    await untilRegistered(runner.socket);
    expect(requests()).toBe(before);
    expect(await runner.stop()).toBe(130);
    expect(callIds()).toBe(registrations);
    expect([site.primary.registrar.bindings(), site.alternate.registrar.bindings()]).toEqual([[], []]);
    expect(readdirSync(state)).toEqual(['facts.log']);
  });

  it('wins over the folder of the configuration', async () => {
    const config = yaml('d.yaml', 0, `state: { folder: ${site.folder.at('of-the-file')} }\n`);
    const runner = await startRunner(config, site.folder.at('d.sock'), ['--state', site.folder.at('of-the-flag')]);
    await untilRegistered(runner.socket);
    await runner.stop();
    expect([existsSync(site.folder.at('of-the-file')), existsSync(site.folder.at('of-the-flag'))]).toEqual([false, true]);
    const plain = await startRunner(config, site.folder.at('d.sock'));
    await plain.stop();
    expect(existsSync(site.folder.at('of-the-file'))).toBe(true);
  });

  it('keeps a second runner out, which sends nothing and ends with exit 3', async () => {
    const state = site.folder.at('shared');
    const first = await startRunner(yaml('e.yaml', 0), site.folder.at('e.sock'), ['--state', state]);
    await untilRegistered(first.socket);
    const before = requests();
    const { code, err } = await refusal(['run', yaml('f.yaml', 0), '--socket', site.folder.at('f.sock'), '--state', state]);
    expect(code).toBe(3);
    expect(err).toContain(`State folder ${state} is used by process ${first.child.pid}.`);
    expect(requests()).toBe(before);
  });

  it('refuses a folder that is none with exit 3', async () => {
    const file = site.folder.write('file', '');
    const { code, err } = await refusal(['run', yaml('g.yaml', 0), '--socket', site.folder.at('g.sock'), '--state', file]);
    expect(code).toBe(3);
    expect(err).toMatch(/State folder .* cannot be used: EEXIST.*Name a folder that this user may read and write\./);
  });
});
