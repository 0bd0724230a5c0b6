import { lettering, picture, rectangle, stroke } from '../../../src/drill/svg.ts';

/** Requests of one server, by when they came, ms. */
export interface Arrivals {
  readonly server: string;
  readonly atMs: readonly number[];
}

export interface RateCurve {
  readonly title: string;
  readonly servers: readonly Arrivals[];
  /** Requests a second that were allowed at each of them. */
  readonly bound: number;
  /** What happened, and when, ms. */
  readonly marks: readonly { readonly atMs: number; readonly what: string }[];
}

/** The most that came within any one second, wherever it begins. */
export function mostInOneSecond(atMs: readonly number[]): number {
  const sorted = [...atMs].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const size = { width: 960, left: 64, right: 936, chart: 150, step: 200 };

/** REGISTER/s at each server from second to second. */
export function drawRates({ title, servers, bound, marks }: RateCurve): string {
  const all = [...servers.flatMap(({ atMs }) => atMs), ...marks.map(({ atMs }) => atMs)];
  const fromMs = Math.min(...all) - 1_000;
  const seconds = Math.ceil((Math.max(...all) - fromMs) / 1_000) + 1;
  const top = bound * 1.15;
  const x = (atMs: number): number => size.left + ((atMs - fromMs) / 1_000 / seconds) * (size.right - size.left);
  const parts = [lettering(24, 34, title, { size: 18, bold: true })];
  for (const [i, { server, atMs }] of servers.entries()) {
    const base = 60 + i * size.step + size.chart;
    const y = (perS: number): number => base - (perS / top) * size.chart;
    const perSecond = Array.from(
      { length: seconds },
      (_, n) => atMs.filter((at) => Math.floor((at - fromMs) / 1_000) === n).length,
    );
    const most = mostInOneSecond(atMs);
    parts.push(
      lettering(size.left, base - size.chart + 2, `${server}: ${atMs.length} REGISTER, at most ${most} in one second`, {
        size: 12,
        bold: true,
      }),
      ...[0, bound / 2, bound].map((level) => lettering(size.left - 8, y(level) + 4, String(level), { size: 10, anchor: 'end' })),
      stroke(size.left, base, size.right, base, { stroke: '#888' }),
      stroke(size.left, y(bound), size.right, y(bound), { stroke: '#b3261e', dashed: true }),
      ...perSecond.flatMap((count, n) =>
        count === 0
          ? []
          : [
              rectangle(x(fromMs + n * 1_000), y(count), (size.right - size.left) / seconds - 1, base - y(count), {
                fill: '#3b6ea5',
                hint: `second ${n}: ${count}`,
              }),
            ],
      ),
      ...marks.flatMap(({ atMs: at, what }, n) => [
        stroke(x(at), base - size.chart + 10, x(at), base, { stroke: '#9a5b00', dashed: true }),
        lettering(x(at) - 4, base - size.chart + 24 + 12 * n, what, { size: 10, fill: '#9a5b00', anchor: 'end' }),
      ]),
      ...Array.from({ length: Math.floor(seconds / 5) + 1 }, (_, n) =>
        lettering(x(fromMs + n * 5_000), base + 14, `${n * 5} s`, { size: 10, fill: '#555', anchor: 'middle' }),
      ),
    );
  }
  return picture(size.width, 60 + servers.length * size.step, title, parts);
}
