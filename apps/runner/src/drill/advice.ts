import { matchesRsc, type RuntimeConfig } from '@offhook/core';
import type { Outcome, Timeline } from '@offhook/lab';
import { lasted } from './instant.ts';

/* What to change, by what a drill has shown. Each names the parameter and where it stands. */

/** A wait is taken for SIP Timer B when it is nearly as long. */
const nearlyS = 0.5;

const words = (values: Iterable<string>): string => [...new Set(values)].slice(0, 4).join(', ');

const someLines = (lines: Outcome['lines']): string =>
  `${words(lines.map(({ line }) => line))}${lines.length > 4 ? ` and ${lines.length - 4} more` : ''}`;

function aboutWaiting(outcome: Outcome, config: RuntimeConfig): string | undefined {
  const { sipTimerB } = config.phone;
  const waits = outcome.lines.flatMap(({ calls }) =>
    calls.flatMap(({ atS, upS, servers }) => (upS === undefined || servers.length < 2 ? [] : [upS - atS])),
  );
  if (!waits.some((waitS) => waitS >= sipTimerB - nearlyS)) return undefined;
  const expires = Math.max(...config.lines.map(({ ext }) => ext.registerExpires));
  return `Calls waited ${lasted(Math.max(...waits))} for a server that did not answer: SIP Timer B (phone.sipTimerB) is ${sipTimerB} s. A lower one moves them sooner. A lower Register Expires (registerExpires, now ${expires} s) makes lines notice sooner that a server is dead, and then calls do not wait at all.`;
}

function aboutCodes(outcome: Outcome, config: RuntimeConfig): string | undefined {
  const codes = outcome.lines.flatMap(({ calls, legs, mode }) =>
    mode === 'single' || legs.length === 0
      ? []
      : calls.flatMap(({ failure = '', servers }) =>
          /^[45]\d\d$/.test(failure) && servers.length === 1 && !matchesRsc(config.phone.tryBackupRsc, Number(failure))
            ? [failure]
            : [],
        ),
  );
  const retriable = codes.filter((code) => Number(code) >= 500);
  if (retriable.length === 0) return undefined;
  return `Calls failed with ${words(retriable)} and were tried nowhere else. Try Backup RSC (phone.tryBackupRsc: "5??") sends such calls to the other server.`;
}

function aboutLongWaits({ entries }: Timeline, config: RuntimeConfig): string | undefined {
  const refused = entries.flatMap((entry) =>
    'decision' in entry && entry.rule === '5.4:long' ? [String(entry.decision.inputs.code ?? '')] : [],
  );
  if (refused.length === 0) return undefined;
  const { regRetryLongIntvl, regRetryIntvl } = config.phone;
  return `After a REGISTER was refused with ${words(refused)} the line waited ${lasted(regRetryLongIntvl)} (Reg Retry Long Intvl). Codes in Retry Reg RSC (phone.retryRegRsc: "5??") are tried again after ${regRetryIntvl} s.`;
}

function aboutOneServer(outcome: Outcome): string | undefined {
  const lines = outcome.lines.filter(
    ({ mode, unreachable, legs }) =>
      mode === 'single' && legs.length > 0 && unreachable.some(({ fromS, toS }) => fromS > 0 && toS - fromS >= 1),
  );
  if (lines.length === 0) return undefined;
  return `Line ${someLines(lines)} knows one server only. Set Alternate Proxy (alternateProxy) and Dual Registration (dualRegistration: true) to hold a second registration.`;
}

/** Calls moved to another server of the list, and the registration did not. */
function aboutStayingRegistered(outcome: Outcome, config: RuntimeConfig): string | undefined {
  const keeps = new Set(config.lines.filter(({ ext }) => !ext.autoRegisterWhenFailover).map(({ id }) => id));
  const lines = outcome.lines.filter(
    ({ line, mode, route, unreachable }) =>
      mode === 'list' &&
      keeps.has(line) &&
      unreachable.some((gap) =>
        route.some(
          ({ state, fromS, toS }) => state !== 'none' && fromS > 0 && Math.min(toS, gap.toS) - Math.max(fromS, gap.fromS) >= 1,
        ),
      ),
  );
  if (lines.length === 0) return undefined;
  return `Line ${someLines(lines)} could call by another server and not be called, since its registration stayed behind. Auto Register When Failover (autoRegisterWhenFailover: true) takes it along.`;
}

/** Empty when nothing came to light that a setting would mend. */
export function adviceFor(outcome: Outcome, timeline: Timeline, config: RuntimeConfig): readonly string[] {
  return [
    aboutOneServer(outcome),
    aboutStayingRegistered(outcome, config),
    aboutWaiting(outcome, config),
    aboutCodes(outcome, config),
    aboutLongWaits(timeline, config),
  ].filter((text) => text !== undefined);
}
