import type { Explanation, LegStatus } from '@offhook/runtime';
import { type ClockText, createClockText, longSpanText } from '../clock-text.ts';
import { legState, routeWords } from '../explain-words.ts';
import { type Chart, drawChart } from './chart.ts';
import { lineCharts } from './line-chart.ts';
import { legendPanel, nextPanel, type Panel, requestPanel, serversPanel, titleHeight } from './panels.ts';
import { box, clip, group, ink, sheet, text } from './paper.ts';
import { registrationChart } from './registration-chart.ts';

/* `offhook explain --svg`: charts on the left, what the line knows and plans on the right. */

interface Placed extends Panel {
  readonly title: string;
}

const margin = 24;
const gap = 16;
const headHeight = 92;
const chartPad = 10;
const leftWidth = registrationChart.width + 2 * chartPad;
const rightWidth = 540;
const width = margin + leftWidth + gap + rightWidth + margin;

const chartPanel = (title: string, chart: Chart, active: string): Placed => ({
  title,
  height: titleHeight + chart.height + chartPad,
  content: [group(drawChart(chart, active), chartPad, titleHeight)],
});

const registrationPanel = (found: Explanation, leg: LegStatus): Placed => {
  const whose = found.servers === undefined ? `of the ${leg.leg}` : 'of the line';
  return chartPanel(`Registration ${whose}, ${legState(leg)} at ${leg.server}`, registrationChart, leg.registration);
};

/** State of the line chart: those of a mode bear its name. */
function activeState({ mode, route }: Explanation): string {
  const chart = lineCharts[mode];
  return chart?.states.some(({ id }) => id === `${mode}.${route}`) === true ? `${mode}.${route}` : route;
}

function stack(
  panels: readonly Placed[],
  x: number,
  panelWidth: number,
): { readonly height: number; readonly content: string[] } {
  let y = headHeight;
  const content: string[] = [];
  for (const { title, height, content: inner } of panels) {
    const head = text(16, 23, clip(title, panelWidth - 32, 14), { size: 13, isBold: true });
    content.push(group([box(0, 0, panelWidth, height, { radius: 10 }), head, ...inner], x, y));
    y += height + gap;
  }
  return { height: y, content };
}

function heading(found: Explanation, clock: ClockText): readonly string[] {
  const { id, atMs, mode, because, routeSinceMs } = found;
  const since = `since ${clock.near(routeSinceMs, atMs)} (${longSpanText(atMs - routeSinceMs)})`;
  const all = width - 2 * margin;
  const mainText = clip(`${id}: ${routeWords(found)}`, all, 22);
  return [
    text(margin, 38, mainText, { size: 20, isBold: true }),
    text(margin, 60, clip(`${since}; as of ${clock.full(atMs)}`, all, 13), { size: 13, fill: ink.faint }),
    text(margin, 79, clip(`Mode ${mode}: ${because.because}, by rule ${because.rule}`, all, 13), { size: 13, fill: ink.faint }),
  ];
}

/** The diagram of an explanation, as one SVG document. */
export function explanationSvg(found: Explanation, clock: ClockText = createClockText()): string {
  const chart = lineCharts[found.mode];
  const left = [
    ...(chart === undefined ? [] : [chartPanel(`Line chart, mode ${found.mode}`, chart, activeState(found))]),
    ...found.legs.map((leg) => registrationPanel(found, leg)),
  ];
  const right = [
    { title: 'Servers, in the order they are tried', ...serversPanel(found, rightWidth, clock) },
    { title: 'Next scheduled moves', ...nextPanel(found, rightWidth, clock) },
    { title: 'If a call were placed now', ...requestPanel(found, rightWidth) },
    { title: 'Legend', ...legendPanel() },
  ];
  const columns = [stack(left, margin, leftWidth), stack(right, margin + leftWidth + gap, rightWidth)];
  const height = Math.max(...columns.map((column) => column.height)) + margin - gap;
  const title = `offhook explain ${found.id}`;
  const about = `State of line ${found.id} at ${clock.full(found.atMs)}: its charts with the active states lit, its servers, its next moves.`;
  return sheet(width, height, title, about, [...heading(found, clock), ...columns.flatMap(({ content }) => content)]);
}
