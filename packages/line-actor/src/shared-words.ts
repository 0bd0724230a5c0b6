import type { CandidateMark, Decision } from '@offhook/core';
import type { LegIdentity } from './identity.ts';

/** What decisions say of a leg they say of thousands of legs alike: equal words are one object. */

interface Words {
  readonly outcomes: Map<string, Decision['outcome']>;
  readonly marks: Map<number, CandidateMark>;
}

const known = new WeakMap<LegIdentity, Words>();
/** The JSON of what is shared. */
const written = new WeakMap<object, string>();

function share<Shared extends object>(words: Shared): Shared {
  written.set(words, JSON.stringify(words));
  return Object.freeze(words);
}

function wordsOf(identity: LegIdentity): Words {
  const words = known.get(identity) ?? { outcomes: new Map(), marks: new Map() };
  known.set(identity, words);
  return words;
}

/** The outcome of a registration's decision; its charts have a handful of actions. */
export function outcomeAt(identity: LegIdentity, action: string): Decision['outcome'] {
  const { outcomes } = wordsOf(identity);
  const { leg, server } = identity;
  const outcome = outcomes.get(action) ?? share({ action, leg, server });
  outcomes.set(action, outcome);
  return outcome;
}

/** The mark of a server that is up. */
export function markUp(identity: LegIdentity, bound: boolean, usable: boolean): CandidateMark {
  const { marks } = wordsOf(identity);
  const { leg, server } = identity;
  const index = Number(bound) + 2 * Number(usable);
  const mark = marks.get(index) ?? share<CandidateMark>({ leg, server, state: 'up', bound, usable });
  marks.set(index, mark);
  return mark;
}

export const outcomeText = (outcome: Decision['outcome']): string => written.get(outcome) ?? JSON.stringify(outcome);
export const markText = (mark: CandidateMark): string => written.get(mark) ?? JSON.stringify(mark);
