import { fnv1a, fnvBasis, hashText, spreadBits } from './hash.ts';

/** Stands for a line in Via branches, Contact parameters and bus subjects: lowercase base32, case never matters. */
export type LineKey = string & { readonly __lineKey: unique symbol };

export const slotCount = 1024;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Two hashes of 30 bits each. One multiplier for both would not do: ids that collide under one basis then tend to collide under the
 * other too, and the key is worth far fewer than 60 bits.
 */
const halves: readonly (readonly [basis: number, multiplier: number])[] = [
  [fnvBasis, 0x9e3779b1],
  [0x9e3779b9, 0x5f356495],
];

/** Deterministic key of a line id: 60 bits, so that 50,000 lines collide with a chance below 10^-8. */
export function lineKey(id: string): LineKey {
  let key = '';
  for (const [basis, multiplier] of halves) {
    let hash = spreadBits(fnv1a(id, basis, multiplier));
    for (let i = 0; i < 6; i++) {
      key += alphabet[hash & 31];
      hash >>>= 5;
    }
  }
  return key as LineKey;
}

/** Slot of a key: hash(key) mod 1024; a line host subscribes per slot. */
export function slotOf(key: LineKey): number {
  return hashText(key) % slotCount;
}

const shape = /^[a-z2-7]{12}$/;

/** Reads a key that came from the network; undefined when it cannot be one. */
export function readLineKey(text: string | undefined): LineKey | undefined {
  const lower = text?.toLowerCase();
  return lower !== undefined && shape.test(lower) ? (lower as LineKey) : undefined;
}
