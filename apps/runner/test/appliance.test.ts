import { createSocket } from 'node:dgram';
import { readdirSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApplianceBuild, buildAppliance, readOnlyRoot, residentMb, startAppliance } from './support/appliance.ts';
import { command } from './support/command.ts';
import { makeFolder } from './support/folder.ts';
import { jsonLines, startProgram } from './support/offhook.ts';
import { linePassword, untilRegistered } from './support/runner.ts';
import { useSite } from './support/site.ts';
import { untilKept } from './support/state.ts';

const site = useSite();
let build: ApplianceBuild;
beforeAll(() => {
  build = buildAppliance(site.folder);
});

const lines = 8;
/** Eight dual lines. */
const write = (name: string, port = 0, more = ''): string =>
  site.folder.write(
    name,
    `edge: { listen: [{ protocol: udp, host: 127.0.0.1, port: ${port} }] }
templates:
  desk: { proxy: "${site.primary.address}", alternateProxy: "${site.alternate.address}", dualRegistration: true, password: ${linePassword} }
lines:
  - { template: desk, from: 1000, count: ${lines} }
${more}`,
  );
const env = { HOME: '/nonexistent', NODE_OPTIONS: '' };
const seen = (): number => site.primary.registrar.seen().length + site.alternate.registrar.seen().length;
const bindings = (): number => site.primary.registrar.bindings().length + site.alternate.registrar.bindings().length;

describe('the file of an appliance', () => {
  it('holds neither NATS, lab and console nor what only the command line needs', () => {
    const foreign =
      /packages\/(lab|bus-nats|cluster)\/|apps\/(?!runner\/)|node_modules\/(nats|@nats-io|pino|commander|esbuild|vitest)\//;
    expect(build.inputs.filter((path) => foreign.test(path))).toEqual([]);
    for (const part of ['packages/runtime/', 'packages/line-store/', 'node_modules/sip.js/']) {
      expect(build.inputs.some((path) => path.includes(part))).toBe(true);
    }
  });

  it('stands alone and is smaller than 1.1 MB', () => {
    expect(statSync(build.path).size).toBeLessThan(1_100_000);
    expect(build.imports.filter((name) => !isBuiltin(name))).toEqual([]);
  });

  it('comes with the licences of what is in it', () => {
    for (const name of ['sip.js', 'xstate', 'zod', 'tsyringe']) expect(build.licences).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(build.licences).toContain('Permission is hereby granted');
  });
});

