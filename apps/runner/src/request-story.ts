import { CommandError, type Decision } from '@offhook/core';
import type { Explanation } from '@offhook/runtime';
import { type ClockText, createClockText, offsetText } from './clock-text.ts';
import { decisionSentence } from './decision-text.ts';
import { ruleText, sentenceLines } from './explain-text.ts';
import { candidateRow } from './explain-words.ts';
import type { Paint } from './paint.ts';

/** What a line still knows of one of its requests or calls. */
export interface RequestStory {
  readonly line: string;
  readonly request: string;
  readonly method: string;
  readonly steps: readonly Decision[];
  /** `kept`: from its beginning. `forgotten`: decisions before the first step are gone. `unsure`: it may have waited before that. */
  readonly beginning: 'kept' | 'forgotten' | 'unsure';
  /** Number and instant of the oldest decision that the line keeps. */
  readonly keptFrom: { readonly seq: number; readonly atMs: number };
}

const begins = ({ inputs, outcome, about }: Decision): boolean =>
  about === 'inbound' || (inputs.outcome === undefined && ['send', 'refuse', 'queue'].includes(outcome.action));

function beginningOf(first: Decision, oldest: Decision): RequestStory['beginning'] {
  if (oldest.seq === 1) return 'kept';
  if (!begins(first)) return 'forgotten';
  return first.outcome.action === 'send' && first.request?.method !== 'INVITE' ? 'unsure' : 'kept';
}

/** @throws CommandError `E_CALL_UNKNOWN` when the line keeps no decision about it */
export function requestStory({ id, decisions }: Explanation, request: string): RequestStory {
  const steps = decisions.filter((decision) => decision.request?.id === request);
  const [first, oldest] = [steps[0], decisions[0]];
  if (first !== undefined && oldest !== undefined) {
    const { seq, atMs } = oldest;
    const method = first.request?.method ?? '';
    return { line: id, request, method, steps, beginning: beginningOf(first, oldest), keptFrom: { seq, atMs } };
  }
  const known = [...new Set(decisions.flatMap((decision) => decision.request?.id ?? []))].join(', ') || 'none';
  const gone = (oldest?.seq ?? 1) > 1 ? ` It keeps its latest ${decisions.length} decisions; those before are forgotten.` : '';
  throw new CommandError(
    'E_CALL_UNKNOWN',
    `Line ${id} keeps no decision about ${JSON.stringify(request)}. Requests and calls it has some of: ${known}.${gone}`,
  );
}

const beginnings: Readonly<Record<RequestStory['beginning'], (from: string) => string>> = {
  kept: () => '',
  forgotten: (from) => `Its beginning is forgotten: the line keeps its latest 32 decisions, here from ${from} on.`,
  unsure: (from) =>
    `It may have waited for a registration before that: the line keeps its latest 32 decisions, here from ${from} on.`,
};

function stepLines(step: Decision, startMs: number, paint: Paint, clock: ClockText): readonly string[] {
  const { atMs, outcome, leg, candidates } = step;
  const server = outcome.server ?? outcome.leg ?? leg;
  const facts = Object.entries(step.inputs).map(([name, value]) => `${name} ${value}`);
  const about = (name: string, text: string): string => `    ${name.padEnd(6)}  ${text}`;
  const rows = candidates.map((mark, i) => {
    const known = candidateRow(mark, mark.rank === undefined ? mark.leg : String(i + 1), atMs, clock);
    const tags = [known.isInUse ? 'in use' : '', ...known.tags].filter((tag) => tag !== '');
    const text = [`${known.order} ${known.server}`, ...tags, known.state].join(', ');
    return about(i === 0 ? 'knew' : '', text);
  });
  return [
    `${clock.near(atMs, startMs)}  ${offsetText(atMs - startMs)}  ${paint.bold(decisionSentence(step))}`,
    ...(server === undefined ? [] : [about('server', server)]),
    about('rule', ruleText(step)),
    ...sentenceLines(step.rule, 12, paint),
    ...(facts.length === 0 ? [] : [about('saw', facts.join(', '))]),
    ...rows,
  ];
}

export function storyText(story: RequestStory, paint: Paint, clock: ClockText = createClockText()): string {
  const { line, request, method, steps, beginning, keptFrom } = story;
  const startMs = steps[0]?.atMs ?? 0;
  const note = beginnings[beginning](clock.near(keptFrom.atMs, startMs));
  return [
    `${paint.bold(`${line}  ${method} ${request}`)}  began ${clock.full(startMs)}`,
    ...(note === '' ? [] : [paint.yellow(note)]),
    ...steps.flatMap((step) => stepLines(step, startMs, paint, clock)),
  ].join('\n');
}
