import * as decisions from './decision-laws.ts';
import type { Played } from './play.ts';
import * as wire from './wire-laws.ts';

/** Every law by the sentence it keeps. */
const laws: Readonly<Record<string, (played: Played) => readonly string[]>> = {
  'nothing fails and nothing is logged as an error': decisions.noFailures,
  'never two mechanisms in force on a line: registrations': wire.oneMechanism,
  'never two mechanisms in force on a line: rules': decisions.oneTable,
  'never a REGISTER to a server blocked by Retry-After': wire.retryAfter,
  'each server at most once per request': wire.onceEach,
  'in-dialog requests never move': wire.dialogsStay,
  'no state without a way out': decisions.waysOut,
  'without Proxy Fallback Intvl a working server is not left': decisions.staysPut,
  'after all faults end the line is registered and on its best server, and stays so': decisions.recovers,
  'no timer leaks': decisions.fewTimers,
  'the decision stream reconstructs where requests go': decisions.routeRebuilt,
  'the decision stream reconstructs what each leg holds': decisions.legsRebuilt,
  'a line agrees with itself about where it is registered': decisions.agrees,
  'every request is explained by a decision': decisions.explained,
  'one Call-ID and a rising CSeq for all servers of a leg': wire.oneIdentity,
  'REGISTERs do not loop': wire.noLoops,
};

/** @throws Error that names the law and the first faults */
export function keepsAllLaws(played: Played): void {
  for (const [name, law] of Object.entries(laws)) {
    const faults = law(played);
    if (faults.length > 0) throw new Error(`Broken: ${name}.\n  ${faults.slice(0, 4).join('\n  ')}`);
  }
}