describe('an appliance of eight dual lines', () => {
  it('listens within a second, registers all of them in 80 MB, and withdraws them on SIGTERM', async () => {
    const config = write('a.yaml');
    const running = await startAppliance(build, [config, '--state', site.folder.at('a')], { env });
    expect(running.startedAfterMs).toBeLessThan(1_000);
    expect(running.running).toMatchObject({ event: 'running', lines, control: site.folder.at('a/control.sock') });
    await untilRegistered(site.folder.at('a/control.sock'));
    expect(bindings()).toBe(2 * lines);
    const memory = residentMb(running.child.pid ?? 0);
    if (memory !== undefined) expect(memory.highest).toBeLessThan(80);
    expect(await running.stop()).toBe(130);
    expect(bindings()).toBe(0);
  });

  it('writes nothing but its state folder', async () => {
    const [home, state] = [makeFolder(), site.folder.at('b')];
    const surroundings = { HOME: home.path, TMPDIR: home.path, XDG_RUNTIME_DIR: home.path };
    const running = await startAppliance(build, [write('b.yaml'), '--state', state], {
      cwd: home.path,
      env: { ...env, ...surroundings },
    });
    await untilRegistered(join(state, 'control.sock'));
    await untilKept(state, 2 * lines);
    expect(readdirSync(state).sort()).toEqual(['control.sock', 'facts.log', 'lock']);
    await running.stop();
    expect([readdirSync(state), readdirSync(home.path)]).toEqual([['facts.log'], []]);
    home.remove();
  });

  const state = makeFolder();
  afterAll(() => state.remove());
  const under = readOnlyRoot(state.path);
  it.skipIf(under === undefined)('runs where nothing but its state folder can be written', async () => {
    const running = await startAppliance(build, [write('c.yaml'), '--state', state.path], { env, under: under ?? [] });
    await untilRegistered(state.at('control.sock'));
    await untilKept(state.path, 2 * lines);
    expect(await running.stop()).toBe(130);
    expect(jsonLines(running.err.join('\n')).filter((said) => !('remark' in (said as object)))).toEqual([]);
  });

  it('goes on after SIGKILL with what it had, and asks no server', async () => {
    const at = site.folder.at('d');
    const killed = await startAppliance(build, [write('d.yaml'), '--state', at], { env });
    await untilRegistered(join(at, 'control.sock'));
    await untilKept(at, 2 * lines);
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    const before = seen();
    const resumed = await startAppliance(build, [write('e.yaml', killed.running.listening[0]?.port), '--state', at], { env });
    await untilRegistered(join(at, 'control.sock'));
    expect(seen()).toBe(before);
    expect(await resumed.stop()).toBe(130);
    expect(bindings()).toBe(0);
  });

  it('is asked by the offhook command over its control socket', async () => {
    const at = site.folder.at('f');
    const running = await startAppliance(build, [write('f.yaml', 0, `state: { folder: ${at} }\n`)], { env });
    const { code, out } = await command(['lines', '--socket', join(at, 'control.sock'), '--json']);
    expect({ code, lines: jsonLines(out) }).toMatchObject({ code: 0, lines: [{ length: lines }] });
    await running.stop();
  });

  it('opens no control socket and writes nothing without a state folder', async () => {
    const home = makeFolder();
    const running = await startAppliance(build, [write('g.yaml')], { cwd: home.path, env: { ...env, TMPDIR: home.path } });
    expect(running.running).not.toHaveProperty('control');
    expect(await running.stop()).toBe(130);
    expect(readdirSync(home.path)).toEqual([]);
    home.remove();
  });
});

describe('an appliance that cannot start', () => {
  async function refusal(...args: readonly string[]): Promise<{ readonly code: unknown; readonly error: unknown }> {
    const ended = startProgram([process.execPath, build.path, ...args], { env });
    const code = await ended.ended;
    expect(ended.out).toEqual([]);
    const errors = jsonLines(ended.err.join('\n')).map((said) => (said as { readonly error?: unknown }).error);
    return { code, error: errors.findLast((error) => error !== undefined) };
  }

  it.each([
    ['no configuration is named', () => [], 'E_COMMAND_INVALID', 'Usage: offhook-appliance CONFIG'],
    ['an option is unknown', () => ['x.yaml', '--bus', 'nats://h'], 'E_COMMAND_INVALID', "Unknown option '--bus'"],
    ['the configuration is not there', () => [site.folder.at('none.yaml')], 'E_CONFIG_UNREADABLE', 'no such file'],
    ['a value is wrong', () => [write('h.yaml', 0, 'clustr: x\n')], 'E_CONFIG_INVALID', 'cannot be run'],
    ['it names a bus', () => [write('i.yaml', 0, 'bus: { url: "nats://me:hush@h" }\n')], 'E_CONFIG_INVALID', 'Remove bus.url'],
  ])('exits 2 where %s, and says so', async (_, args, code, words) => {
    const found = await refusal(...args());
    expect(found).toMatchObject({ code: 2, error: { code, message: expect.stringContaining(words) } });
    expect(JSON.stringify(found)).not.toContain('hush');
  });

  it('exits 3 where its port is in use', async () => {
    const other = createSocket('udp4');
    const port = await new Promise<number>((resolve) => other.bind(0, '127.0.0.1', () => resolve(other.address().port)));
    expect(await refusal(write('j.yaml', port))).toMatchObject({ code: 3, error: { code: 'E_TRANSPORT_IN_USE' } });
    other.close();
  });

  it('says with --help what it takes', async () => {
    const asked = startProgram([process.execPath, build.path, '--help'], { env });
    expect(await asked.ended).toBe(0);
    expect(asked.out.join('\n')).toContain('Usage: offhook-appliance CONFIG [--state FOLDER] [--socket PATH]');
  });
});
