/**
 * The timers a user may set, all in milliseconds. Timers A, E and G start at T1; I and K are T4; L, M and the other waits of a fixed
 * length are 64*T1.
 * @source RFC 3261 table 4; redundancy reference section 3.5
 */
export interface SipTimers {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t4Ms: number;
  readonly timerBMs: number;
  readonly timerFMs: number;
  readonly timerHMs: number;
  readonly timerDMs: number;
  readonly timerJMs: number;
}

/** The phone's factory values: B, F, H, D and J are 16 s, not the 32 s of RFC 3261. @source redundancy reference section 3.5 */
export const defaultSipTimers: SipTimers = {
  t1Ms: 500,
  t2Ms: 4_000,
  t4Ms: 5_000,
  timerBMs: 16_000,
  timerFMs: 16_000,
  timerHMs: 16_000,
  timerDMs: 16_000,
  timerJMs: 16_000,
};

/** The timers as one transaction sees them on its hop, in milliseconds. 0 in `dMs`, `iMs`, `jMs` or `kMs`: no such wait. */
export interface Timing {
  /** The hop retransmits by itself: no Timer A, E or G. */
  readonly reliable: boolean;
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly bMs: number;
  readonly dMs: number;
  readonly fMs: number;
  readonly hMs: number;
  readonly iMs: number;
  readonly jMs: number;
  readonly kMs: number;
  /** 64*T1: Timers L and M, and how long an abandoned or unanswered transaction is remembered. */
  readonly lingerMs: number;
  /** An INVITE nobody has answered by then gets a 100. @source RFC 3261 section 17.2.1 */
  readonly tryingMs: number;
}

/** T1 may be set to 0; retransmitting without a pause would be an attack on the server. */
const shortestT1Ms = 10;

/** Resolves the timers for hops of one kind. @source RFC 3261 section 17 and table 4, RFC 6026 section 7 */
export function timingOf(timers: SipTimers, reliable: boolean): Timing {
  const t1Ms = Math.max(timers.t1Ms, shortestT1Ms);
  return {
    reliable,
    t1Ms,
    t2Ms: Math.max(timers.t2Ms, t1Ms),
    bMs: timers.timerBMs,
    dMs: reliable ? 0 : timers.timerDMs,
    fMs: timers.timerFMs,
    hMs: timers.timerHMs,
    iMs: reliable ? 0 : timers.t4Ms,
    jMs: reliable ? 0 : timers.timerJMs,
    kMs: reliable ? 0 : timers.t4Ms,
    lingerMs: 64 * t1Ms,
    tryingMs: 200,
  };
}
