import { spanText } from './decision-text.ts';

/* Instants and spans for people. */

/** Instants in the time of one place. */
export interface ClockText {
  /** `09:00:17.000`, with the day in front where it is not that of `nowMs`. */
  near(ms: number, nowMs: number): string;
  /** `2026-01-05 09:00:17.000 +01:00` */
  full(ms: number): string;
}

const minuteMs = 60_000;

function zone(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/** @param minutesAt how far the place is before UTC at an instant; that of this machine unless told */
export function createClockText(minutesAt: (ms: number) => number = (ms) => -new Date(ms).getTimezoneOffset() || 0): ClockText {
  const parts = (ms: number): readonly [day: string, time: string] => {
    const [day = '', time = ''] = new Date(Math.round(ms) + minutesAt(ms) * minuteMs).toISOString().split('T');
    return [day, time.replace('Z', '')];
  };
  return {
    near(ms, nowMs) {
      const [day, time] = parts(ms);
      return day === parts(nowMs)[0] ? time : `${day} ${time}`;
    },
    full: (ms) => `${parts(ms).join(' ')} ${zone(minutesAt(ms))}`,
  };
}

/** `16 s`, `12 min 4 s`, `3 h 20 min`, `2 d 5 h`: the two units that count. */
export function longSpanText(ms: number): string {
  if (ms < 99_950) return spanText(Math.max(0, ms));
  const seconds = Math.round(ms / 1000);
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  const first = units.findIndex(([, count]) => count > 0);
  const shown = units.slice(first, first + 2).filter(([, count]) => count > 0);
  return shown.map(([unit, count]) => `${count} ${unit}`).join(' ');
}

/** `+16.0 s` */
export const offsetText = (ms: number): string => `+${(ms / 1000).toFixed(1)} s`;
