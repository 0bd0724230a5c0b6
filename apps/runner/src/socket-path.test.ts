import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultSocketPath, folderFault, knownClusters, prepareFolder } from './socket-path.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oh-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the default socket', () => {
  it('is in the runtime folder of the user, one for each cluster', () => {
    expect(defaultSocketPath('lab', { XDG_RUNTIME_DIR: folder })).toBe(join(folder, 'offhook-lab.sock'));
  });

  it.each(['', 'relative', '/no/such/folder'])('is in a folder of the user where the runtime folder is "%s"', (given) => {
    expect(defaultSocketPath('lab', { XDG_RUNTIME_DIR: given })).toBe(
      join(tmpdir(), `offhook-${process.getuid?.() ?? 0}`, 'offhook-lab.sock'),
    );
  });

  it('is found by the name of its cluster', () => {
    for (const name of ['offhook-b.sock', 'offhook-a.sock', 'other.sock', 'offhook-c.txt']) writeFileSync(join(folder, name), '');
    expect(knownClusters({ XDG_RUNTIME_DIR: folder })).toEqual(['a', 'b']);
    expect(knownClusters({ XDG_RUNTIME_DIR: join(folder, 'none') })).toEqual(expect.any(Array));
  });
});

describe('the folder of a socket', () => {
  it('is made for its owner alone, with the folders above it', () => {
    prepareFolder(join(folder, 'a/b/c.sock'));
    expect(['a', 'a/b'].map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  it.each([
    [0o700, undefined],
    [0o755, undefined],
    [0o775, 'can be written by others (mode 775)'],
    [0o777, 'can be written by others (mode 777)'],
  ])('of mode %o is trusted or not: %s', (mode, fault) => {
    mkdirSync(join(folder, 'x'));
    chmodSync(join(folder, 'x'), mode);
    expect(folderFault(join(folder, 'x'))).toBe(fault);
  });

  it('is not trusted as a link or a file', () => {
    mkdirSync(join(folder, 'real'), { mode: 0o700 });
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    writeFileSync(join(folder, 'file'), '');
    expect(folderFault(join(folder, 'link'))).toBe('is a symbolic link');
    expect(folderFault(join(folder, 'file'))).toBe('is no folder');
    expect(folderFault(join(folder, 'missing'))).toBeUndefined();
    expect(() => prepareFolder(join(folder, 'link/c.sock'))).toThrow(expect.objectContaining({ code: 'E_TRANSPORT_BIND' }));
  });
});
