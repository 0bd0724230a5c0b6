import type { Drill, Fleet, Timeline } from '@offhook/lab';
import type { Paint } from '../paint.ts';
import { instantIn, lasted } from './instant.ts';

type Counts = readonly (readonly [second: number, count: number])[];

/** What a storm comes to, for each server. */
export interface ServerTotals {
  readonly server: string;
  readonly registers: number;
  readonly peak: { readonly perSecond: number; readonly atS: number };
  /** From its last return until it held as many registrations as ever before; undefined when it never was away or never recovered. */
  readonly recoveryS?: number;
}

export function fleetTotals({ registers, held, servers }: Fleet): readonly ServerTotals[] {
  return registers.map(({ server, perSecond }) => {
    const peak = perSecond.reduce<readonly [number, number]>((most, each) => (each[1] > most[1] ? each : most), [0, 0]);
    const back = servers.findLast((each) => each.server === server && each.state === 'up');
    const counts = held.find((each) => each.server === server)?.perSecond ?? [];
    const full = Math.max(0, ...counts.filter(([second]) => back === undefined || second < back.atS).map(([, count]) => count));
    const whole = back === undefined ? undefined : counts.find(([second, count]) => second >= back.atS && count >= full);
    return {
      server,
      registers: perSecond.reduce((sum, [, count]) => sum + count, 0),
      peak: { perSecond: peak[1], atS: peak[0] },
      ...(back === undefined || whole === undefined ? {} : { recoveryS: whole[0] - back.atS }),
    };
  });
}

const bars = 40;
const rowsWanted = 24;
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

/** The highest second of each step of time: what a server must bear. */
export function peaksIn(counts: Counts, fromS: number, toS: number, stepS: number): readonly number[] {
  const peaks = Array.from({ length: Math.ceil((toS - fromS) / stepS) }, () => 0);
  for (const [second, count] of counts) {
    const i = Math.floor((second - fromS) / stepS);
    if (i >= 0 && i < peaks.length) peaks[i] = Math.max(peaks[i] ?? 0, count);
  }
  return peaks;
}

function histogram({ server, perSecond }: Fleet['registers'][number], fleet: Fleet, untilS: number, paint: Paint): string {
  const at = instantIn(untilS);
  const stepS = steps.find((each) => untilS / each <= rowsWanted) ?? 3_600;
  const peaks = peaksIn(perSecond, 0, untilS, stepS);
  const most = Math.max(...peaks, 1);
  const rows = peaks.map((peak, i) => {
    const fromS = i * stepS;
    const acts = fleet.servers.filter((each) => each.server === server && each.atS >= fromS && each.atS < fromS + stepS);
    const note = acts.length === 0 ? '' : `  ${acts.map(({ state, atS }) => `${state} at ${at(atS)}`).join(', ')}`;
    const bar = peak === 0 ? '' : '█'.repeat(Math.max(1, Math.round((peak / most) * bars)));
    return `  ${at(fromS).padStart(9)}  ${String(peak).padStart(6)}  ${bar}${paint.bold(note)}`;
  });
  return [paint.bold(`REGISTER/s at ${server}: the highest second of every ${lasted(stepS)}`), ...rows].join('\n');
}

/** A storm as text: totals, then a histogram for each server. */
export function fleetText({ title, about }: Drill, fleet: Fleet, timeline: Timeline, paint: Paint): string {
  const at = instantIn(timeline.untilS);
  const totals = fleetTotals(fleet).map(({ server, registers, peak, recoveryS }) => {
    const host = timeline.servers.find(({ name }) => name === server)?.host ?? '';
    const recovery = recoveryS === undefined ? '' : `; all registered again ${lasted(recoveryS)} after its return`;
    return `  ${server} ${host}: ${registers} REGISTERs, at most ${peak.perSecond} in one second (at ${at(peak.atS)})${recovery}`;
  });
  const { placed, answered, failed } = fleet.calls;
  const calls = placed === 0 ? [] : [`  ${placed} calls: ${answered} answered, ${failed} failed`];
  return [
    paint.bold(title),
    ...(about === '' ? [] : [about]),
    `${fleet.lines} lines, ${lasted(timeline.untilS)}`,
    ...totals,
    ...calls,
    '',
    ...fleet.registers.map((each) => `${histogram(each, fleet, timeline.untilS, paint)}\n`),
  ].join('\n');
}
