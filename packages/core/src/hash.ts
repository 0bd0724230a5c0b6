export const fnvBasis = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** FNV-1a, 32 bits, from a chosen offset basis and with a chosen multiplier. */
export function fnv1a(text: string, basis: number, multiplier: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), multiplier);
  return hash >>> 0;
}

/** FNV-1a as it is published: the same on every machine and in every release. */
export const hashText = (text: string): number => fnv1a(text, fnvBasis, fnvPrime);

/** Spreads each bit over all 32 (the finalizer of MurmurHash3). */
export function spreadBits(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
