import type { Change } from '@offhook/core';
import type { DecisionDraft, Refusal, WaitingChange } from '@offhook/line-actor';

/* What a change of a line's configuration is in its decisions. */

const source = 'redundancy 6.10, D-28';
const keysOf = (changes: readonly Change[]): string => changes.map(({ key }) => key).join(' ');

export const refusalNote = ({ code, asked, message, remedy }: Refusal): DecisionDraft => ({
  about: 'policy',
  rule: `D-11:${code}`,
  source: 'redundancy 3.11, D-11',
  inputs: { asked, remedy },
  outcome: { action: 'refused-policy', reason: message },
});

/** What counts from now on, and what waits for what. */
export function changeNotes(taken: readonly Change[], waiting: readonly WaitingChange[]): readonly DecisionDraft[] {
  const note = (rule: string, changes: readonly Change[], action: string): readonly DecisionDraft[] =>
    changes.length === 0 ? [] : [{ about: 'line', rule, source, inputs: { changed: keysOf(changes) }, outcome: { action } }];
  const until = (what: WaitingChange['until']) => waiting.filter((change) => change.until === what);
  return [
    ...note('6.10:now', taken, 'configured'),
    ...note('6.10:until-restart', until('restart'), 'staged'),
    ...note('6.10:until-last-call', until('last-call'), 'staged'),
  ];
}

export const restartNote = (rule: string, changes: readonly Change[]): DecisionDraft => ({
  about: 'line',
  rule,
  source,
  inputs: { changed: keysOf(changes) },
  outcome: { action: 'restart' },
});

export const removalWaitsNote: DecisionDraft = {
  about: 'line',
  rule: '6.10:removed',
  source,
  outcome: { action: 'staged', reason: 'call' },
};
