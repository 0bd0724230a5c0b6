import { describe, expect, it } from 'vitest';
import { type ClusterTiming, defaultTiming, fastTiming, timingFindings } from './timing.ts';

const faults = (changed: Partial<ClusterTiming>): string[] =>
  timingFindings({ ...defaultTiming, ...changed }).map(({ path, allowed }) => `${path}: ${allowed}`);

describe('the timing of a cluster', () => {
  it('is sound as it comes', () => {
    expect([...timingFindings(defaultTiming), ...timingFindings(fastTiming)]).toEqual([]);
  });

  it('fences only who must have stopped: FENCE >= LEASE + HB + 500 ms', () => {
    expect(faults({ fenceMs: 6_500 })).toHaveLength(1);
    expect(faults({ fenceMs: 6_750 })).toEqual([]);
    expect(faults({ heartbeatMs: 2_000, fenceMs: 6_999 })[0]).toMatch(/^cluster\.fenceMs: at least 7000 /);
  });

  it('allows for a suspension that is too short to be noticed: FENCE >= 1.5 LEASE', () => {
    expect(faults({ leaseMs: 6_000, fenceMs: 8_999 })[0]).toMatch(/^cluster\.fenceMs: at least 9000 /);
    expect(faults({ leaseMs: 6_000, fenceMs: 9_000 })).toEqual([]);
  });

  it('outlives a lost heartbeat: LEASE >= 2 HB', () => {
    expect(faults({ heartbeatMs: 2_500, fenceMs: 9_000 })[0]).toMatch(/^cluster\.leaseMs: at least 5000 /);
  });

  it('can move slots at all', () => {
    expect(faults({ releasePerS: 0, claimsAtOnce: 0, heartbeatMs: 0 })).toHaveLength(3);
  });
});
