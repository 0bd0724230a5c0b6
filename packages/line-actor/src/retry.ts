import { matchesRsc } from '@offhook/core';
import type { RetrySettings } from './registration.types.ts';

export type RegisterFailure =
  | { readonly kind: 'none' }
  | { readonly kind: 'reject'; readonly code: number; readonly retryAfterS?: number };

export interface RetryDelay {
  /** Undefined: no further attempt (Reg Retry Long Intvl = 0). */
  readonly delayMs: number | undefined;
  readonly by: 'retry-after' | 'short' | 'long';
}

/** `min(intvl * 2^n, max(cap, intvl))` plus its random part; `failures` is n, the failures before this one. */
export function shortDelayMs(settings: RetrySettings, failures: number, random: number): number {
  const { intervalMs, capMs, randomMs } = settings;
  const base = capMs === 0 ? intervalMs : Math.min(intervalMs * 2 ** failures, Math.max(capMs, intervalMs));
  return base + random * randomMs;
}

/**
 * When to try again after a failed REGISTER.
 * @source redundancy reference section 5.4; D-06 (empty Retry Reg RSC), D-22 (Retry-After)
 */
export function retryDelay(settings: RetrySettings, failure: RegisterFailure, failures: number, random: number): RetryDelay {
  // A server that asks for 0 s asks for no pause at all: it gets the one its status code is worth.
  if (failure.kind === 'reject' && failure.retryAfterS !== undefined && failure.retryAfterS > 0) {
    return { delayMs: failure.retryAfterS * 1000 + random * settings.randomMs, by: 'retry-after' };
  }
  if (failure.kind === 'none' || matchesRsc(settings.retryRegRsc, failure.code)) {
    return { delayMs: shortDelayMs(settings, failures, random), by: 'short' };
  }
  if (settings.longMs === 0) return { delayMs: undefined, by: 'long' };
  return { delayMs: settings.longMs + random * settings.longRandomMs, by: 'long' };
}
