import { wallClockMs } from '@offhook/core';
import { type Diagnosis, diagnose } from './doctor-report.ts';

const clock = diagnose('machine');
const oldestYear = 2024;
const latestYear = 2100;
/** More than a clock that is merely being slewed gains in seconds. */
const stepMs = 250;

/** The two clocks of one instant, ms. */
interface Reading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Compares the wall clock with the monotonic one from its creation on. `monotonicMs` tells the latter. */
export function createClockCheck(monotonicMs: () => number, wallMs: () => number = wallClockMs) {
  const read = (): Reading => ({ wallMs: wallMs(), monotonicMs: monotonicMs() });
  const first = read();
  return {
    check(): readonly Diagnosis[] {
      const last = read();
      const shown = `${new Date(last.wallMs).toISOString().slice(0, 19)}Z`;
      const year = new Date(last.wallMs).getUTCFullYear();
      if (year < oldestYear || year > latestYear) {
        const why = 'Certificates are judged by this clock, and stored registrations end by it: none of them would be right.';
        return [
          clock('error', 'clock.year', { subject: 'clock', seen: shown, why, remedy: 'Set the clock, and run an NTP client.' }),
        ];
      }
      const jumpMs = Math.abs(last.wallMs - first.wallMs - (last.monotonicMs - first.monotonicMs));
      if (jumpMs > stepMs) {
        const seen = `${shown}; it jumped by ${Math.round(jumpMs)} ms while this was running`;
        const why = 'Timers do not follow such a jump, but times in logs and stored registrations do.';
        const remedy = 'Find what sets the clock; let an NTP client slew it instead.';
        return [clock('warning', 'clock.jump', { subject: 'clock', seen, why, remedy })];
      }
      return [clock('ok', 'clock', { subject: 'clock', seen: shown })];
    },
  };
}
