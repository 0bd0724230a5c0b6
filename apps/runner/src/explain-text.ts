import { describeFinding } from '@offhook/core';
import { type Explanation, ruleSentence } from '@offhook/runtime';
import { type ClockText, createClockText, longSpanText } from './clock-text.ts';
import { decisionText } from './decision-text.ts';
import {
  candidateRows,
  formulaWords,
  legState,
  moveWords,
  routeWords,
  silentSteps,
  verdictWords,
  whenWords,
} from './explain-words.ts';
import type { Paint } from './paint.ts';
import { callText, mailboxText, sentences, waitingText } from './text.ts';

/* `offhook explain`: an explanation as text. Each part is a list of lines. */

type Lines = readonly string[];

/** Behind every claim stands its rule. */
export const ruleText = ({ rule, source }: { readonly rule: string; readonly source: string }): string => `${rule} (${source})`;

/** The sentence of a rule, indented; nothing for one that a plugin made. */
export function sentenceLines(rule: string, indent: number, paint: Paint): Lines {
  const sentence = ruleSentence(rule);
  return sentence === undefined ? [] : [paint.dim(`${' '.repeat(indent)}${sentence}`)];
}

const nameWidth = 9;
const indent = 2 + nameWidth + 2;
const row = (name: string, text: string): string => `  ${name.padEnd(nameWidth)}  ${text}`.trimEnd();

function headLines(found: Explanation, paint: Paint, clock: ClockText): Lines {
  const { id, atMs, because, mode, route, routeSinceMs, queued, chosen } = found;
  const tint = route === 'onTop' ? paint.green : route === 'outOfService' ? paint.red : paint.yellow;
  const since = `since ${clock.near(routeSinceMs, atMs)} (${longSpanText(atMs - routeSinceMs)})`;
  return [
    `${paint.bold(id)}  at ${clock.full(atMs)}`,
    row('mode', `${mode}: ${because.because}, by rule ${because.rule}`),
    ...sentenceLines(because.rule, indent, paint),
    row('route', `${tint(routeWords(found))}, ${since}`),
    ...(chosen === undefined
      ? [row('chosen', 'nothing has been chosen yet')]
      : [
          row('chosen', `at ${clock.near(chosen.atMs, atMs)}, by rule ${ruleText(chosen)}`),
          ...sentenceLines(chosen.rule, indent, paint),
        ]),
    ...(queued === 0 ? [] : [row('waiting', `${queued} for a registration`)]),
    ...found.subscriptions.map((mailbox) => row('messages', mailboxText(mailbox, atMs))),
    ...found.calls.map((call) => row('call', callText(call))),
    ...(found.waiting ?? []).map((change) => paint.yellow(row('waiting', waitingText(change)))),
  ];
}

function faultLines({ refusals, findings }: Explanation, paint: Paint): Lines {
  return [
    ...refusals.flatMap(({ message, remedy }) => [
      ...sentences(message).map((sentence, i) => paint.yellow(row(i === 0 ? 'refused' : '', sentence))),
      ...sentences(remedy).map((sentence, i) => row(i === 0 ? 'remedy' : '', sentence)),
    ]),
    ...findings.filter(({ severity }) => severity !== 'info').map((finding) => `  ${describeFinding(finding)}`),
  ];
}

function serverLines(found: Explanation, paint: Paint, clock: ClockText): Lines {
  const rows = candidateRows(found, clock);
  const width = Math.max(0, ...rows.map(({ server }) => server.length));
  const tagWidth = Math.max(0, ...rows.map(({ tags }) => tags.join(', ').length));
  const list = rows.map(({ order, server, isInUse, isUp, tags, state }) => {
    const use = isInUse ? paint.green('in use'.padEnd(6)) : ' '.repeat(6);
    const mark = isUp ? paint.green(state) : paint.red(state);
    return `  ${order.padEnd(nameWidth)}  ${server.padEnd(width)}  ${use}  ${tags.join(', ').padEnd(tagWidth)}  ${mark}`.trimEnd();
  });
  return list.length === 0 ? ['No server is known.'] : [paint.bold('Servers, in the order they are tried'), ...list];
}

