import type { CandidateMark, Decision } from '@offhook/core';

/**
 * The JSON of decisions, byte for byte that of `JSON.stringify` at a fraction of its cost: every REGISTER makes two or three of them, and what
 * they say is nearly always what has been written before.
 */

/** All of a decision but its number, instants, candidates and inputs: what thousands of lines say alike. */
export interface DecisionKind extends Pick<Decision, 'about' | 'rule' | 'source' | 'outcome'> {
  readonly request: Decision['request'] | undefined;
  readonly leg: Decision['leg'] | undefined;
  /** What comes next, where something does. */
  readonly what: string | undefined;
  /** Of a kind that is shared. */
  readonly text?: KindText;
}

/** The parts of a text that are the same for all decisions of a kind. */
interface KindText {
  /** From `about` to the opening of `candidates`. */
  readonly front: string;
  /** From the end of `inputs` up to the instant of `next`. */
  readonly middle: string;
  readonly end: string;
}

/** Characters that JSON leaves as they are, of ASCII. */
const isPlain = /^[ !#-[\]-~]*$/;
const quote = (text: string): string => (isPlain.test(text) ? `"${text}"` : JSON.stringify(text));

function kindText({ about, rule, source, request, leg, outcome, what }: DecisionKind): KindText {
  const asked = request === undefined ? '' : `,"request":${JSON.stringify(request)}`;
  const at = leg === undefined ? '' : `,"leg":"${leg}"`;
  const ended = `},"outcome":${JSON.stringify(outcome)}`;
  return {
    front: `,"about":"${about}","rule":${quote(rule)},"source":${quote(source)}${asked}${at},"candidates":[`,
    middle: what === undefined ? ended : `${ended},"next":{"what":${quote(what)},"atMs":`,
    end: what === undefined ? '}' : `${at}}}`,
  };
}

/** The kinds of decisions that have a shared outcome. */
const kinds = new WeakMap<Decision['outcome'], DecisionKind[]>();
/** A chart has a dozen rules; who makes up ever new ones makes nothing grow. */
const mostKinds = 64;
const markTexts = new WeakMap<CandidateMark, string>();

/** Many decisions will have this very outcome. */
export const shareOutcome = (outcome: Decision['outcome']): void => void kinds.set(outcome, []);
/** Many decisions will have this very mark among their candidates. */
export const shareMark = (mark: CandidateMark): void => void markTexts.set(mark, JSON.stringify(mark));

const isSame = (a: DecisionKind, b: DecisionKind): boolean =>
  a.rule === b.rule && a.source === b.source && a.leg === b.leg && a.what === b.what && a.about === b.about;

/** The one object for all kinds that are equal to this one; itself when it is about one request or has an outcome of its own. */
export function sharedKind(kind: DecisionKind): DecisionKind {
  const alike = kind.request === undefined ? kinds.get(kind.outcome) : undefined;
  if (alike === undefined) return kind;
  for (const each of alike) if (isSame(each, kind)) return each;
  if (alike.length === mostKinds) return kind;
  const made = { ...kind, text: kindText(kind) };
  alike.push(made);
  return made;
}

const markText = (mark: CandidateMark): string => markTexts.get(mark) ?? JSON.stringify(mark);

function inputsText(inputs: Decision['inputs']): string {
  let text = '';
  for (const name in inputs) {
    const value = inputs[name];
    const written = typeof value === 'string' ? quote(value) : JSON.stringify(value);
    text += text === '' ? `${quote(name)}:${written}` : `,${quote(name)}:${written}`;
  }
  return text;
}

function candidatesText(candidates: Decision['candidates']): string {
  let text = '';
  for (const mark of candidates) text += text === '' ? markText(mark) : `,${markText(mark)}`;
  return text;
}

/** As little of a decision as has to be kept: lines by the thousand hold the latest of theirs. */
export interface KeptDecision extends Pick<Decision, 'atMs' | 'candidates' | 'inputs'> {
  readonly kind: DecisionKind;
  /** Where something comes next. */
  readonly nextAtMs: number;
}

export function decisionText({ kind, atMs, candidates, inputs, nextAtMs }: KeptDecision, seq: number, line: string): string {
  const { front, middle, end } = kind.text ?? kindText(kind);
  const begin = `{"seq":${seq},"atMs":${JSON.stringify(atMs)},"line":${quote(line)}${front}`;
  const instant = kind.what === undefined ? '' : JSON.stringify(nextAtMs);
  return `${begin}${candidatesText(candidates)}],"inputs":{${inputsText(inputs)}${middle}${instant}${end}`;
}
