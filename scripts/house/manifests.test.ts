import { describe, expect, it } from 'vitest';
import {
  type Lock,
  licenceFaults,
  lockFaults,
  loosePins,
  missingOptionals,
  referenceFaults,
  runtimeClosure,
} from './manifests.ts';
import { type Manifest, readJson, readWorkspaces } from './repository.ts';

const workspaces = readWorkspaces();
const house = readJson<Manifest>('package.json');
const lock = readJson<Lock>('package-lock.json');

describe('package.json of every workspace', () => {
  it('pins every dependency exactly', () => {
    expect([house, ...workspaces.map(({ manifest }) => manifest)].flatMap(loosePins)).toEqual([]);
  });

  it('has a test script that runs vitest', () => {
    const without = workspaces.filter(({ manifest }) => manifest.scripts?.test !== 'vitest run');
    expect(without.map(({ folder }) => folder)).toEqual([]);
  });

  it('names the siblings that its tsconfig.json refers to', () => {
    const folderOf = new Map(workspaces.map(({ folder, manifest }) => [manifest.name, folder]));
    expect(workspaces.flatMap((workspace) => referenceFaults(workspace, folderOf))).toEqual([]);
  });
});

/* A phone inside another program speaks to nobody but SIP servers; only the command line and clusters know NATS. */
describe('what a runtime needs', () => {
  const usesNats = (path: string): boolean => /(^|\/)(nats|@nats-io\/[^/]+|bus-nats)$/.test(path);
  const closure = (folder: string): readonly string[] => runtimeClosure(lock, folder);

  it.each(['packages/runtime', 'packages/line-store', 'packages/provisioning', 'packages/cluster', 'examples/one-line'])(
    '%s comes without NATS',
    (folder) => {
      expect(closure(folder)).toContain('packages/core');
      expect(closure(folder).filter(usesNats)).toEqual([]);
    },
  );

  it('and the runner with it', () => {
    const used = closure('apps/runner').filter(usesNats);
    expect(used).toEqual(expect.arrayContaining(['node_modules/nats', 'packages/bus-nats']));
  });
});

describe('package-lock.json', () => {
  it('repeats every package.json', () => {
    const faults = workspaces.flatMap(({ folder, manifest }) => lockFaults(lock, folder, manifest));
    expect([...lockFaults(lock, '', house), ...faults]).toEqual([]);
  });

  it('has every optional package of every platform', () => {
    expect(missingOptionals(lock)).toEqual([]);
  });

  it('holds only licences that the project can live with', () => {
    expect(licenceFaults(lock)).toEqual([]);
  });
});
