import { arrowLine, box, escapeXml, ink, type Point, text } from './paper.ts';

/* A state chart as it is drawn: places by hand, states and transitions held to the machine by a test. */

export type Mood = 'good' | 'change' | 'bad' | 'still';

export interface ChartState {
  /** As in the machine: `registered`, `list.onTop`. */
  readonly id: string;
  readonly at: Point;
  /** How it looks while it is active. */
  readonly mood: Mood;
}

export interface ChartArrow {
  readonly from: string;
  readonly to: string;
  /** Events of the machine that lead there. */
  readonly on: readonly string[];
  /** In short, for people. */
  readonly label: string;
  readonly points: readonly [Point, Point, ...Point[]];
  readonly labelAt: Point;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** A state with states in it. */
export interface ChartFrame {
  readonly id: string;
  readonly at: Point;
  readonly width: number;
  readonly height: number;
}

export interface Chart {
  readonly width: number;
  readonly height: number;
  readonly frame?: ChartFrame;
  readonly states: readonly ChartState[];
  readonly arrows: readonly ChartArrow[];
}

export const stateWidth = 130;
export const stateHeight = 44;
const labelSize = 10.5;

export const moods: Readonly<Record<Mood, { readonly ink: string; readonly ground: string }>> = {
  good: { ink: ink.good, ground: ink.goodGround },
  change: { ink: ink.change, ground: ink.changeGround },
  bad: { ink: ink.bad, ground: ink.badGround },
  still: { ink: ink.still, ground: ink.stillGround },
};

function drawState({ id, at: [x, y], mood }: ChartState, isLit: boolean): string {
  const { ink: stroke, ground: fill } = moods[mood];
  const name = id.replace(/^.*\./, '');
  const style = isLit ? { fill, stroke, strokeWidth: 2.5 } : {};
  const label = { anchor: 'middle', isBold: isLit, fill: isLit ? stroke : ink.faint } as const;
  return [
    `<g class="${isLit ? 'state lit' : 'state'}" data-state="${escapeXml(id)}">`,
    box(x, y, stateWidth, stateHeight, { ...style, radius: 10 }),
    text(x + stateWidth / 2, y + stateHeight / 2 + 4, name, label),
    '</g>',
  ].join('');
}

function drawArrow({ from, to, on, label, points, labelAt: [x, y], anchor = 'middle' }: ChartArrow): string {
  return [
    `<g class="arrow" data-from="${escapeXml(from)}" data-to="${escapeXml(to)}">`,
    `<title>${escapeXml(`${from} → ${to}: ${on.join(', ')}`)}</title>`,
    arrowLine(points),
    text(x, y, label, { size: labelSize, anchor, fill: ink.faint }),
    '</g>',
  ].join('');
}

/** @param active state of the machine; what the chart does not know leaves all of it dark */
export function drawChart({ frame, states, arrows }: Chart, active: string): readonly string[] {
  const outline =
    frame === undefined
      ? []
      : [
          box(...frame.at, frame.width, frame.height, { fill: 'none', stroke: ink.line, dash: '5 4', radius: 12 }),
          text(frame.at[0] + 12, frame.at[1] + 18, frame.id, { size: 11, isBold: true, fill: ink.faint }),
        ];
  return [...outline, ...arrows.map(drawArrow), ...states.map((state) => drawState(state, state.id === active))];
}
