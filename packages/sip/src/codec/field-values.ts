/** Readers for small header values. All return undefined for what is missing or malformed and leave the default to the caller. */

const maxDeltaSeconds = 4_294_967_295;

/**
 * Seconds of Expires, Min-Expires, Min-SE or an `expires` parameter, capped at 2^32 - 1.
 * @source RFC 3261 §20.19, §25.1 (delta-seconds)
 */
export function readDeltaSeconds(text: string | undefined): number | undefined {
  const digits = text?.trim();
  if (digits === undefined || !/^\d+$/.test(digits)) return undefined;
  return Math.min(Number(digits), maxDeltaSeconds);
}

/** A preference between 0 and 1. @source RFC 3261 §20.10, §25.1 (qvalue) */
export function readQ(text: string | undefined): number | undefined {
  const value = text?.trim();
  return value !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(value) ? Number(value) : undefined;
}

export interface RetryAfter {
  readonly delayS: number;
  /** How long the service will stay available once it is back, seconds. */
  readonly durationS?: number;
}

/** Reads `18000;duration=3600 (in a meeting)`: comments may stand anywhere behind the number. @source RFC 3261 §20.33 */
export function readRetryAfter(text: string | undefined): RetryAfter | undefined {
  const match = /^\s*(\d+)\s*(?:$|[;(])/.exec(text ?? '');
  const delayS = readDeltaSeconds(match?.[1]);
  if (delayS === undefined) return undefined;
  const durationS = readDeltaSeconds(/;\s*duration\s*=\s*(\d+)/i.exec(withoutComments(text ?? ''))?.[1]);
  return durationS === undefined ? { delayS } : { delayS, durationS };
}

/** Drops `(…)`, nested and unclosed ones included. */
function withoutComments(text: string): string {
  let depth = 0;
  let kept = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\' && depth > 0) i++;
    else if (char === '(') depth++;
    else if (char === ')' && depth > 0) depth--;
    else if (depth === 0) kept += char;
  }
  return kept;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Milliseconds since 1970 of `Sat, 13 Nov 2010 23:29:00 GMT`, the only form SIP allows. @source RFC 3261 §20.17 */
export function readDate(text: string | undefined): number | undefined {
  const match = /^\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+(\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT\s*$/.exec(
    text ?? '',
  );
  if (match === null) return undefined;
  const [, day, monthName, year, hour, minute, second] = match;
  const month = months.indexOf(monthName ?? '');
  const atMs = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  const inRange = month >= 0 && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 61;
  // A day that the month does not have would roll over into the next one.
  return inRange && new Date(atMs).getUTCMonth() === month ? atMs : undefined;
}
