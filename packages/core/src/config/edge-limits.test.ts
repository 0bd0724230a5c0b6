import { describe, expect, it } from 'vitest';
import { parseRuntimeConfig, readRuntimeConfig } from './read-runtime.ts';

const faults = (edge: object) => readRuntimeConfig({ edge }).findings.map(({ code, path, allowed }) => [code, path, allowed]);

describe('limits of an edge', () => {
  it('are all there without a word, and strangers are dropped', () => {
    expect(parseRuntimeConfig({}).edge).toMatchObject({
      strangers: 'drop',
      trusted: [],
      limits: {
        maxBytes: 65_536,
        ...{ perSourcePerS: 200, perSourceBurst: 400, totalPerS: 2_000, totalBurst: 4_000, perServerPerS: 0, perServerBurst: 0 },
        ...{ maxConnections: 4_096, maxConnectionsPerHost: 1_024, stallS: 32 },
      },
    });
  });

  it('change one by one', () => {
    const { limits } = parseRuntimeConfig({ edge: { limits: { stallS: 5 } } }).edge;
    expect(limits).toMatchObject({ stallS: 5, maxConnections: 4_096 });
  });

  it.each([
    [{ strangers: 'answer' }, 'edge.strangers'],
    [{ trusted: ['pbx.example'] }, 'edge.trusted[0]'],
    [{ trusted: ['10.0.0.0/8', '10.0.0.0/33'] }, 'edge.trusted[1]'],
    [{ limits: { maxBytes: 100 } }, 'edge.limits.maxBytes'],
    [{ limits: { maxBytes: 100_000 } }, 'edge.limits.maxBytes'],
    [{ limits: { stallS: 0 } }, 'edge.limits.stallS'],
    [{ limits: { perSourcePerS: 0 } }, 'edge.limits.perSourcePerS'],
    [{ limits: { maxConnections: 1.5 } }, 'edge.limits.maxConnections'],
  ])('%j is refused at its place', (edge, path) => {
    expect(faults(edge)).toMatchObject([['value.invalid', path, expect.stringMatching(/./)]]);
  });

  it('that are unknown are refused with a likely name', () => {
    expect(readRuntimeConfig({ edge: { limits: { stalS: 5 } } }).findings).toMatchObject([
      { code: 'key.unknown', path: 'edge.limits.stalS', remedy: expect.stringContaining('stallS') },
    ]);
  });
});
