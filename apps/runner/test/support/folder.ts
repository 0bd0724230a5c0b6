import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a test's own, below the one for temporary files. */
export interface Folder {
  readonly path: string;
  /** Path of a file in it. */
  at(name: string): string;
  /** Writes a file and gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'oh-'));
  const at = (name: string): string => join(path, name);
  return {
    path,
    at,
    write(name, text) {
      writeFileSync(at(name), text);
      return at(name);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
