import type { BaresipFigures } from './baresip.ts';
import type { Cost, Memory } from './lines.ts';

/** What one run of the bench found. Microseconds are of CPU time, user and system, of the measured process. */
export interface Figures {
  readonly machine: { readonly cpus: number; readonly model: string; readonly node: string };
  readonly codec: Readonly<Record<string, number>>;
  readonly charts: { readonly actorsUsPerEvent: number; readonly pooledUsPerEvent: number };
  readonly bus: { readonly perSecond: number };
  readonly growth: readonly Growth[];
  readonly steady: Steady | undefined;
  readonly calls: { readonly cpuUs: number; readonly up: number; readonly of: number } | undefined;
  readonly options: { readonly cpuUs: number; readonly answered: number; readonly of: number } | undefined;
  /** CPU of peers for the same work in this run, µs; undefined where a peer is not installed, or failed. */
  readonly peers: {
    readonly sippRegistrationUs: number | undefined;
    readonly sippCallUs: number | undefined;
    readonly baresip: BaresipFigures | undefined;
  };
}

/** A cold start of so many dual lines, all features on. */
export interface Growth {
  readonly lines: number;
  readonly coldS: number;
  readonly cpuUsPerRegistration: number;
  readonly rssKbPerLine: number;
  readonly heapKbPerLine: number;
  readonly allocatedKbPerRegistration: number;
  readonly delayMs: Cost['delayMs'];
}

export interface Steady {
  /** Challenged each time: REGISTER, 401, REGISTER, 200. */
  readonly fullUs: number;
  /** Cached nonce: REGISTER, 200. */
  readonly cachedUs: number;
  readonly perSecond: number;
  readonly delayMs: Cost['delayMs'];
}

export function growthOf(lines: number, cold: Cost, before: Memory, after: Memory): Growth {
  const registrations = lines * 2;
  return {
    lines,
    coldS: cold.wallS,
    cpuUsPerRegistration: (cold.cpuS / registrations) * 1e6,
    rssKbPerLine: ((after.rssMb - before.rssMb) * 1024) / lines,
    heapKbPerLine: ((after.heapMb - before.heapMb) * 1024) / lines,
    allocatedKbPerRegistration: (cold.allocatedMb * 1024) / registrations,
    delayMs: cold.delayMs,
  };
}

export const number = (value: number, digits = 1): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(digits);

/** The table for people. */
export function figuresText({ machine, codec, charts, bus, growth, steady, calls, options, peers }: Figures): string {
  const lines = [`${machine.cpus} CPUs, ${machine.model}, Node ${machine.node}. µs are CPU time of the process.`, ''];
  const row = (name: string, value: string, remark = ''): void =>
    void lines.push(`${name.padEnd(46)}${value.padStart(12)}  ${remark}`.trimEnd());
  const ratio = (ours: number, theirs: number | undefined, who: string, unit = 'µs'): string =>
    theirs === undefined
      ? `(no figure of ${who}: not installed, or it failed)`
      : `${(ours / theirs).toFixed(2)} x ${who} in this run (${number(theirs)} ${unit})`;
  const { baresip } = peers;
  if (steady !== undefined) {
    row(
      'registration, four packets with digest, µs',
      number(steady.fullUs),
      ratio(steady.fullUs, peers.sippRegistrationUs, 'SIPp'),
    );
    row('', '', ratio(steady.fullUs, baresip?.registrationUs, 'baresip'));
    row(
      'refresh with cached nonce, µs',
      number(steady.cachedUs),
      `${(steady.cachedUs / steady.fullUs).toFixed(2)} x a full registration`,
    );
    row('registrations a second and core', number(1e6 / steady.fullUs), `measured at ${number(steady.perSecond, 0)} a second`);
    row('CPU for 10,000 registrations, s', number(steady.fullUs / 100, 2));
    row('event loop delay, ms: p50 / p99 / max', delay(steady.delayMs));
  }
  if (calls !== undefined)
    row('call from INVITE to BYE, caller’s side, µs', number(calls.cpuUs), ratio(calls.cpuUs, peers.sippCallUs, 'SIPp'));
  if (options !== undefined) {
    row('OPTIONS in, 200 out, µs', number(options.cpuUs), `${options.answered} of ${options.of} answered`);
    row('', '', ratio(options.cpuUs, baresip?.optionsUs, 'baresip'));
  }
  for (const [name, perSecond] of Object.entries(codec)) row(`${name}, a CPU second`, number(perSecond, 0));
  row('chart event, µs: actors / pooled', `${charts.actorsUsPerEvent.toFixed(1)} / ${charts.pooledUsPerEvent.toFixed(1)}`);
  row('bus, messages a second', number(bus.perSecond, 0));
  lines.push('', 'dual lines    cold s   µs/registration   RSS KB/line   heap KB/line   KB allocated/reg   delay ms p50/p99/max');
  for (const each of growth) {
    const cells = [each.coldS, each.cpuUsPerRegistration, each.rssKbPerLine, each.heapKbPerLine, each.allocatedKbPerRegistration];
    const [cold, cpu, rss, heap, allocated] = cells.map((cell) => number(cell));
    lines.push(
      `${number(each.lines, 0).padStart(10)}${cold?.padStart(10)}${cpu?.padStart(18)}${rss?.padStart(14)}${heap?.padStart(15)}${allocated?.padStart(19)}   ${delay(each.delayMs)}`,
    );
  }
  const most = growth.at(-1);
  if (most !== undefined)
    row('RSS of a dual line, KB', number(most.rssKbPerLine), ratio(most.rssKbPerLine, baresip?.rssKbPerLine, 'baresip', 'KB'));
  return lines.join('\n');
}

