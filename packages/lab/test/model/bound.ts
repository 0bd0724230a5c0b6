import { isList, type Plot, type Shape, serversOf } from './plot.ts';

/*
 * How long a line may need, once every fault has ended, until it is registered and on its best server. Seconds; each term with its source.
 */

/** Timer F, and Timer B: phone defaults. @source redundancy reference 3.5 */
const timerFS = 16;
/** A flow is opened within Timer F; the bus waits 2 s longer for the edge's answer. */
const openS = timerFS + 2;
/** A call that is hung up is over after 64 T1 at most. @source RFC 3261 section 9.1 */
const hangUpS = 32;
/** Survivability Proxy Fallback Intvl, its default. @source redundancy reference 3.1 */
const survivabilityS = 30;

/** What was asked for or granted at any time; Reg Max Expires is above it. @source redundancy reference 5.5 */
export function longestExpiryS({ shape, steps }: Plot): number {
  const granted = steps.map(({ act }) => (act.act === 'grant' ? act.grantS : 0));
  return Math.max(shape.registerExpiresS, ...granted);
}

/** What is under way when the faults end: an attempt at each server, with its flow. @source redundancy reference 5.6, 5.8 */
const underWayS = (shape: Shape): number => serversOf(shape).length * (openS + timerFS);

/** The longest pause between two rounds of REGISTERs. @source redundancy reference 5.4, D-22, D-23 */
function pauseS({ steps }: Plot, shape: Shape): number {
  const retryAfterS = steps.map(({ act }) => (act.act === 'answer' ? (act.retryAfterS ?? 0) : 0));
  const shortS = Math.max(shape.retryS, shape.retryCapS);
  return Math.max(shortS, shape.longRetryS, ...retryAfterS) + shape.retryRandomS + shape.graceS;
}

/**
 * The way back, at most from the lowest server up one at a time: each time Proxy Fallback Intvl and what is left of the registration period, whichever
 * clock is in force. Out of the gateway tier: its own interval. @source redundancy reference 5.7
 */
function returnS(plot: Plot, shape: Shape): number {
  if (!isList(shape)) return 0;
  const gatewayS = shape.kind === 'list with a gateway' ? survivabilityS + timerFS : 0;
  // Without an interval nothing returns; the registration follows the route with its next refresh (D-09).
  if (shape.fallbackS === 0) return gatewayS + longestExpiryS(plot);
  const oneS = shape.fallbackS + longestExpiryS(plot) + shape.spreadS + timerFS;
  return gatewayS + (shape.listed - 1) * oneS;
}

export const boundS = (plot: Plot, shape: Shape): number =>
  hangUpS + underWayS(shape) + pauseS(plot, shape) + returnS(plot, shape);
