import { effectiveExpiryS, refreshDelayMs } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { raisedExpiryS } from './expiry.ts';

describe('expiry and refresh (redundancy 5.5)', () => {
  const limits = { minExpiresS: 60, maxExpiresS: 7200 };

  it('RED-72, RED-73 clamps what was granted', () => {
    expect(effectiveExpiryS(20, limits)).toBe(60);
    expect(effectiveExpiryS(100_000, limits)).toBe(7200);
    expect(effectiveExpiryS(600, limits)).toBe(600);
  });

  it('RED-74 refreshes at (E - F) * 0.78, or half of a short lifetime (D-37)', () => {
    expect(refreshDelayMs(600_000, 16_000)).toBeCloseTo(455_520);
    expect(refreshDelayMs(60_000, 16_000)).toBeCloseTo(34_320);
    expect(refreshDelayMs(30_000, 16_000)).toBe(15_000);
    expect(refreshDelayMs(32_000, 16_000)).toBe(16_000);
  });

  it('RED-70, RED-71 asks for what a 423 wants, at most Reg Max Expires', () => {
    expect(raisedExpiryS(7000, 3600, 7200)).toBe(7000);
    expect(raisedExpiryS(10_000, 3600, 7200)).toBe(7200);
    expect(raisedExpiryS(60, 3600, 7200)).toBe(3600);
  });
});
