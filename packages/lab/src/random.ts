/** A seeded generator: uniform in [0, 1), 32 bits of resolution. */
export type Random = () => number;

/** Spreads a seed of any length over 32-bit words (FNV-1a with a final mix), so that near seeds start far apart. */
function spread(seed: string): () => number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    hash = (hash + 0x9e3779b9) | 0;
    let word = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
}

/**
 * Small fast counting generator (sfc32): period of at least 2^32, passes the usual statistical batteries; not for secrets.
 * @source Chris Doty-Humphrey, PractRand: sfc
 */
export function createRandom(seed: string | number): Random {
  const next = spread(String(seed));
  let a = next();
  let b = next();
  let c = next();
  let counter = 1;
  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) draw();
  return () => draw() / 0x1_0000_0000;
}
