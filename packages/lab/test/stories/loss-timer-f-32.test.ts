import { describe, expect, test } from 'vitest';
import { registerSite, registrations, seeds } from './lossy-registrations.ts';

/* Eleven transmissions, each lost or its answer lost with 19 %: a transaction fails once in a hundred million. */

/** Every fifth site has to authenticate: that makes two transactions of each registration. */
const isChallenged = (seed: number): boolean => seed % 5 === 0;

describe('10 % loss both ways, Timer F 32 s', () => {
  test.each(seeds)(
    'no REGISTER transaction of 2,000 registrations fails (seed %s)',
    async (seed) => {
      const site = await registerSite(
        { seed, phone: { sipTimerF: 32 }, registrars: { registerAuth: isChallenged(seed) } },
        0.1,
        40,
      );
      expect(site.lossRate).toBeGreaterThan(0.09);
      expect(site.lossRate).toBeLessThan(0.11);
      expect([...site.failures]).toEqual([]);
      expect(site.registeredAtS.size).toBe(registrations);
      expect(site.transactions).toBe((isChallenged(seed) ? 2 : 1) * registrations);
    },
    60_000,
  );
});