function registrationLines({ legs, atMs, servers }: Explanation, paint: Paint, clock: ClockText): Lines {
  const rows = legs.map((leg) => {
    const { expiresAtMs, failures, server, registration } = leg;
    const tint = leg.usable ? paint.green : leg.bound ? paint.yellow : paint.red;
    const until = expiresAtMs === undefined ? '' : `, until ${clock.near(expiresAtMs, atMs)}`;
    const failed = failures === 0 ? '' : `, ${failures} failed in a row`;
    const name = servers === undefined ? leg.leg : 'the line';
    return row(name, `${tint(legState(leg))} at ${server} (chart: ${registration})${until}${failed}`);
  });
  return rows.length === 0 ? [] : [paint.bold(rows.length === 1 ? 'Registration' : 'Registrations'), ...rows];
}

function requestLines(found: Explanation, method: 'INVITE' | 'MESSAGE', paint: Paint): Lines {
  const verdict = found.ifNow[method];
  const steps = silentSteps(found, found.ifSilent[method]);
  const atWidth = Math.max(0, ...steps.map(({ at }) => at.length));
  const stepLines = steps.map(({ at, words, rule }, i) => {
    const lead = i === 0 ? 'if nobody answers' : 'then';
    return `${' '.repeat(indent)}${lead.padEnd(17)}  ${at.padStart(atWidth)}  ${words} ${paint.dim(`[${rule}]`)}`;
  });
  return [
    row(method, `${verdictWords(found, verdict)}, by rule ${ruleText(verdict)}`),
    ...sentenceLines(verdict.rule, indent, paint),
    ...stepLines,
  ];
}

function newRequestLines(found: Explanation, paint: Paint): Lines {
  const { ifNow, ifSilent } = found;
  const isSame = JSON.stringify([ifNow.INVITE, ifSilent.INVITE]) === JSON.stringify([ifNow.MESSAGE, ifSilent.MESSAGE]);
  return [
    paint.bold('A new request now'),
    ...requestLines(found, 'INVITE', paint),
    ...(isSame ? [row('MESSAGE', 'the same')] : requestLines(found, 'MESSAGE', paint)),
  ];
}

function nextLines(found: Explanation, paint: Paint, clock: ClockText): Lines {
  const { next, atMs, stay } = found;
  const rows = next.map((move) => ({ move, at: clock.near(move.atMs, atMs), when: whenWords(move.atMs, atMs) }));
  const [atWidth, whenWidth] = [Math.max(0, ...rows.map(({ at }) => at.length)), Math.max(0, ...rows.map((r) => r.when.length))];
  const inner = 2 + atWidth + 2 + whenWidth + 2;
  const list = rows.flatMap(({ move, at, when }) => [
    `  ${at.padEnd(atWidth)}  ${when.padEnd(whenWidth)}  ${moveWords(found, move)}, by rule ${ruleText(move)}`,
    ...(move.what === 'fallback' ? sentenceLines(move.rule, inner, paint) : []),
    ...(move.formula === undefined ? [] : [`${' '.repeat(inner)}= ${formulaWords(move.formula, atMs, clock)}`]),
  ]);
  const noWay =
    stay === undefined ? [] : [`  no return is scheduled, by rule ${ruleText(stay)}`, ...sentenceLines(stay.rule, 2, paint)];
  return [paint.bold(next.length === 0 ? 'Nothing is scheduled' : 'Next'), ...list, ...noWay];
}

function decisionLines({ decisions, atMs }: Explanation, paint: Paint, clock: ClockText): Lines {
  const [first] = decisions;
  if (first === undefined) return ['Nothing has been decided yet.'];
  const forgotten = first.seq === 1 ? '' : `, the latest ${decisions.length}; ${first.seq - 1} before them are forgotten`;
  return [
    paint.bold(`Decisions, latest last${forgotten}`),
    ...decisions.map((decision) => `  ${clock.near(decision.atMs, atMs)}  ${decisionText(decision, paint)}`),
  ];
}

export function explainText(found: Explanation, paint: Paint, clock: ClockText = createClockText()): string {
  const parts = [
    [...headLines(found, paint, clock), ...faultLines(found, paint)],
    serverLines(found, paint, clock),
    registrationLines(found, paint, clock),
    newRequestLines(found, paint),
    nextLines(found, paint, clock),
    decisionLines(found, paint, clock),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
