import { type Explanation, ruleSentence } from '@offhook/runtime';
import type { ClockText } from '../clock-text.ts';
import { candidateRows, formulaWords, moveWords, silentSteps, verdictWords, whenWords } from '../explain-words.ts';
import { moods } from './chart.ts';
import { box, clip, ink, text, textWidth, wrap } from './paper.ts';

/* The parts of the diagram that are text: each is as high as it has to be. */

export interface Panel {
  readonly height: number;
  readonly content: readonly string[];
}

export const titleHeight = 34;
const pad = 16;

/** Texts below each other; `indent` moves one to the right. */
class Column {
  readonly content: string[] = [];
  height = titleHeight + 6;
  private readonly width: number;

  constructor(width: number) {
    this.width = width;
  }

  /** Broken into lines where it has to be. */
  say(words: string, { size = 12, indent = 0, isBold = false, fill = ink.text as string } = {}): this {
    for (const line of wrap(words, this.width - 2 * pad - indent, isBold ? size * 1.08 : size)) {
      this.height += size + 6;
      this.content.push(text(pad + indent, this.height - 4, line, { size, isBold, fill }));
    }
    return this;
  }

  gap(height = 8): this {
    this.height += height;
    return this;
  }

  done(): Panel {
    return { height: this.height + pad - 4, content: this.content };
  }
}

const faint = { size: 10.5, fill: ink.faint, indent: 12 };

/** Servers in the order they are tried, with their marks. */
export function serversPanel(found: Explanation, width: number, clock: ClockText): Panel {
  const rows = candidateRows(found, clock);
  const rowHeight = 46;
  const content = rows.flatMap(({ order, server, isInUse, isUp, tags, state }, i) => {
    const y = titleHeight + 4 + i * rowHeight;
    const mood = moods[isUp ? 'good' : 'bad'];
    const badge = isInUse ? ['in use'] : [];
    const all = [...badge, ...tags].join(', ');
    const room = width - 2 * pad - 110 - textWidth(all, 11, true);
    return [
      box(pad, y, width - 2 * pad, rowHeight - 6, isInUse ? { fill: mood.ground, stroke: mood.ink, strokeWidth: 2 } : {}),
      `<circle cx="${pad + 16}" cy="${y + 20}" r="6" fill="${mood.ink}"/>`,
      text(pad + 32, y + 17, clip(`${order}  ${server}`, room + 60, 12), { isBold: isInUse }),
      text(width - pad - 10, y + 17, all, { size: 11, anchor: 'end', isBold: isInUse, fill: isInUse ? mood.ink : ink.faint }),
      text(pad + 32, y + 33, clip(state, width - 2 * pad - 44, 11), { size: 11, fill: isUp ? ink.faint : ink.bad }),
    ];
  });
  if (rows.length > 0) return { height: titleHeight + rows.length * rowHeight + 10, content };
  return new Column(width).say('No server is known.').done();
}

/** Scheduled moves with their instants and rules. */
export function nextPanel(found: Explanation, width: number, clock: ClockText): Panel {
  const { next, atMs, stay } = found;
  const column = new Column(width);
  next.forEach((move, i) => {
    const when = `${clock.near(move.atMs, atMs)}  (${whenWords(move.atMs, atMs)})`;
    column.say(`${when}  ${moveWords(found, move)}`, { isBold: i === 0 });
    column.say(`by rule ${move.rule} (${move.source})`, faint);
    if (move.what === 'fallback') column.say(ruleSentence(move.rule) ?? '', faint);
    if (move.formula !== undefined) column.say(`= ${formulaWords(move.formula, atMs, clock)}`, faint);
    column.gap();
  });
  if (next.length === 0) column.say('Nothing is scheduled.').gap();
  if (stay !== undefined)
    column.say('No return is scheduled').say(`by rule ${stay.rule}: ${ruleSentence(stay.rule) ?? stay.source}`, faint);
  return column.done();
}

/** Where a new call goes now, and on if nobody answers. */
export function requestPanel(found: Explanation, width: number): Panel {
  const verdict = found.ifNow.INVITE;
  const column = new Column(width).say(`A new call ${verdictWords(found, verdict)}`, { isBold: true });
  column.say(`by rule ${verdict.rule}: ${ruleSentence(verdict.rule) ?? verdict.source}`, faint).gap();
  for (const { at, words, rule } of silentSteps(found, found.ifSilent.INVITE))
    column.say(`${at}  without an answer: ${words}`).say(`by rule ${rule}`, faint).gap();
  return column.done();
}

const meanings = [
  ['good', 'active, and all is well'],
  ['change', 'active, and on its way or on a lower server'],
  ['bad', 'active, and nothing works'],
  ['still', 'active, at rest'],
] as const;

/** What the colours and lines mean. */
export function legendPanel(): Panel {
  const rowHeight = 26;
  const sample = (y: number, style: Parameters<typeof box>[4]): string => box(pad, y, 34, 18, { radius: 5, ...style });
  const rows = meanings.map(([mood, words], i) => {
    const y = titleHeight + 6 + i * rowHeight;
    const { ink: stroke, ground: fill } = moods[mood];
    return [sample(y, { fill, stroke, strokeWidth: 2.5 }), text(pad + 46, y + 13, words, { size: 11 })];
  });
  const y = titleHeight + 6 + meanings.length * rowHeight;
  const notes = [
    [sample(y, {}), text(pad + 46, y + 13, 'a state that is not active', { size: 11 })],
    [
      `<circle cx="${pad + 9}" cy="${y + rowHeight + 9}" r="6" fill="${ink.good}"/><circle cx="${pad + 25}" cy="${y + rowHeight + 9}" r="6" fill="${ink.bad}"/>`,
      text(pad + 46, y + rowHeight + 13, 'a server that is UP, one that is DOWN', { size: 11 }),
    ],
  ];
  return { height: y + 2 * rowHeight + 10, content: [...rows, ...notes].flat() };
}
