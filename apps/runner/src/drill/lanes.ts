import type { CallOutcome, LineOutcome, Outcome, Timeline } from '@offhook/lab';
import {
  failedColour,
  lettersOn,
  registrationColours,
  registrationWords,
  serverColour,
  serverColours,
  waitingColour,
} from './colours.ts';
import { lasted } from './instant.ts';
import { lettering, rectangle, stroke, widthOf } from './svg.ts';
import type { TimeScale } from './time-scale.ts';

/* The lanes of a drill's picture. Each is drawn from `top` down and says how high it is. */

export interface Canvas {
  readonly timeline: Timeline;
  readonly outcome: Outcome;
  readonly scale: TimeScale;
  readonly at: (atS: number) => string;
  readonly left: number;
  readonly right: number;
}

export interface Lane {
  readonly parts: readonly string[];
  readonly height: number;
}

export const bandHeight = 17;
const gap = 4;

const laneLabel = ({ left }: Canvas, top: number, text: string): string =>
  lettering(left - 10, top + 12.5, text, { size: 11, fill: '#444', anchor: 'end' });

/** A stretch of colour with its name in it: the longest one that there is room for. */
function band(
  canvas: Canvas,
  top: number,
  span: { readonly fromS: number; readonly toS: number },
  fill: string,
  names: readonly string[],
  hint: string,
) {
  const { scale } = canvas;
  const [from, to] = [scale.x(span.fromS), scale.x(span.toS)];
  const parts = [rectangle(from, top, to - from, bandHeight, { fill, hint })];
  const name = names.find((each) => widthOf(each, 10.5) + 8 <= to - from);
  if (name !== undefined)
    parts.push(lettering((from + to) / 2, top + 12, name, { size: 10.5, fill: lettersOn(fill), anchor: 'middle' }));
  return parts;
}

const spanHint = ({ at }: Canvas, name: string, { fromS, toS }: { readonly fromS: number; readonly toS: number }): string =>
  `${name}: ${at(fromS)} to ${at(toS)} (${lasted(toS - fromS)})`;

/** `silent, 100 s to 900 s`; what holds throughout needs no instants. */
const named = (
  { at, outcome }: Canvas,
  name: string,
  { fromS, toS }: { readonly fromS: number; readonly toS: number },
): string =>
  fromS === 0 && toS >= outcome.untilS
    ? name
    : fromS === 0
      ? `${name} until ${at(toS)}`
      : toS >= outcome.untilS
        ? `${name} from ${at(fromS)}`
        : `${name}, ${at(fromS)} to ${at(toS)}`;

export function serverBands(canvas: Canvas, top: number): Lane {
  const { outcome, timeline } = canvas;
  const parts = outcome.servers.flatMap(({ server, spans }, i) => {
    const y = top + i * (bandHeight + gap);
    const host = timeline.servers.find(({ name }) => name === server)?.host ?? '';
    const label = host === server || widthOf(`${server} ${host}`, 11) > canvas.left - 30 ? server : `${server} ${host}`;
    return [
      laneLabel(canvas, y, label),
      ...spans.flatMap((span) => {
        const said = timeline.entries.find(
          (entry) => entry.lane === 'server' && entry.server === server && entry.atS === span.fromS,
        );
        const name = span.state === 'failing' ? (said?.text ?? 'failing').replace(`${server} `, '') : span.state;
        const fill = serverColours[span.state] ?? '#999';
        return band(canvas, y, span, fill, [named(canvas, name, span), name], spanHint(canvas, `${server} ${name}`, span));
      }),
    ];
  });
  return { parts, height: outcome.servers.length * (bandHeight + gap) };
}

export function legLane(canvas: Canvas, line: LineOutcome, leg: LineOutcome['legs'][number], top: number): Lane {
  const servers = [...new Set(leg.spans.map(({ server }) => server))];
  const parts = leg.spans.flatMap((span) => {
    const word = registrationWords[span.state] ?? span.state;
    const name = servers.length > 1 && span.state !== 'off' ? `${word} at ${span.server}` : word;
    return band(
      canvas,
      top,
      span,
      registrationColours[span.state] ?? '#999',
      [name],
      spanHint(canvas, `line ${line.line}: ${word} at ${span.server}`, span),
    );
  });
  const where = servers.length === 1 ? ` at ${servers[0]}` : '';
  return { parts: [laneLabel(canvas, top, `registration${where}`), ...parts], height: bandHeight + gap };
}

