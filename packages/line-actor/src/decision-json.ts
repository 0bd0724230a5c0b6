import type { Decision } from '@offhook/core';
import { markText, outcomeText } from './shared-words.ts';

/**
 * The JSON of a decision, byte for byte that of `JSON.stringify`, at a fraction of its cost: every REGISTER makes two or three, and what they
 * say is nearly always words that have been written before.
 */

/** Characters that JSON leaves as they are, of ASCII. */
const isPlain = /^[ !#-[\]-~]*$/;
const quote = (text: string): string => (isPlain.test(text) ? `"${text}"` : JSON.stringify(text));

/** Rules and sources as they were quoted last: the tables hold a few dozen. */
const quotedWords = new Map<string, string>();
const mostWords = 512;

function quoteWord(word: string): string {
  const known = quotedWords.get(word);
  if (known !== undefined) return known;
  const quoted = quote(word);
  if (quotedWords.size < mostWords) quotedWords.set(word, quoted);
  return quoted;
}

function inputsText(inputs: Decision['inputs']): string {
  let text = '';
  for (const name in inputs) {
    const value = inputs[name];
    const written = typeof value === 'string' ? quote(value) : JSON.stringify(value);
    text += `${text === '' ? '' : ','}${quoteWord(name)}:${written}`;
  }
  return `{${text}}`;
}

function candidatesText(candidates: Decision['candidates']): string {
  let text = '';
  for (const mark of candidates) text += text === '' ? markText(mark) : `,${markText(mark)}`;
  return `[${text}]`;
}

function nextText({ what, leg, atMs }: NonNullable<Decision['next']>): string {
  const instant = JSON.stringify(atMs);
  return `{"what":${quoteWord(what)},"atMs":${instant}${leg === undefined ? '' : `,"leg":"${leg}"`}}`;
}

/** The same text as `JSON.stringify(decision)` of a decision made by `createDecisionLog`. */
export function decisionText(decision: Decision): string {
  const { seq, atMs, line, about, rule, source, request, leg, candidates, inputs, outcome, next } = decision;
  let text = `{"seq":${seq},"atMs":${JSON.stringify(atMs)},"line":${quote(line)},"about":"${about}"`;
  text += `,"rule":${quoteWord(rule)},"source":${quoteWord(source)}`;
  if (request !== undefined) text += `,"request":{"method":${quote(request.method)},"id":${quote(request.id)}}`;
  if (leg !== undefined) text += `,"leg":"${leg}"`;
  text += `,"candidates":${candidatesText(candidates)},"inputs":${inputsText(inputs)},"outcome":${outcomeText(outcome)}`;
  return next === undefined ? `${text}}` : `${text},"next":${nextText(next)}}`;
}
