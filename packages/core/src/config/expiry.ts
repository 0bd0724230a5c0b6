/** `clamp(granted, Reg Min Expires, Reg Max Expires)`, seconds. @source redundancy reference section 5.5 */
export function effectiveExpiryS(grantedS: number, limits: { minExpiresS: number; maxExpiresS: number }): number {
  return Math.min(Math.max(grantedS, limits.minExpiresS), limits.maxExpiresS);
}

/** Delay from the 2xx to the refresh, ms: `(E - F) * 0.78` while E > 2F, else `E / 2`. @source redundancy reference section 5.5, D-37 */
export function refreshDelayMs(expiryMs: number, timerFMs: number): number {
  return expiryMs > 2 * timerFMs ? (expiryMs - timerFMs) * 0.78 : expiryMs / 2;
}
