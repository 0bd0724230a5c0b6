import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arrowFault } from './arrows.ts';
import { doorFaults, packageOf } from './doors.ts';
import { filesBelow, isTest, readText, readWorkspaces } from './repository.ts';
import { readSourceFacts } from './source-facts.ts';

const workspaces = readWorkspaces();
const folderOf = new Map(workspaces.map(({ folder, manifest }) => [manifest.name, folder]));
const sources = workspaces.flatMap(({ folder }) =>
  filesBelow(folder)
    .filter((file) => /\.(ts|mts|mjs|tsx)$/.test(file) && !file.endsWith('vitest.config.ts'))
    .map((file) => ({ folder, file, facts: readSourceFacts(file, readText(file)) })),
);
const product = sources.filter(({ file }) => !isTest(file));

describe('packages and arrows', () => {
  it('follows the arrows in every import', () => {
    const faults = product.flatMap(({ folder, file, facts }) =>
      facts.imports.flatMap(({ specifier, dynamic, typeOnly }) => {
        const to = folderOf.get(packageOf(specifier));
        const fault = to === undefined ? undefined : arrowFault({ from: folder, to, onDemand: dynamic || typeOnly });
        return fault === undefined ? [] : [`${file}: ${fault}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  it('follows the arrows in every package.json', () => {
    const faults = workspaces.flatMap(({ folder, manifest }) =>
      Object.keys(manifest.dependencies ?? {}).flatMap((name) => {
        const to = folderOf.get(name);
        return (to === undefined ? undefined : arrowFault({ from: folder, to, onDemand: true })) ?? [];
      }),
    );
    expect(faults).toEqual([]);
  });

  it('leaves a workspace only through the public door of another', () => {
    const faults = sources.flatMap(({ folder, file, facts }) =>
      facts.imports
        .filter(({ specifier }) => specifier.startsWith('.') && !join(dirname(file), specifier).startsWith(`${folder}/`))
        .map(({ specifier }) => `${file}: ${specifier}`),
    );
    expect(faults).toEqual([]);
  });

  it('ends every relative import of a source file in .ts', () => {
    const faults = sources
      .filter(({ file }) => file.endsWith('.ts'))
      .flatMap(({ file, facts }) =>
        facts.imports
          .filter(({ specifier }) => /^\.(?!.*\.(ts|json|mjs)$)/.test(specifier))
          .map(({ specifier }) => `${file}: ${specifier}`),
      );
    expect(faults).toEqual([]);
  });

  it('passes every outside thing through its one door', () => {
    const faults = product
      .filter(({ folder }) => !folder.startsWith('examples/') && folder !== 'bench')
      .flatMap(({ file, facts }) => doorFaults(file, facts));
    expect(faults).toEqual([]);
  });
});

describe('files', () => {
  const code = [...sources.map(({ file }) => file), ...filesBelow('scripts').filter((file) => /\.(ts|mjs)$/.test(file))];

  it('have at most 400 lines', () => {
    const long = code.map((file) => ({ file, lines: readText(file).split('\n').length - 1 })).filter(({ lines }) => lines > 400);
    expect(long.map(({ file, lines }) => `${file}: ${lines} lines`)).toEqual([]);
  });

  it('are named in kebab-case after what they know', () => {
    const names = code.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(file.split('/').pop() ?? ''));
    const rooms = code.filter((file) => /(^|\/)(utils?|helpers?|common|manager)(\.|\/)/.test(file));
    expect([...names, ...rooms]).toEqual([]);
  });

  it('keep every example within 60 lines, all its files together', () => {
    const lines = new Map<string, number>();
    for (const { folder, file } of product.filter((each) => each.folder.startsWith('examples/')))
      lines.set(folder, (lines.get(folder) ?? 0) + readText(file).split('\n').length - 1);
    expect(lines.size).toBeGreaterThan(0);
    expect([...lines].filter(([, count]) => count > 60)).toEqual([]);
  });
});
