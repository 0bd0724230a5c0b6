/**
 * True when some run of `work` takes less than `limitMs`. The first one under the limit decides, and there are 5 s for it:
 * only work that is always slow fails. Quadratic time over 64 KB is seconds where linear time is a few milliseconds.
 */
export function isFast(work: () => unknown, limitMs = 50): boolean {
  const beginMs = performance.now();
  for (let startMs = beginMs; startMs - beginMs < 5000; startMs = performance.now()) {
    work();
    if (performance.now() - startMs < limitMs) return true;
  }
  return false;
}

export const size = 65_000;

/** 65 KB of one thing after another. */
export const fill = (unit: string): string => unit.repeat(Math.floor(size / unit.length));
