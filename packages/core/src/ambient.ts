/**
 * The one door to time, timers, deferral, randomness and logging.
 * Everything outside this file is deterministic once it is given an `Ambient`.
 */

/** A running timer; opaque, only good for `clearTimer`. */
export interface Timer {
  readonly dueMs: number;
}

/** Values of a log record. Messages are constant strings; what varies travels in fields. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log. Implementations redact secrets; callers never log SIP text or credentials. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface Ambient {
  /** Milliseconds since 1970-01-01, fractional, monotonic within the process. */
  now(): number;
  /** Runs `fire` once, `delayMs` (>= 0) from now. Delays above 2^31 ms are legal. */
  setTimer(fire: () => void, delayMs: number): Timer;
  /** Stops a timer; a fired, cleared or missing one is ignored. */
  clearTimer(timer: Timer | undefined): void;
  /** Runs `task` soon, never inside the caller's stack, first in first out, at the same instant. */
  defer(task: () => void): void;
  /** The same, but its timers give way to work that is under way: for what there is by the thousand. Without it nothing gives way. */
  readonly yielding?: Ambient;
  /** Uniform in [0, 1), unpredictable in production, seeded in virtual worlds. */
  random(): number;
  readonly log: Log;
}

/** Swallows everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A token of at least `bits` random bits in lowercase base32: safe in SIP tokens, URI parameters and bus subjects. */
export function randomToken(ambient: Pick<Ambient, 'random'>, bits: number): string {
  const codes: number[] = [];
  let drawn = 0;
  for (let given = 0; given < bits; given += 5) {
    // One draw has 53 random bits: enough for ten digits.
    if (given % 50 === 0) drawn = Math.floor(ambient.random() * 2 ** 50);
    codes.push(alphabet.charCodeAt(drawn % 32));
    drawn = Math.floor(drawn / 32);
  }
  // At once: a text put together piece by piece would keep its pieces for as long as a Call-ID lives.
  return String.fromCharCode(...codes);
}
