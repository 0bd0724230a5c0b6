import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusterFigures, clusterText, linesPerCore } from '../src/cluster/figures.ts';
import { clusterSvg } from '../src/cluster/picture.ts';
import { findNatsServer } from '../src/cluster/processes.ts';
import { run } from './run.ts';

let folder: string;

const bench = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(new URL('../dist/cluster/main.js', import.meta.url), args, { TMPDIR: folder, ...env });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Skipped by name without a nats-server, failing when peers are required. */
const mayRun = findNatsServer() !== undefined || process.env.OFFHOOK_PEERS === 'required';

describe.skipIf(!mayRun)('npm run bench -- cluster (skipped without nats-server)', () => {
  it('measures a cluster of one host in its short form, and leaves figures, a picture and nothing else', {
    timeout: 120_000,
  }, async () => {
    const { code, out, errors } = await bench(['--short', '--json', '--out', join(folder, 'reports')]);
    expect(errors).not.toContain('Error');
    expect(code).toBe(0);
    const figures = JSON.parse(out) as ClusterFigures;
    expect(figures).toMatchObject({ edges: 1, hosts: 1, movements: [] });
    expect(figures.lines.map(({ lines }) => lines)).toEqual([20]);
    for (const { overNats, inProcess } of figures.lines) {
      // Both legs of 20 lines in one refresh interval; those at its edges may fall out of it.
      for (const { perSecond } of [overNats.full, overNats.cached, inProcess.full, inProcess.cached])
        expect(perSecond).toBeGreaterThan(10);
      expect(overNats.full.hostUs).toBeGreaterThan(0);
    }
    for (const { toLine, toEdge } of [figures.talk.overNats, figures.talk.inProcess])
      for (const { perSecond, latencyMs } of [toLine, toEdge]) {
        expect(perSecond).toBeGreaterThan(0);
        expect(latencyMs.p50).toBeGreaterThan(0);
      }
    expect(JSON.parse(await readFile(join(folder, 'reports', 'cluster.json'), 'utf8'))).toEqual(figures);
    expect(await readFile(join(folder, 'reports', 'cluster.svg'), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(await readdir(folder)).toEqual(['reports']);
  });
});

describe('npm run bench -- cluster', () => {
  it('says what it needs where there is no nats-server', async () => {
    const { code, errors } = await bench([], { NATS_SERVER_BIN: join(folder, 'none') });
    expect(code).toBe(3);
    expect(errors).toMatch(/Install the package nats-server|Linux alone/);
  });

  it('works out how many lines a core carries: a dual line refreshes two registrations each half of what was granted', () => {
    expect(linesPerCore(500, 3_600)).toBe(1_800_000);
    expect(linesPerCore(1_000, 60)).toBe(15_000);
  });

  it('tells and draws each movement beside what it cost', () => {
    const spread = { p50: 1_000, p99: 2_000, max: 3_000 };
    const split = { hostUs: 300, edgeUs: 200, natsServerUs: 100, sinkUs: 50, perSecond: 100 };
    const alone = { phoneUs: 200, sinkUs: 50, perSecond: 100 };
    const way = { bytes: 480, perSecond: 1_000, perCpuSecond: 2_000, latencyMs: spread };
    const handover = { slots: 341, settledMs: 4_000, ownerlessMs: spread, gapMs: spread, sampled: 100, registers: 0 };
    const text = clusterText(figuresOf());
    for (const words of ['3.00 x one process in this run (200.0 µs', 'declared dead, ms', '1,000 / 2,000 / 3,000', 'timing fast'])
      expect(text).toContain(words);
    const picture = clusterSvg(figuresOf());
    for (const words of ['600 µs', 'fast, 100 lines', '3.00 s', '1,000 / 2,000 ms']) expect(picture).toContain(words);

    function figuresOf(): ClusterFigures {
      return {
        machine: { cpus: 2, model: 'a model', node: '20' },
        ...{ edges: 2, hosts: 3, idle: { host: 0.01, edge: 0.01, natsServer: 0.01 } },
        lines: [
          {
            lines: 300,
            overNats: { full: split, cached: split },
            inProcess: { full: alone, cached: alone },
            ...{ hostRssKbPerLine: 30, edgeRssKbPerLine: 3 },
          },
        ],
        talk: { overNats: { toLine: way, toEdge: way }, inProcess: { toLine: way, toEdge: way } },
        movements: [
          {
            ...{ timing: 'fast', heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 },
            takeover: {
              ...{ lines: 100, slots: 341, deadMs: 1_000, ownedMs: spread, answeredMs: spread, answered: 100 },
              ...{ claimMsPer1000: 100, registers: 0 },
            },
            rejoin: handover,
            drain: handover,
          },
        ],
      };
    }
  });
});
