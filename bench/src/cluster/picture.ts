import { number } from '../figures.ts';
import { type ClusterFigures, clusterUs, type TimedMovements } from './figures.ts';

/** The figures drawn: what a registration costs, how a dead host is replaced, what a move costs a line. Colours suit a light and a dark page. */

const width = 760;
const left = 170;
const right = 120;
const barHeight = 20;
const rowHeight = 30;
const colours = { host: '#3b82f6', edge: '#10b981', server: '#f59e0b', alone: '#8b5cf6', silent: '#94a3b8' } as const;

interface Part {
  readonly name: string;
  readonly colour: string;
  readonly value: number;
}

interface Bar {
  readonly name: string;
  readonly parts: readonly Part[];
  /** Behind the bar. */
  readonly words: string;
}

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${more}>${words}</text>`;

/** A heading, a legend and bars, all of one scale, from `top` down. */
function panel(top: number, title: string, bars: readonly Bar[]): { readonly svg: string; readonly bottom: number } {
  const sum = ({ parts }: Bar): number => parts.reduce((total, { value }) => total + value, 0);
  const scale = (width - left - right) / Math.max(...bars.map(sum), 1e-9);
  const legend = [...new Map(bars.flatMap(({ parts }) => parts).map((part) => [part.name, part.colour]))];
  let x = 20;
  const keys = legend.map(([name, colour]) => {
    const at = x;
    x += 30 + name.length * 6.6;
    return `<rect x="${at}" y="${top + 12}" width="10" height="10" fill="${colour}"/>${text(at + 15, top + 21, name)}`;
  });
  const rows = bars.map((bar, i) => {
    const y = top + 36 + i * rowHeight;
    let from = left;
    const parts = bar.parts.map(({ value, colour }) => {
      const at = from;
      from += value * scale;
      return `<rect x="${at.toFixed(1)}" y="${y}" width="${Math.max(0, value * scale).toFixed(1)}" height="${barHeight}" fill="${colour}"/>`;
    });
    const middle = y + barHeight / 2 + 4;
    return `${text(left - 8, middle, bar.name, ' text-anchor="end"')}${parts.join('')}${text(from + 6, middle, bar.words)}`;
  });
  const heading = text(20, top, title, ' font-size="14"');
  return { svg: `${heading}${keys.join('')}${rows.join('')}`, bottom: top + 36 + bars.length * rowHeight };
}

function workBars({ lines }: ClusterFigures): readonly Bar[] {
  return lines.flatMap(({ lines: count, overNats: { full }, inProcess }) => [
    {
      name: `${number(count, 0)} lines, cluster`,
      words: `${number(clusterUs(full), 0)} µs`,
      parts: [
        { name: 'line hosts', colour: colours.host, value: full.hostUs },
        { name: 'edges', colour: colours.edge, value: full.edgeUs },
        { name: 'nats-server', colour: colours.server, value: full.natsServerUs },
      ],
    },
    {
      name: 'in one process',
      words: `${number(inProcess.full.phoneUs, 0)} µs`,
      parts: [{ name: 'one process', colour: colours.alone, value: inProcess.full.phoneUs }],
    },
  ]);
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

function takeoverBars(movements: readonly TimedMovements[]): readonly Bar[] {
  return movements.map(({ timing, takeover: { deadMs, ownedMs, answeredMs, lines } }) => ({
    name: `${timing}, ${number(lines, 0)} lines`,
    words: seconds(answeredMs.max),
    parts: [
      { name: 'silent, not yet declared dead', colour: colours.silent, value: deadMs },
      { name: 'until every line has an owner', colour: colours.server, value: ownedMs.max - deadMs },
      { name: 'until every line answers', colour: colours.host, value: Math.max(0, answeredMs.max - ownedMs.max) },
    ],
  }));
}

function gapBars(movements: readonly TimedMovements[]): readonly Bar[] {
  return movements.flatMap(({ timing, rejoin, drain }) =>
    [
      { name: `${timing}, host is back`, gap: rejoin.gapMs },
      { name: `${timing}, host is drained`, gap: drain.gapMs },
    ].map(({ name, gap: { p50, p99 } }) => ({
      name,
      words: `${number(p50, 0)} / ${number(p99, 0)} ms`,
      parts: [
        { name: 'half of the lines', colour: colours.edge, value: p50 },
        { name: '99 of 100', colour: colours.silent, value: Math.max(0, p99 - p50) },
      ],
    })),
  );
}

export function clusterSvg(figures: ClusterFigures): string {
  const { movements } = figures;
  const panels: string[] = [];
  let top = 28;
  const add = (title: string, bars: readonly Bar[]): void => {
    if (bars.length === 0) return;
    const { svg, bottom } = panel(top, title, bars);
    panels.push(svg);
    top = bottom + 34;
  };
  add('CPU of one registration, four packets with digest', workBars(figures));
  add('A host is killed: how long its lines are without one', takeoverBars(movements));
  add('Lines move while both hosts live: the longest a line does not answer', gapBars(movements));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top - 14}" font-family="sans-serif" font-size="12" fill="#777">` +
    `<title>What a cluster costs, and how its lines move</title>${panels.join('')}</svg>\n`
  );
}
