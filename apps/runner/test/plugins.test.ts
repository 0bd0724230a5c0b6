import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines, offhook, startOffhook, stopAll } from './support/offhook.ts';
import { linePassword, startRunner, untilRegistered } from './support/runner.ts';
import { type Server, startServer } from './support/server.ts';

/* The examples as somebody else's packages: named in the configuration by the path to their folder, compiled. */

let folder: Folder;
let server: Server;
beforeAll(async () => {
  folder = makeFolder();
  server = await startServer(linePassword);
});
afterEach(() => stopAll());
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const pathTo = (example: string): string =>
  relative(folder.path, fileURLToPath(new URL(`../../../examples/${example}`, import.meta.url)));

interface Wishes {
  readonly plugins?: readonly string[];
  readonly transport?: string;
  readonly line?: string;
}

const yaml = ({
  plugins = [pathTo('my-transport'), pathTo('my-policy')],
  transport = 'my-transport',
  line = '',
}: Wishes = {}): string => `
plugins: ${JSON.stringify(plugins)}
edge: { listen: [{ protocol: udp, host: 127.0.0.1, port: 0, plugin: ${transport} }] }
lines:
  - { userId: "1001", proxy: ${server.address}, password: ${linePassword}, proxyFallbackIntvl: 0, xMechanism: my-policy${line} }
`;

describe('offhook run with plugins', () => {
  it('registers a line by a third-party transport and routes its call by a third-party mechanism', async () => {
    const runner = await startRunner(folder.write('phone.yaml', yaml()), folder.at('a.sock'));
    await untilRegistered(runner.socket);
    expect(server.registrar.bindings('1001')).toHaveLength(1);
    const call = startOffhook(['call', '1001', '5000', '--duration', '0.1', '--json', '--socket', runner.socket]);
    expect(await call.ended).toBe(0);
    const { out } = await command(['explain', '1001', '--json', '--socket', runner.socket]);
    expect(jsonLines(out)).toMatchObject([{ degraded: false, refusals: [], ifNow: { INVITE: { rule: 'my-policy:send' } } }]);
    const [{ decisions }] = jsonLines(out) as readonly [{ readonly decisions: readonly { readonly rule: string }[] }];
    expect(decisions.map(({ rule }) => rule)).toContain('my-policy:send');
    expect(await runner.stop()).toBe(130);
    expect(server.registrar.bindings('1001')).toEqual([]);
  });

  it('tells people which plugin serves an address', async () => {
    const path = folder.write('people.yaml', yaml());
    const runner = startOffhook(['run', path, '--socket', folder.at('b.sock')]);
    expect(await runner.line('Running 1 line on 127.0.0.1:')).toContain('(udp by my-transport)');
    await runner.line('1 of 1 registered');
    expect(await runner.stop()).toBe(130);
  });

  it.each([
    ['is not there', { plugins: ['./none.mjs'] }, 'E_PLUGIN_LOAD', 'plugin ./none.mjs: nothing is found'],
    [
      'throws as it is imported',
      { plugins: ['./throws.mjs'] },
      'E_PLUGIN_LOAD',
      'plugin ./throws.mjs: fails as it is imported: no luck',
    ],
    ['was written for another contract', { plugins: ['./other.mjs'] }, 'E_PLUGIN_INVALID', 'api is 2'],
    ['is named twice', { plugins: ['./my.mjs', './my.mjs'] }, 'E_PLUGIN_DUPLICATE', 'already given by ./my.mjs'],
    ['is asked for by another name', { transport: 'my-transprot' }, 'E_PLUGIN_INVALID', 'Did you mean my-transport?'],
  ])('exits 3 when a plugin %s, before anything is sent', async (_, wishes, code, message) => {
    const mine = (api: number) =>
      `export const manifest = Object.freeze({ name: 'mine', kind: 'mechanism', api: ${api}, title: 'Mine', claims: () => [] });
export const create = () => ({ manifest, decide() {} });`;
    folder.write('throws.mjs', 'throw new Error("no luck");');
    folder.write('other.mjs', mine(2));
    folder.write('my.mjs', mine(1));
    const before = server.registrar.seen().length;
    const path = folder.write('faulty.yaml', yaml(wishes));
    const run = await offhook(['run', path, '--json', '--socket', folder.at('x.sock')]);
    expect({ code: run.code, out: run.out }).toEqual({ code: 3, out: '' });
    expect(jsonLines(run.err)).toMatchObject([{ error: { code, exit: 3, message: expect.stringContaining(message) } }]);
    expect(server.registrar.seen()).toHaveLength(before);
    const check = await command(['check', path, '--json']);
    expect(check.code).toBe(2);
    expect(jsonLines(check.out)).toMatchObject([[{ runnable: false, findings: [], error: { code, exit: 2 } }]]);
  });
});

describe('offhook check with plugins', () => {
  const check = (text: string) => command(['check', folder.write('check.yaml', text)]);

  it('finds nothing wrong where a line asks for a mechanism that a plugin brings', async () => {
    const { code, out, err } = await check(yaml());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('1 line can be run; 0 errors, 0 warnings, 0 remarks');
  });

  it('judges it as any other: beside Dual Registration it is refused, with both names and the remedy', async () => {
    const { code, out } = await check(yaml({ line: ', dualRegistration: true, alternateProxy: b.example' }));
    expect(code).toBe(2);
    expect(out).toContain('Dual Registration (dual-registration) and My policy (my-policy) cannot rule one line together');
    expect(out).toContain('Set X Mechanism to auto.');
  });

  it('tells a fault of a plugin beside all others, and calls no mechanism unknown that it might have brought', async () => {
    const { code, out } = await check(yaml({ plugins: ['./none.mjs'], line: ', registerExpires: 0' }));
    expect(code).toBe(2);
    expect(out).toMatch(/^.*check\.yaml: error plugin \.\/none\.mjs: nothing is found from .*$/m);
    expect(out).toContain('error reg.expires-zero');
    expect(out).not.toContain('policy.unknown');
    expect(out).toContain('check.yaml: cannot be run');
  });

  it('judges by a plugin also where the file cannot be run', async () => {
    const { code, out } = await check(`clustr: x\n${yaml({ line: ', dualRegistration: true, alternateProxy: b.example' })}`);
    expect(code).toBe(2);
    expect(out).toContain('error key.unknown');
    expect(out).toContain('My policy (my-policy)');
  });

  it('blames a mechanism whose claims fail', async () => {
    const claims = 'claims() { throw new Error("not pure"); }';
    folder.write(
      'claims.mjs',
      `export const manifest = Object.freeze({ name: 'bad', kind: 'mechanism', api: 1, title: 'Bad', ${claims} });
export const create = () => ({ manifest, decide() {} });`,
    );
    const { code, out } = await check(yaml({ plugins: [pathTo('my-transport'), './claims.mjs'] }));
    expect(code).toBe(2);
    expect(out).toContain('Mechanism bad: claims() failed');
  });
});
