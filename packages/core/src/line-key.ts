/** Stands for a line in Via branches, Contact parameters and bus subjects: lowercase base32, case never matters. */
export type LineKey = string & { readonly __lineKey: unique symbol };

export const slotCount = 1024;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** FNV-1a, 32 bits, from a chosen offset basis. */
function fnv1a(text: string, basis: number): number {
  let hash = basis >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}

/** Deterministic key of a line id: 60 bits, so that 50,000 lines collide with a chance below 10^-8. */
export function lineKey(id: string): LineKey {
  let key = '';
  for (const basis of [0x811c9dc5, 0x9e3779b9]) {
    let hash = fnv1a(`${id}\u0000${basis}`, basis);
    for (let i = 0; i < 6; i++) {
      key += alphabet[hash & 31];
      hash >>>= 5;
    }
  }
  return key as LineKey;
}

/** Slot of a key: hash(key) mod 1024; a line host subscribes per slot. */
export function slotOf(key: LineKey): number {
  return fnv1a(key, 0x811c9dc5) % slotCount;
}

const shape = /^[a-z2-7]{12}$/;

/** Reads a key that came from the network; undefined when it cannot be one. */
export function readLineKey(text: string | undefined): LineKey | undefined {
  const lower = text?.toLowerCase();
  return lower !== undefined && shape.test(lower) ? (lower as LineKey) : undefined;
}