export function routeLane(canvas: Canvas, line: LineOutcome, top: number): Lane {
  const names = canvas.outcome.servers.map(({ server }) => server);
  const parts = line.route.flatMap((span) => {
    const name = span.state === 'none' ? 'nowhere' : span.state;
    return band(
      canvas,
      top,
      span,
      serverColour(names, span.state),
      [named(canvas, name, span), name],
      spanHint(canvas, `new calls go to ${name}`, span),
    );
  });
  return { parts: [laneLabel(canvas, top, 'new calls go to'), ...parts], height: bandHeight + gap };
}

const callLabel = (call: CallOutcome): string => {
  if (call.failure !== undefined) return `failed: ${call.failure}`;
  const waitS = (call.upS ?? call.atS) - call.atS;
  const by = call.servers.at(-1) ?? '';
  return call.direction === 'incoming' ? `incoming by ${by}` : waitS >= 1 ? `${by} after ${lasted(waitS)}` : `by ${by}`;
};

/** Calls as bars: yellow while it waits, the colour of the server that carries it afterwards. Labels that would meet go a row down. */
export function callLane(canvas: Canvas, line: LineOutcome, top: number): Lane {
  if (line.calls.length === 0) return { parts: [], height: 0 };
  const { scale, outcome } = canvas;
  const names = outcome.servers.map(({ server }) => server);
  const rowEnds: number[] = [];
  const rowHeight = 12;
  const parts = line.calls.flatMap((call) => {
    const endS = call.endS ?? outcome.untilS;
    const [from, up, end] = [scale.x(call.atS), scale.x(call.upS ?? endS), scale.x(endS)];
    const label = callLabel(call);
    const width = widthOf(label, 10);
    const x = Math.min(from, canvas.right - width);
    let row = rowEnds.findIndex((until) => until + 6 < x);
    if (row < 0 && rowEnds.length < 3) row = rowEnds.push(0) - 1;
    if (row >= 0) rowEnds[row] = x + width;
    const isFailed = call.failure !== undefined;
    const hint = `call ${call.call} at ${canvas.at(call.atS)}: ${label}`;
    const bar = [
      rectangle(from, top + 3, up - from, 11, { fill: isFailed ? failedColour : waitingColour, hint }),
      ...(call.upS === undefined
        ? []
        : [rectangle(up, top + 3, end - up, 11, { fill: serverColour(names, call.servers.at(-1) ?? ''), hint })]),
    ];
    if (row < 0) return bar;
    return [
      ...bar,
      lettering(x, top + bandHeight + 8 + row * rowHeight, label, { size: 10, fill: isFailed ? failedColour : '#333' }),
    ];
  });
  return { parts: [laneLabel(canvas, top, 'calls'), ...parts], height: bandHeight + rowEnds.length * rowHeight + gap };
}

/** Requests to each server: tall for calls, short for registrations, pale when nothing came of it on the wire. */
export function wireLanes(canvas: Canvas, line: LineOutcome, top: number): readonly Lane[] {
  const { scale, timeline } = canvas;
  const names = canvas.outcome.servers.map(({ server }) => server);
  const own = timeline.entries.flatMap((entry) =>
    entry.lane === 'wire' &&
    entry.line === line.line &&
    entry.direction === 'out' &&
    entry.status === undefined &&
    entry.method !== 'ACK'
      ? [entry]
      : [],
  );
  const used = [...new Set(own.map(({ server }) => server))].sort();
  return used.map((server, i) => {
    const y = top + i * (bandHeight + 2);
    const marks = new Map<string, string>();
    for (const { atS, method, dropped, again } of own.filter((each) => each.server === server)) {
      const x = scale.x(atS);
      const tall = method === 'REGISTER' ? 7 : 14;
      // A mark for each place and kind: what falls on the same spot is drawn once.
      const key = `${x.toFixed(1)} ${tall} ${dropped !== undefined}`;
      const look = { stroke: serverColour(names, server), width: 1.4, ...(dropped === undefined ? {} : { opacity: 0.45 }) };
      const hint = `${canvas.at(atS)} ${method} to ${server}${again === true ? ', again' : ''}${dropped === undefined ? '' : `, lost (${dropped})`}`;
      if (!marks.has(key)) marks.set(key, stroke(x, y + 15, x, y + 15 - tall, { ...look, hint }));
    }
    const base = stroke(canvas.left, y + 15.5, canvas.right, y + 15.5, { stroke: '#d4d8dd' });
    return { parts: [laneLabel(canvas, y, `sent to ${server}`), base, ...marks.values()], height: bandHeight + 2 };
  });
}
