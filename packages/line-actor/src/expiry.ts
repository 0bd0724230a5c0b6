/** Lifetime to ask for after a 423: `min(max(Min-Expires, RE), Reg Max Expires)`. @source section 5.5 */
export function raisedExpiryS(minS: number, requestedS: number, maxExpiresS: number): number {
  return Math.min(Math.max(minS, requestedS), maxExpiresS);
}

/** Lifetime of a registration whose refresh and end are known: the inverse of `refreshDelayMs`. */
export function expiryFrom(refreshAtMs: number, expiresAtMs: number, timerFMs: number): number {
  const restMs = expiresAtMs - refreshAtMs;
  const longMs = (restMs - 0.78 * timerFMs) / 0.22;
  return longMs > 2 * timerFMs ? longMs : 2 * restMs;
}
