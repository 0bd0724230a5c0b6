import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Figures } from '../src/figures.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let folder: string;

function bench(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly out: string; readonly errors: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, errors })));
}

describe('npm run bench', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('measures every part in its short form and leaves figures and a picture', { timeout: 120_000 }, async () => {
    const { code, out, errors } = await bench(['--short', '--json', '--out', folder]);
    expect(errors).not.toContain('Error');
    expect(code).toBe(0);
    const figures = JSON.parse(out) as Figures;
    expect(figures.growth.map(({ lines }) => lines)).toEqual([20]);
    expect(figures.steady?.fullUs).toBeGreaterThan(0);
    expect(figures.calls).toMatchObject({ up: 10, of: 10 });
    expect(figures.options).toMatchObject({ answered: 50, of: 50 });
    expect(Object.values(figures.codec).every((perSecond) => perSecond > 0)).toBe(true);
    expect(JSON.parse(await readFile(join(folder, 'bench.json'), 'utf8'))).toEqual(figures);
    expect(await readFile(join(folder, 'lines.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('says which numbers of lines it takes', async () => {
    const { code, errors } = await bench(['--lines', 'many']);
    expect(code).toBe(2);
    expect(errors).toContain('--lines many: expected numbers of dual lines such as 1000,10000.');
  });
});
