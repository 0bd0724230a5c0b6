import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../src/bus/memory-bus.ts';
import type { Bus } from '../src/contracts/bus.ts';
import { type BusSubject, busKit, busMutants, createManualAmbient, runCase, runKit } from '../src/testkit/index.ts';

const open =
  (copy: boolean, wrap: (good: Bus) => Bus = (good) => good) =>
  async (): Promise<BusSubject> => {
    const ambient = createManualAmbient();
    const good = createMemoryBus({ ambient, copy });
    const close = async () => {
      void good.drain();
      await ambient.settle();
      expect([ambient.timers, ambient.deferred]).toEqual([0, 0]);
    };
    return { bus: wrap(good), settle: ambient.settle, elapse: ambient.elapse, now: ambient.now, close };
  };

describe('memory bus', () => runKit(busKit, it, open(false)));
describe('memory bus that copies', () => runKit(busKit, it, open(true)));

describe('the bus kit', () => {
  it('has a mutant for every case and a case for every mutant', () => {
    expect(Object.keys(busMutants).sort()).toEqual(busKit.map(({ name }) => name).sort());
  });

  const passes = (one: (typeof busKit)[number], wrap: (good: Bus) => Bus): Promise<boolean> =>
    runCase(one, open(false, wrap)).then(
      () => true,
      () => false,
    );

  for (const one of busKit) {
    const wrap = busMutants[one.name] as (good: Bus) => Bus;
    it(`catches what breaks: ${one.name}`, async () => {
      expect(await passes(one, wrap)).toBe(false);
      // The mutant broke that rule, not the bus.
      const others = await Promise.all(busKit.map((other) => passes(other, wrap)));
      expect(others.filter(Boolean).length).toBeGreaterThan(busKit.length / 2);
    });
  }
});
