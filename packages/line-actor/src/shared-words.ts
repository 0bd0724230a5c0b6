import type { CandidateMark, Decision } from '@offhook/core';
import { shareMark, shareOutcome } from './decision-json.ts';
import type { LegIdentity } from './identity.ts';

/** What decisions say of a leg they say of thousands of legs alike: equal words are one object. */

interface Words {
  readonly outcomes: Map<string, Decision['outcome']>;
  readonly marks: Map<number, CandidateMark>;
}

const known = new WeakMap<LegIdentity, Words>();

function wordsOf(identity: LegIdentity): Words {
  const words = known.get(identity) ?? { outcomes: new Map(), marks: new Map() };
  known.set(identity, words);
  return words;
}

/** The outcome of a registration's decision; its charts have a handful of actions. */
export function outcomeAt(identity: LegIdentity, action: string): Decision['outcome'] {
  const { outcomes } = wordsOf(identity);
  const { leg, server } = identity;
  const known = outcomes.get(action);
  if (known !== undefined) return known;
  const outcome = Object.freeze({ action, leg, server });
  outcomes.set(action, outcome);
  shareOutcome(outcome);
  return outcome;
}

/** The mark of a server that is up. */
export function markUp(identity: LegIdentity, bound: boolean, usable: boolean): CandidateMark {
  const { marks } = wordsOf(identity);
  const { leg, server } = identity;
  const index = Number(bound) + 2 * Number(usable);
  const known = marks.get(index);
  if (known !== undefined) return known;
  const mark: CandidateMark = Object.freeze({ leg, server, state: 'up', bound, usable });
  marks.set(index, mark);
  shareMark(mark);
  return mark;
}
