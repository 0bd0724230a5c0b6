import type { Fleet, Timeline } from '@offhook/lab';
import { serverColour, serverColours } from './colours.ts';
import { fleetTotals, peaksIn } from './fleet-text.ts';
import { instantIn, lasted } from './instant.ts';
import { lettering, picture, rectangle, stroke } from './svg.ts';
import { timeScale } from './time-scale.ts';

const width = 1_280;
const left = 110;
const right = width - 24;
const chartHeight = 130;

/** A round number at or above it. */
function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((each) => each * unit).find((each) => each >= value) ?? value;
}

/** REGISTER/s at each server through the drill, with how many registrations it held. */
export function drawFleet(title: string, fleet: Fleet, { untilS, servers }: Timeline): string {
  const scale = timeScale(undefined, untilS, left, right);
  const at = instantIn(untilS);
  const names = servers.map(({ name }) => name);
  const totals = fleetTotals(fleet);
  const stepS = Math.max(1, Math.ceil(untilS / (right - left)));
  const parts = [
    lettering(24, 34, title, { size: 20, bold: true }),
    lettering(
      24,
      56,
      `${fleet.lines} lines, ${lasted(untilS)}. REGISTER per second at each server, repetitions counted; the line shows registrations held.`,
      { size: 12, fill: '#444' },
    ),
  ];
  let y = 76;
  for (const { server, perSecond } of fleet.registers) {
    const own = totals.find((each) => each.server === server);
    const host = servers.find(({ name }) => name === server)?.host ?? '';
    const recovery = own?.recoveryS === undefined ? '' : `, all registered again ${lasted(own.recoveryS)} after its return`;
    const peak = own?.peak ?? { perSecond: 0, atS: 0 };
    parts.push(
      lettering(24, y + 14, `${server} ${host}: at most ${peak.perSecond} in one second, at ${at(peak.atS)}${recovery}`, {
        size: 13,
        bold: true,
      }),
    );
    const top = y + 26;
    const bottom = top + chartHeight;
    const most = roundUp(peak.perSecond);
    const acts = fleet.servers.filter((each) => each.server === server);
    for (const [i, { atS, state }] of acts.entries()) {
      const toS = acts[i + 1]?.atS ?? untilS;
      if (state === 'up') continue;
      parts.push(
        rectangle(scale.x(atS), top, scale.x(toS) - scale.x(atS), chartHeight, {
          fill: serverColours[state] ?? '#999',
          opacity: 0.16,
        }),
        lettering(scale.x(atS) + 5, top + 13, `${state} from ${at(atS)}`, { size: 11, fill: '#333' }),
      );
    }
    for (const share of [0, 0.5, 1]) {
      const level = bottom - share * chartHeight;
      parts.push(
        stroke(left, level, right, level, { stroke: '#e1e4e8' }),
        lettering(left - 8, level + 4, String(Math.round(most * share * 10) / 10), { size: 10, fill: '#555', anchor: 'end' }),
      );
    }
    for (const [i, count] of peaksIn(perSecond, 0, untilS, stepS).entries()) {
      const tall = (count / most) * chartHeight;
      const x = scale.x(i * stepS);
      if (count > 0)
        parts.push(
          rectangle(x, bottom - tall, Math.max(1, scale.x((i + 1) * stepS) - x), tall, { fill: serverColour(names, server) }),
        );
    }
    const held = fleet.held.find((each) => each.server === server)?.perSecond ?? [];
    const full = Math.max(1, ...held.map(([, count]) => count));
    const level = (count: number): number => bottom - (count / full) * chartHeight;
    for (const [i, [second, count]] of held.entries()) {
      const [nextS, next] = held[i + 1] ?? [untilS, count];
      parts.push(
        stroke(scale.x(second), level(count), scale.x(nextS), level(count), { stroke: '#3f9b6c', width: 1.6 }),
        stroke(scale.x(nextS), level(count), scale.x(nextS), level(next), { stroke: '#3f9b6c', width: 1.6 }),
      );
    }
    parts.push(
      lettering(right, top - 4, `green line: registrations held, ${full} at the top`, {
        size: 10.5,
        fill: '#2c7a52',
        anchor: 'end',
      }),
    );
    for (const atS of scale.ticks)
      parts.push(
        lettering(scale.x(atS), bottom + 14, at(atS), {
          size: 10,
          fill: '#555',
          anchor: scale.x(atS) > right - 20 ? 'end' : 'middle',
        }),
      );
    y = bottom + 30;
  }
  return picture(width, y + 4, title, parts);
}
