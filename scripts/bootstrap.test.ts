import { describe, expect, it } from 'vitest';
import { missingPackages, nodeFault } from './bootstrap.mjs';
import { startArguments } from './start-arguments.mjs';

describe('bootstrap', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '24.21.0', '26.10.0'])('accepts Node %s', (version) => {
    expect(nodeFault(version)).toBeUndefined();
  });

  it.each(['12.22.12', '18.20.8', '20.18.9', '19.99.99'])('refuses Node %s and says which one it needs', (version) => {
    expect(nodeFault(version)).toContain(`needs Node 20.19.0 or newer; this is Node ${version}`);
  });

  const wanted = {
    packages: {
      '': { version: '0.1.0' },
      'packages/core': { version: '0.1.0' },
      'node_modules/@offhook/core': { resolved: 'packages/core', link: true },
      'node_modules/zod': { version: '4.6.7', integrity: 'sha512-a' },
      'node_modules/@tool/darwin': { version: '1.0.0', optional: true },
    },
  };
  const present = (zod: object): object => ({
    packages: { 'node_modules/@offhook/core': { resolved: 'packages/core', link: true }, 'node_modules/zod': zod },
  });

  it('installs when there is no node_modules', () => {
    expect(missingPackages(wanted, undefined)).toEqual(['node_modules/@offhook/core', 'node_modules/zod']);
  });

  it('installs when a version moved', () => {
    expect(missingPackages(wanted, present({ version: '4.6.6', integrity: 'sha512-b' }))).toEqual(['node_modules/zod']);
  });

  it('installs nothing when all is there, whatever other platforms need', () => {
    expect(missingPackages(wanted, present({ version: '4.6.7', integrity: 'sha512-a' }))).toEqual([]);
  });
});

describe('npm start', () => {
  it.each([
    [[], ['demo']],
    [
      ['--once', '--json'],
      ['demo', '--once', '--json'],
    ],
    [
      ['check', 'phone.yaml', '--json'],
      ['check', 'phone.yaml', '--json'],
    ],
    [['--help'], ['--help']],
    [['--version'], ['--version']],
  ])('turns %j into offhook %j', (given, expected) => {
    expect(startArguments(given)).toEqual(expected);
  });
});
