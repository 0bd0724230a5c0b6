import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Figures, figuresText } from '../src/figures.ts';
import { run } from './run.ts';

let folder: string;

const bench = (args: readonly string[]) => run(new URL('../dist/main.js', import.meta.url), args);

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
    const anyNumber = expect.any(Number);
    const baresip = { registrationUs: anyNumber, optionsUs: anyNumber, rssKbPerLine: anyNumber };
    // It may be missing, and wants a network beyond loopback.
    expect(process.env.OFFHOOK_PEERS === 'required' ? [baresip] : [baresip, undefined]).toContainEqual(figures.peers.baresip);
    expect(JSON.parse(await readFile(join(folder, 'bench.json'), 'utf8'))).toEqual(figures);
    expect(await readFile(join(folder, 'lines.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('puts each figure beside those of the peers, and says where one has none', () => {
    const delayMs = { p50: 0, p99: 1, max: 2 };
    const cold = {
      lines: 1_000,
      coldS: 2,
      cpuUsPerRegistration: 300,
      heapKbPerLine: 20,
      allocatedKbPerRegistration: 50,
      delayMs,
    };
    const figures: Figures = {
      machine: { cpus: 2, model: 'a model', node: '20' },
      codec: {},
      charts: { actorsUsPerEvent: 1, pooledUsPerEvent: 1 },
      bus: { perSecond: 1 },
      growth: [{ ...cold, rssKbPerLine: 30 }],
      steady: { fullUs: 180, cachedUs: 90, perSecond: 100, delayMs },
      calls: undefined,
      options: { cpuUs: 60, answered: 1, of: 1 },
      peers: {
        sippRegistrationUs: undefined,
        sippCallUs: undefined,
        baresip: { registrationUs: 90, optionsUs: 120, rssKbPerLine: 15 },
      },
    };
    const table = figuresText(figures);
    expect(table).toContain('(no figure of SIPp: not installed, or it failed)');
    for (const ratio of [
      '2.00 x baresip in this run (90.0 µs)',
      '0.50 x baresip in this run (120.0 µs)',
      '2.00 x baresip in this run (15.0 KB)',
    ])
      expect(table).toContain(ratio);
    expect(figuresText({ ...figures, peers: { ...figures.peers, baresip: undefined } })).toContain('(no figure of baresip:');
  });

  it('says which numbers of lines it takes', async () => {
    const { code, errors } = await bench(['--lines', 'many']);
    expect(code).toBe(2);
    expect(errors).toContain('--lines many: expected numbers of dual lines such as 1000,10000.');
  });
});
