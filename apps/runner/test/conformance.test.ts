import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines } from './support/offhook.ts';

let folder: Folder;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => folder.remove());

const wrong = `section: 9.2 Failover
vectors:
  - id: RED-30
    title: a server that is silent
    source: TMR68
    lines: [{ userId: "1", password: x, proxy: 10.0.0.1 }]
    script: [{ at: 0, server: S1, is: silent }]
    until: 5
    expect: [{ sent: REGISTER, are: [[S1, 0], [S1, 1]] }]
`;

describe('offhook conformance', () => {
  it('plays the vectors that are named, each with its source', async () => {
    const { code, out, err } = await command(['conformance', 'RED-30', 'RED-82', 'RED-100']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/RED-30 +passed +INVITE to a silent S1 .*\[TMR68, SEED/);
    expect(out).toMatch(/RED-82 +passed .*16\.0/);
    expect(out).toContain('3 vectors: ');
  });

  it('prints one document with --json', async () => {
    const { out } = await command(['conformance', 'RED-74', '--json']);
    expect(jsonLines(out)).toEqual([
      {
        total: 1,
        passed: 1,
        failed: 0,
        vectors: [expect.objectContaining({ id: 'RED-74', result: 'passed', source: 'AG12, D-37' })],
      },
    ]);
  });

  it('exits 1 when one fails, and says what was expected and what was seen', async () => {
    folder.write('wrong.yaml', wrong);
    const { code, out } = await command(['conformance', '--vectors', folder.path]);
    expect(code).toBe(1);
    expect(out).toContain('REGISTER sent (to at): expected [S1 0] [S1 1], seen [S1 0] [S1 0.5] [S1 1.5] [S1 3.5]');
    expect(out).toContain('1 vectors: 0 passed, 1 failed');
  });

  it('exits 2 for a vector that nobody has, and for a folder without any', async () => {
    const unknown = await command(['conformance', 'RED-999']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('There is no vector RED-999')]);
    const empty = await command(['conformance', '--vectors', '/nowhere']);
    expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('There are no vectors in /nowhere')]);
  });
});
