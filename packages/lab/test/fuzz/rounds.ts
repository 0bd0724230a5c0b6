/**
 * How much is fuzzed. OFFHOOK_FUZZ multiplies it (50: a night's worth of messages in some minutes), OFFHOOK_FUZZ_SEED chooses what.
 */
const factor = Number(process.env.OFFHOOK_FUZZ ?? 1);
export const fuzzSeed = process.env.OFFHOOK_FUZZ_SEED ?? 'offhook';
export const times = (count: number): number => Math.ceil(count * (factor > 0 ? factor : 1));

export interface Timing {
  readonly ms: number;
  readonly n: number;
}

/** The dearest of many; one that looks dear is measured again, since the machine may have been busy with something else. */
export function createStopwatch() {
  let worst: Timing = { ms: 0, n: -1 };
  return {
    get worst() {
      return worst;
    },
    run(n: number, work: () => void): void {
      let ms = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 5 && ms > worst.ms; attempt++) {
        const startMs = performance.now();
        work();
        ms = Math.min(ms, performance.now() - startMs);
      }
      if (ms > worst.ms) worst = { ms, n };
    },
  };
}
