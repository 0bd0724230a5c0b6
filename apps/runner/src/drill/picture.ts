import type { Outcome, Timeline } from '@offhook/lab';
import { instantIn, lasted } from './instant.ts';
import { bandHeight, type Canvas, callLane, legLane, routeLane, serverBands, wireLanes } from './lanes.ts';
import { legend } from './legend.ts';
import type { Sentence } from './story.ts';
import { lettering, picture, rectangle, stroke, widthOf, wrapped } from './svg.ts';
import { type TimeScale, timeScale } from './time-scale.ts';

/** One configuration as it went. */
export interface Drawn {
  readonly name: string;
  readonly timeline: Timeline;
  readonly outcome: Outcome;
  readonly story: readonly Sentence[];
}

const width = 1_280;
const left = 190;
const right = width - 24;
/** More lines than this are not drawn. */
const drawnLines = 8;

/** What is worth a place on the scale: whatever changes a state, and calls. Renewals that go well are not. */
function eventsOf({ entries }: Timeline, line: string | undefined): readonly number[] {
  return entries.flatMap((entry) => {
    if ('line' in entry && entry.line !== undefined && line !== undefined && entry.line !== line) return [];
    if (entry.lane === 'server' || entry.lane === 'script' || entry.lane === 'call') return [entry.atS];
    if (entry.lane === 'route' && entry.from !== entry.to) return [entry.atS];
    const isRegistration = entry.lane === 'registration.primary' || entry.lane === 'registration.alternate';
    const isNews = isRegistration && entry.from !== entry.to && !(entry.from === 'refreshing' && entry.to === 'registered');
    return isNews && entry.to !== 'refreshing' ? [entry.atS] : [];
  });
}

/** Lines to draw: the one asked for, or the first of each kind of story. */
function shownLines({ lines }: Outcome, line: string | undefined): readonly string[] {
  if (line !== undefined) return [line];
  if (lines.length <= drawnLines) return lines.map((each) => each.line);
  const kinds = new Map<string, string>();
  for (const each of lines) {
    const kind = JSON.stringify([each.mode, each.route, each.calls.map(({ failure, servers }) => [failure, servers])]);
    if (!kinds.has(kind)) kinds.set(kind, each.line);
  }
  return [...kinds.values()].slice(0, drawnLines);
}

/** Time axis with its names; guides lead from what servers do through all lanes. */
function axis(canvas: Canvas, { scale, at }: Canvas, top: number, bottom: number): readonly string[] {
  const ticks = scale.ticks.flatMap((atS) => [
    stroke(scale.x(atS), top, scale.x(atS), bottom, { stroke: '#e4e7eb' }),
    lettering(scale.x(atS), bottom + 14, at(atS), {
      size: 10,
      fill: '#555',
      anchor: scale.x(atS) > right - 20 ? 'end' : 'middle',
    }),
  ]);
  const isFree = (x: number): boolean => scale.ticks.every((atS) => Math.abs(scale.x(atS) - x) > 34);
  const cuts = scale.cuts.flatMap(({ x, width: wide, fromS, toS }) => [
    rectangle(x, top, wide, bottom - top, { fill: '#f4f1ea', hint: `nothing new for ${lasted(toS - fromS)}` }),
    ...(isFree(x + wide / 2) ? [lettering(x + wide / 2, bottom + 14, '⋯', { size: 12, fill: '#8a7f66', anchor: 'middle' })] : []),
  ]);
  const guides = canvas.timeline.entries.flatMap((entry) =>
    entry.lane === 'server'
      ? [stroke(scale.x(entry.atS), top, scale.x(entry.atS), bottom, { stroke: '#9aa1ab', dashed: true })]
      : [],
  );
  return [...cuts, ...ticks, ...guides];
}

/** Draws one configuration from `top` down; returns where it ends. */
function drawOne(
  drawn: Drawn,
  top: number,
  heading: string | undefined,
  line: string | undefined,
  scale: TimeScale,
): { readonly parts: readonly string[]; readonly bottom: number } {
  const { timeline, outcome, story } = drawn;
  const canvas: Canvas = { timeline, outcome, scale, at: instantIn(timeline.untilS), left, right };
  const parts: string[] = [];
  let y = top;
  if (heading !== undefined) {
    parts.push(lettering(24, y + 14, heading, { size: 15, bold: true }));
    y += 24;
  }
  for (const { text, tone } of story) {
    const fill = tone === 'bad' ? '#9a3412' : tone === 'good' ? '#166534' : '#222';
    const x = tone === 'heading' ? 24 : 40;
    for (const row of wrapped(text, right - x, 12)) {
      parts.push(lettering(x, y + 12, row, { size: 12, fill, bold: tone === 'heading' }));
      y += 17;
    }
  }
  y += 12;
  const lanesTop = y;
  const lanes: string[] = [];
  const add = (lane: { readonly parts: readonly string[]; readonly height: number }): void => {
    lanes.push(...lane.parts);
    y += lane.height;
  };
  add(serverBands(canvas, y));
  const shown = shownLines(outcome, line);
  for (const id of shown) {
    const own = outcome.lines.find((each) => each.line === id);
    if (own === undefined) continue;
    y += 8;
    const label = `line ${id}`;
    lanes.push(
      stroke(24, y, right, y, { stroke: '#c3c8cf' }),
      lettering(24, y + 16, label, { size: 13, bold: true }),
      lettering(24 + widthOf(label, 13, true) + 8, y + 16, own.mode, { size: 11, fill: '#666' }),
    );
    y += 24;
    for (const leg of own.legs) add(legLane(canvas, own, leg, y));
    add(routeLane(canvas, own, y));
    add(callLane(canvas, own, y));
    for (const lane of wireLanes(canvas, own, y)) add(lane);
  }
  const hidden = outcome.lines.length - shown.length;
  parts.push(...axis(canvas, canvas, lanesTop, y), ...lanes);
  y += 26;
  if (hidden > 0 && line === undefined) {
    parts.push(
      lettering(left, y + 4, `${hidden} more lines are not drawn; each kind of story is shown once.`, { size: 11, fill: '#666' }),
    );
    y += 16;
  }
  return { parts, bottom: y + bandHeight / 2 };
}

/** Swim-lanes of a drill: servers on top, then each line. Two configurations stand below each other on one scale of time. */
export function drawDrill(title: string, all: readonly Drawn[], line: string | undefined): string {
  const parts: string[] = [lettering(24, 34, title, { size: 20, bold: true })];
  const events = all.flatMap(({ timeline }) => eventsOf(timeline, line));
  const scale = timeScale(events, Math.max(...all.map(({ timeline }) => timeline.untilS)), left, right);
  let y = 50;
  for (const drawn of all) {
    const one = drawOne(drawn, y, all.length > 1 ? drawn.name : undefined, line, scale);
    parts.push(...one.parts);
    y = one.bottom;
  }
  const key = legend(
    all.flatMap(({ timeline }) => timeline.servers.map(({ name }) => name)),
    24,
    y,
    right,
  );
  return picture(width, y + key.height + 12, title, [...parts, ...key.parts]);
}
