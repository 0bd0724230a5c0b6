import { describe, expect, it } from 'vitest';
import { readRuntimeConfig } from './read-runtime.ts';

describe('takeover', () => {
  it('has times by which a dead host is shut out only after its lease has ended', () => {
    expect(readRuntimeConfig({}).config?.takeover).toEqual({
      heartbeatMs: 1_500,
      leaseMs: 4_500,
      fenceMs: 7_000,
      releasePerS: 100,
      registersPerS: 300,
    });
  });

  it.each([
    { heartbeatMs: 300, leaseMs: 900, fenceMs: 1_699 },
    { heartbeatMs: 300, leaseMs: 599, fenceMs: 7_000 },
  ])('refuses %j: two hosts could act for one line', (takeover) => {
    const { config, findings } = readRuntimeConfig({ takeover });
    expect(config).toBeUndefined();
    expect(findings).toEqual([expect.objectContaining({ severity: 'error', path: 'takeover' })]);
    expect(findings[0]?.allowed).toContain('fenceMs of at least leaseMs + heartbeatMs + 500');
  });

  it('takes the fast setting', () => {
    const takeover = { heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 };
    expect(readRuntimeConfig({ takeover }).config?.takeover).toMatchObject(takeover);
  });
});
