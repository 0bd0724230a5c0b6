import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../bootstrap.mjs';

/** Runs a tool of node_modules; an empty text means that it found nothing. */
function complaints(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? '' : `${stdout}${stderr}`.trim() || `exit ${status}`;
}

describe('tools', () => {
  it('compile every workspace', () => {
    expect(complaints('typescript/bin/tsc', '-b')).toBe('');
  });

  it('type-check every test and script', () => {
    expect(complaints('typescript/bin/tsc', '-p', 'tsconfig.test.json')).toBe('');
  });

  it('find every file formatted and free of lint', () => {
    expect(complaints('@biomejs/biome/bin/biome', 'ci', '--colors=off', '--max-diagnostics=60')).toBe('');
  });

  it('find no unused file, export or dependency', () => {
    expect(complaints('knip/bin/knip.js', '--no-progress')).toBe('');
  });
});
