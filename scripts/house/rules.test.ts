import { describe, expect, it } from 'vitest';
import { arrowFault } from './arrows.ts';
import { doorFaults } from './doors.ts';
import { type Lock, licenceFaults, lockFaults, loosePins, missingOptionals, referenceFaults } from './manifests.ts';
import { readSourceFacts } from './source-facts.ts';

/** Each rule of the house is shown to fail on what breaks it. */

const arrow = (from: string, to: string, onDemand = false): string | undefined => arrowFault({ from, to, onDemand });
const doors = (file: string, text: string): readonly string[] => doorFaults(file, readSourceFacts(file, text));

describe('arrows', () => {
  it.each([
    ['packages/core', 'packages/sip', 'core imports nothing of ours'],
    ['packages/sip', 'packages/edge', 'sip imports core alone'],
    ['packages/edge', 'packages/transport-udp', 'a part imports core and sip'],
    ['packages/line-actor', 'packages/edge', 'a part imports core and sip'],
    ['packages/line-actor', 'packages/bus-nats', 'a part imports core and sip'],
    ['packages/line-actor', 'packages/plugin-broadsoft', 'a part imports core and sip'],
    ['packages/line-actor', 'packages/runtime', 'a part imports core and sip'],
    ['packages/plugin-dns-srv', 'packages/plugin-broadsoft', 'never another plugin'],
    ['packages/runtime', 'packages/lab', 'only apps/runner may use lab'],
    ['packages/lab', 'apps/runner', 'nothing imports an app'],
    ['packages/runtime', 'apps/runner', 'nothing imports an app'],
    ['apps/runner', 'packages/lab', 'only by import() on demand'],
  ])('refuse %s → %s', (from, to, rule) => {
    expect(arrow(from, to)).toContain(rule);
  });

  it.each([
    ['packages/sip', 'packages/core'],
    ['packages/transport-tcp', 'packages/sip'],
    ['packages/runtime', 'packages/line-actor'],
    ['packages/lab', 'packages/runtime'],
    ['apps/runner', 'packages/bus-nats'],
  ])('allow %s → %s', (from, to) => {
    expect(arrow(from, to)).toBeUndefined();
  });

  it('allow the runner to load lab on demand, and nobody else', () => {
    expect(arrow('apps/runner', 'packages/lab', true)).toBeUndefined();
    expect(arrow('packages/runtime', 'packages/lab', true)).toContain('only apps/runner may use lab');
  });
});

describe('doors', () => {
  it.each([
    ['packages/edge/src/edge.ts', `import { createSocket } from 'node:dgram';`],
    ['packages/sip/src/codec/parse.ts', `export { Grammar } from 'sip.js/lib/core/index.js';`],
    ['packages/runtime/src/runtime.ts', `type Actor = import('xstate').AnyActor;`],
    ['packages/line-actor/src/retry.ts', 'const atMs = Date.now();'],
    ['packages/line-actor/src/retry.ts', 'globalThis.setTimeout(fire, 100);'],
    ['packages/sip/src/transaction/layer.ts', 'export const arm = { setTimeout };'],
    ['packages/edge/src/limits.ts', 'const roll = Math.random();'],
    ['packages/runtime/src/supervisor.ts', 'const started = new Date();'],
    ['packages/provisioning/src/yaml.ts', 'const home = process.env.HOME;'],
    ['packages/core/src/policy/registry.ts', `import left from 'left-pad';`],
    ['packages/runtime/src/supervisor.ts', 'export const load = (name: string) => import(name);'],
    ['apps/runner/src/config-file.ts', `import { createRequire } from 'node:module';`],
  ])('stop %s at %s', (file, text) => {
    expect(doors(file, text)).toHaveLength(1);
  });

  it('let each thing through where it belongs', () => {
    expect(doors('packages/transport-udp/src/udp.ts', `import { createSocket } from 'node:dgram';`)).toEqual([]);
    expect(
      doors('packages/core/src/system-ambient.ts', 'export const now = (): number => performance.now() + Date.now();'),
    ).toEqual([]);
  });

  it('see neither comments nor strings nor names of members', () => {
    const text = `// Date.now()\nconst a = 'setTimeout'; host.setTimeout(a); const b = { process: 1 }; interface C { console: string }`;
    expect(doors('packages/edge/src/edge.ts', text)).toEqual([]);
  });
});

describe('manifests', () => {
  it('refuse a version that could move', () => {
    const dependencies = { a: '^1.0.0', b: '1.0.0', c: 'npm:@scope/c@3.4.0', d: '*', e: 'latest' };
    expect(loosePins({ name: 'x', dependencies })).toHaveLength(3);
  });

  it('refuse a lock file that is behind a package.json', () => {
    const lock: Lock = { packages: { 'packages/x': { dependencies: { a: '1.0.0' } } } };
    expect(lockFaults(lock, 'packages/x', { name: 'x', dependencies: { a: '1.0.0' } })).toEqual([]);
    expect(lockFaults(lock, 'packages/x', { name: 'x', dependencies: { a: '1.0.1' } })).toHaveLength(1);
    expect(lockFaults(lock, 'packages/y', { name: 'y' })).toHaveLength(1);
  });

  it('refuse a lock file that lost the package of a platform', () => {
    const tool = { optionalDependencies: { '@tool/linux': '1.0.0', '@tool/darwin': '1.0.0' } };
    const lock: Lock = { packages: { 'node_modules/tool': tool, 'node_modules/@tool/linux': {} } };
    expect(missingOptionals(lock)).toEqual(['node_modules/tool: @tool/darwin has no entry']);
    const nested: Lock = { packages: { ...lock.packages, 'node_modules/tool/node_modules/@tool/darwin': {} } };
    expect(missingOptionals(nested)).toEqual([]);
  });

  it('refuse a licence that is not for what we ship', () => {
    const lock: Lock = {
      packages: {
        'node_modules/a': { license: 'GPL-2.0' },
        'node_modules/b': { license: 'MPL-2.0', dev: true },
        'node_modules/c': { license: 'MPL-2.0' },
      },
    };
    expect(licenceFaults(lock)).toEqual(['node_modules/a: GPL-2.0', 'node_modules/c: MPL-2.0']);
  });

  it('refuse project references that differ from the dependencies', () => {
    const folderOf = new Map([['@offhook/core', 'packages/core']]);
    const manifest = { name: 'x', dependencies: { '@offhook/core': '0.1.0' } };
    expect(referenceFaults({ folder: 'packages/x', manifest, references: [] }, folderOf)).toHaveLength(1);
    expect(
      referenceFaults({ folder: 'packages/x', manifest, references: ['packages/core', 'packages/sip'] }, folderOf),
    ).toHaveLength(1);
    expect(referenceFaults({ folder: 'packages/x', manifest, references: ['packages/core'] }, folderOf)).toEqual([]);
    const plugin = { name: 'y', peerDependencies: { '@offhook/core': '^0.1.0' } };
    expect(referenceFaults({ folder: 'packages/y', manifest: plugin, references: ['packages/core'] }, folderOf)).toEqual([]);
  });
});
