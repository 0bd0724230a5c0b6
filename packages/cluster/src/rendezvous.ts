import { hashText, type LineKey, spreadBits } from '@offhook/core';

/** Somebody who may be chosen. */
export interface Contender {
  readonly id: string;
  /** Its share beside those of the others; 0: it is never chosen. */
  readonly weight: number;
}

/** The higher, the sooner it is chosen; two hashes, so that names that collide in one do not collide in the score. */
function score(id: string, weight: number, what: number): number {
  const own = hashText(id);
  const hash = spreadBits(spreadBits(own ^ Math.imul(what + 1, 0x9e3779b1)) ^ spreadBits(own));
  return -weight / Math.log((hash + 0.5) / 2 ** 32);
}

/**
 * Whom everybody would choose for that number, whoever asks and in whatever order the names come; when one goes or comes, only
 * what it had or gets is chosen anew.
 * @source Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous" (1996); scale reference section D.1
 */
export function chooseOne(what: number, contenders: Iterable<Contender>): string | undefined {
  let best: string | undefined;
  let bestScore = 0;
  for (const { id, weight } of contenders) {
    if (!(weight > 0)) continue;
    const own = score(id, weight, what);
    if (best === undefined || own > bestScore || (own === bestScore && id < best)) {
      best = id;
      bestScore = own;
    }
  }
  return best;
}

/** The edge of a line among those that live: the same for whoever asks. Undefined: there is none. */
export function edgeFor(key: LineKey, edges: Iterable<string>): string | undefined {
  const what = hashText(key);
  return chooseOne(
    what,
    [...edges].map((id) => ({ id, weight: 1 })),
  );
}
