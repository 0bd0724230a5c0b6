import { createRandom } from '../random.ts';
import { mutations } from './mutations.ts';

/** Largest datagram there is. */
const maxBytes = 65_507;

/** Spoils sound messages. The message of a number depends on seed and number alone: `(seed, n)` names a finding. */
export interface Fuzzer {
  message(n: number): Uint8Array;
}

export interface FuzzerOptions {
  readonly seed: string;
  readonly corpus: readonly string[];
  /** Changes to one message, at most; 5 unless told. Some messages stay sound. */
  readonly mostChanges?: number;
}

export function createFuzzer({ seed, corpus, mostChanges = 5 }: FuzzerOptions): Fuzzer {
  const originals = corpus.map((text) => Buffer.from(text));
  return {
    message(n) {
      const random = createRandom(`${seed}/${n}`);
      const below = (limit: number): number => Math.floor(random() * limit);
      let bytes = originals[below(originals.length)] as Buffer;
      for (let changes = below(mostChanges + 1); changes > 0 && bytes.length > 0; changes--) {
        bytes = mutations[below(mutations.length)]?.(bytes, random) ?? bytes;
      }
      return bytes.subarray(0, maxBytes);
    },
  };
}

/** The shortest part of `bytes` found for which `fails` still holds; looks at no more than `tries` of them. */
export function shrink(bytes: Uint8Array, fails: (bytes: Uint8Array) => boolean, tries = 2_000): Uint8Array {
  let best = bytes;
  let left = tries;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && left > 0; ) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      left--;
      if (fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}

/** How a finding is reported: enough to meet it again. */
export const describeFinding = (seed: string, n: number, bytes: Uint8Array, error: unknown): string =>
  `seed ${seed}, message ${n}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nhex ${Buffer.from(bytes).toString('hex')}`;
