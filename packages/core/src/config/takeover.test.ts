import { describe, expect, it } from 'vitest';
import { readRuntimeConfig } from './read-runtime.ts';

describe('takeover', () => {
  it('has times by which a dead host is shut out only after its lease has ended', () => {
    expect(readRuntimeConfig({}).config?.takeover).toEqual({
      heartbeatMs: 1_000,
      leaseMs: 3_000,
      fenceMs: 5_000,
      releasePerS: 100,
      registersPerS: 300,
    });
  });

  it.each([
    { heartbeatMs: 300, leaseMs: 900, fenceMs: 1_699 },
    { heartbeatMs: 300, leaseMs: 599, fenceMs: 7_000 },
    { heartbeatMs: 300, leaseMs: 3_000, fenceMs: 4_499 },
  ])('refuses %j: two hosts could act for one line', (takeover) => {
    const { config, findings } = readRuntimeConfig({ takeover });
    expect(config).toBeUndefined();
    expect(findings).toEqual([expect.objectContaining({ severity: 'error', path: 'takeover' })]);
    expect(findings[0]?.allowed).toContain('fenceMs of at least leaseMs + heartbeatMs + 500 and one and a half leases');
  });

  it('takes the fast setting', () => {
    const takeover = { heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 };
    expect(readRuntimeConfig({ takeover }).config?.takeover).toMatchObject(takeover);
  });
});
