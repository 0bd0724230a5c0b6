import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Chart, stateHeight, stateWidth } from '../src/svg/chart.ts';
import { lineCharts } from '../src/svg/line-chart.ts';
import { registrationChart } from '../src/svg/registration-chart.ts';

/* The charts of the diagram are laid out by hand. Their states and transitions are those of docs/statecharts, which are written from the machines. */

const page = (name: string): string => readFileSync(new URL(`../../../docs/statecharts/${name}.md`, import.meta.url), 'utf8');
const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
const dotted = (token: string): string => token.replace('_', '.');

/** `from -> to: events`, sorted. */
function transitionsOn(text: string): readonly string[] {
  const arrows = [...text.matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)];
  return arrows.map(([, from = '', to = '', labels = '']) => {
    const events = unique(labels.split('<br>').map((label) => label.replace(/ \[.*/, '')));
    return `${dotted(from)} -> ${dotted(to)}: ${events.join(', ')}`;
  });
}

const statesOn = (text: string): readonly string[] =>
  [...text.matchAll(/^ +state "\w+" as (\w+)( \{)?$/gm)].flatMap(([, token = '', opens]) =>
    opens === undefined ? [dotted(token)] : [],
  );

const transitionsOf = ({ arrows }: Chart): readonly string[] =>
  arrows.map(({ from, to, on }) => `${from} -> ${to}: ${unique(on).join(', ')}`).sort();
const statesOf = ({ states }: Chart): readonly string[] => states.map(({ id }) => id).sort();

describe('the registration chart', () => {
  const text = page('registration');

  it('has the states and transitions of the machine', () => {
    expect(statesOf(registrationChart)).toEqual([...statesOn(text)].sort());
    expect(transitionsOf(registrationChart)).toEqual([...transitionsOn(text)].sort());
  });
});

describe.each(Object.entries(lineCharts))('the line chart in mode %s', (mode, chart) => {
  const text = page('line');
  /** Of other modes, and the ways into them. */
  const others = Object.keys(lineCharts).filter((name) => name !== mode);
  const isOurs = (name: string): boolean => !others.some((other) => name === other || name.startsWith(`${other}.`));
  /** What the line answers in every state: drawn from the frame of the mode; a disabled line has answers of its own. */
  const everywhere = [...(text.split('## In every state')[1] ?? '').matchAll(/^\| `(\S+)` \| (\w+) \|/gm)]
    .filter(() => chart.frame !== undefined)
    .map(([, event, to]) => `${mode} -> ${to}: ${event}`);

  it('has the states and transitions of the machine', () => {
    expect(statesOf(chart)).toEqual(statesOn(text).filter(isOurs).toSorted());
    const own = transitionsOn(text).filter((transition) => transition.split(/ -> |: /, 2).every(isOurs));
    expect(transitionsOf(chart)).toEqual([...own, ...everywhere].sort());
  });
});

const charts = [['registration', registrationChart] as const, ...Object.entries(lineCharts)];

describe.each(charts)('the %s chart as it is laid out', (_name, { width, height, states, arrows, frame }) => {
  type Edge = readonly [x: number, y: number, width: number, height: number];
  const edgeOf = (id: string): Edge => {
    const state = states.find((each) => each.id === id);
    if (state !== undefined) return [...state.at, stateWidth, stateHeight];
    if (frame?.id !== id) throw new Error(`no place for ${id}`);
    return [...frame.at, frame.width, frame.height];
  };
  const isOnEdge = ([x, y]: readonly [number, number], [left, top, w, h]: Edge): boolean => {
    const isBeside = (x === left || x === left + w) && y >= top && y <= top + h;
    return isBeside || ((y === top || y === top + h) && x >= left && x <= left + w);
  };

  it('fits into its room', () => {
    const inside = ([x, y]: readonly [number, number]): boolean => x >= 0 && y >= 0 && x <= width && y <= height;
    expect(states.filter(({ at: [x, y] }) => !inside([x, y]) || !inside([x + stateWidth, y + stateHeight]))).toEqual([]);
    expect(arrows.filter(({ points, labelAt }) => ![...points, labelAt].every(inside))).toEqual([]);
  });

  it('has arrows from the edge of one state to the edge of the other', () => {
    const loose = arrows.filter(({ from, to, points }) => {
      const end = points.at(-1) ?? points[0];
      return !isOnEdge(points[0], edgeOf(from)) || !isOnEdge(end, edgeOf(to));
    });
    expect(loose.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });
});