const delay = ({ p50, p99, max }: Cost['delayMs']): string => [p50, p99, max].map((ms) => number(ms)).join(' / ');

/** Cost of a line as lines grow, drawn. Colours suit a light and a dark page. */
export function growthSvg(growth: readonly Growth[]): string {
  const width = 640;
  const height = 320;
  const left = 60;
  const base = height - 50;
  const most = Math.max(...growth.map(({ rssKbPerLine, heapKbPerLine }) => Math.max(rssKbPerLine, heapKbPerLine)), 1) * 1.15;
  const least = Math.log10(Math.min(...growth.map(({ lines }) => lines)));
  const span = Math.max(Math.log10(Math.max(...growth.map(({ lines }) => lines))) - least, 0.01);
  const x = (lines: number): number => left + ((Math.log10(lines) - least) / span) * (width - left - 40);
  const y = (kb: number): number => base - (kb / most) * (base - 40);
  const curve = (name: string, colour: string, value: (each: Growth) => number): string => {
    const points = growth.map((each) => `${x(each.lines).toFixed(1)},${y(value(each)).toFixed(1)}`);
    const last = growth.at(-1);
    const label =
      last === undefined
        ? ''
        : `<text x="${width - 38}" y="${y(value(last)) - 8}" text-anchor="end" fill="${colour}">${name}</text>`;
    const dots = growth.map(
      (each) => `<circle cx="${x(each.lines).toFixed(1)}" cy="${y(value(each)).toFixed(1)}" r="3" fill="${colour}"/>`,
    );
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${label}`;
  };
  const ticks = growth.map(
    ({ lines }) => `<text x="${x(lines)}" y="${base + 20}" text-anchor="middle">${number(lines, 0)}</text>`,
  );
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const kb = (most / 1.15) * part;
    return `<text x="${left - 8}" y="${y(kb) + 4}" text-anchor="end">${kb.toFixed(0)}</text><line x1="${left}" x2="${width - 40}" y1="${y(kb)}" y2="${y(kb)}" stroke="#8884"/>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#777">` +
    `<title>Memory of a dual line as lines grow</title><text x="${left}" y="20" font-size="14">KB for each dual line, after all are registered</text>${marks.join('')}` +
    `${curve('resident', '#3b82f6', ({ rssKbPerLine }) => rssKbPerLine)}${curve('heap', '#f59e0b', ({ heapKbPerLine }) => heapKbPerLine)}${ticks.join('')}` +
    `<text x="${width / 2}" y="${height - 10}" text-anchor="middle">dual lines in one process</text></svg>\n`
  );
}
