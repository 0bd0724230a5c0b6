import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './bootstrap.mjs';

/* Below the root, so that packages resolve; in a folder that no other check looks at. */

const reports = join(root, 'reports');
let folder = '';
beforeAll(() => {
  mkdirSync(reports, { recursive: true });
  folder = mkdtempSync(join(reports, 'new-plugin-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: readonly string[], cwd = folder): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, INIT_CWD: cwd, NO_COLOR: '1' },
  });
  return { status, text: `${stdout}${stderr}` };
}
const newPlugin = (...args: readonly string[]) => run([join(root, 'scripts/new-plugin.mjs'), ...args]);
const tool = (name: string): string => join(root, 'node_modules', name);

describe.each([
  ['mechanism', 'quiet-hours', 'my-policy'],
  ['transport', 'smoke-signals', 'my-transport'],
])('npm run new-plugin -- %s NAME', (kind, name, example) => {
  it('makes a package that passes its kit and compiles', () => {
    expect(newPlugin(kind, name, '--dir', name)).toMatchObject({ status: 0, text: expect.stringContaining(`cd ${name}`) });
    const own = join(folder, name);
    const kit = run([tool('vitest/vitest.mjs'), 'run'], own);
    expect({ ...kit, report: undefined }).toMatchObject({ status: 0 });
    const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(join(own, 'reports/vitest.json'), 'utf8'));
    expect(numPassedTests).toBe(numTotalTests);
    expect(numPassedTests).toBeGreaterThan(10);
    expect(run([tool('typescript/bin/tsc'), '-b'], own)).toEqual({ status: 0, text: '' });
    expect(existsSync(join(own, 'dist/index.js'))).toBe(true);
  });

  it('leaves nothing of the example in it', () => {
    const texts = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'src/index.ts', 'test/conformance.test.ts'].map((file) =>
      readFileSync(join(folder, name, file), 'utf8'),
    );
    expect(texts.filter((text) => text.includes(example) || text.includes('@offhook/example'))).toEqual([]);
    expect(JSON.parse(texts[0] ?? '')).toMatchObject({ name, main: './dist/index.js' });
  });

  it('refuses a folder that is there', () => {
    expect(newPlugin(kind, name, '--dir', name)).toEqual({ status: 2, text: expect.stringContaining('is there already') });
  });
});

describe('npm run new-plugin', () => {
  it.each([
    [['codec', 'x'], '"codec" is no kind of plugin'],
    [['mechanism', 'Quiet Hours'], '"Quiet Hours" is no name for a plugin'],
    [['mechanism'], 'Usage:'],
    [['mechanism', 'a', 'b'], 'Usage:'],
    [['mechanism', 'a', '--to', 'b'], '--to'],
  ])('refuses %j and says why', (args, why) => {
    const before = readdirSync(folder);
    expect(newPlugin(...args)).toEqual({ status: 2, text: expect.stringContaining(why) });
    expect(readdirSync(folder)).toEqual(before);
  });
});
