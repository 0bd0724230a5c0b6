import { describe, expect, it } from 'vitest';
import type { RetrySettings } from './registration.types.ts';
import { retryDelay, shortDelayMs } from './retry.ts';

const settings: RetrySettings = {
  intervalMs: 30_000,
  capMs: 0,
  randomMs: 0,
  longMs: 1_200_000,
  longRandomMs: 0,
  retryRegRsc: '',
};

describe('REGISTER retry delay (redundancy 5.4)', () => {
  it('gives a Retry-After of 0 the delay its code is worth', () => {
    expect(retryDelay(settings, { kind: 'reject', code: 503, retryAfterS: 0 }, 0, 0).by).toBe('long');
    expect(retryDelay(settings, { kind: 'reject', code: 503, retryAfterS: 1 }, 0, 0)).toEqual({
      delayMs: 1_000,
      by: 'retry-after',
    });
  });

  it('RED-60 waits the short interval each time while the cap is 0', () => {
    expect([0, 1, 2, 5].map((n) => shortDelayMs(settings, n, 0))).toEqual([30_000, 30_000, 30_000, 30_000]);
  });

  it('RED-61 doubles up to the cap', () => {
    const capped = { ...settings, capMs: 300_000 };
    expect([0, 1, 2, 3, 4, 5].map((n) => shortDelayMs(capped, n, 0) / 1000)).toEqual([30, 60, 120, 240, 300, 300]);
  });

  it('RED-62 adds at most the random delay on top', () => {
    const jittered = { ...settings, capMs: 300_000, randomMs: 10_000 };
    expect(shortDelayMs(jittered, 1, 0)).toBe(60_000);
    expect(shortDelayMs(jittered, 1, 0.999)).toBeCloseTo(69_990);
  });

  it('RED-63 treats a cap below the interval as the interval', () => {
    expect(shortDelayMs({ ...settings, capMs: 20_000 }, 4, 0)).toBe(30_000);
  });

  it('RED-64 takes the short interval for a code of Retry Reg RSC, RED-65 the long one for any other', () => {
    const rsc = { ...settings, retryRegRsc: '5??' };
    expect(retryDelay(rsc, { kind: 'reject', code: 503 }, 0, 0)).toEqual({ delayMs: 30_000, by: 'short' });
    expect(retryDelay(rsc, { kind: 'reject', code: 403 }, 0, 0)).toEqual({ delayMs: 1_200_000, by: 'long' });
  });

  it('RED-66 takes the long interval for every code while Retry Reg RSC is empty (D-06)', () => {
    expect(retryDelay(settings, { kind: 'reject', code: 503 }, 0, 0).by).toBe('long');
    expect(retryDelay(settings, { kind: 'none' }, 0, 0).by).toBe('short');
  });

  it('RED-67 gives up when the long interval is 0', () => {
    expect(retryDelay({ ...settings, longMs: 0 }, { kind: 'reject', code: 403 }, 0, 0).delayMs).toBeUndefined();
  });

  it('RED-68 obeys Retry-After whatever the templates say', () => {
    const rsc = { ...settings, retryRegRsc: '5??', longMs: 0 };
    expect(retryDelay(rsc, { kind: 'reject', code: 503, retryAfterS: 45 }, 3, 0)).toEqual({ delayMs: 45_000, by: 'retry-after' });
  });

  it('RED-69 adds the long random delay to the long interval', () => {
    const delay = retryDelay({ ...settings, longRandomMs: 60_000 }, { kind: 'reject', code: 403 }, 0, 0.5);
    expect(delay.delayMs).toBe(1_230_000);
  });
});
