import { findLine, headEnd, indexHead, lineValue } from './head-index.ts';

export interface FramerLimits {
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
  readonly maxHeaders: number;
}

export type FramerEvent =
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  /** Keepalive of the peer: to be answered with CRLF. */
  | { readonly type: 'ping' }
  /** Answer to our keepalive. */
  | { readonly type: 'pong' }
  /** The stream can no longer be cut into messages: close it. Nothing comes after it. */
  | { readonly type: 'fault'; readonly reason: FramerFault };

export type FramerFault =
  | 'not-sip'
  | 'head-too-large'
  | 'body-too-large'
  | 'too-many-headers'
  | 'missing-content-length'
  | 'bad-content-length';

/** Cuts one direction of one stream into messages. */
export interface Framer {
  push(chunk: Uint8Array): FramerEvent[];
  /** We have sent a ping: the next lone CRLF is its pong, and no half of a ping of the peer. */
  expectPong(): void;
  /** Bytes of a begun message or keepalive that waits for its rest. */
  readonly pending: number;
}

const defaultFramerLimits: FramerLimits = { maxHeadBytes: 65_536, maxBodyBytes: 65_536, maxHeaders: 256 };

/**
 * Frames by Content-Length on bytes, whatever the segments. Content-Length is required: without it the next message cannot be found.
 * Between messages CRLFCRLF is a ping and a lone CRLF a pong; a ping torn between two chunks shows as a pong, then a ping.
 * Message bytes are copies: chunks may be reused. Linear in the bytes received; memory stays below the limits.
 * @source RFC 3261 §7.5, §18.3, RFC 5626 §3.5.1
 */
export function createFramer(limits: FramerLimits = defaultFramerLimits): Framer {
  return new StreamFramer(limits);
}

const CR = 13;
const LF = 10;

const nothing = Buffer.alloc(0);

class StreamFramer implements Framer {
  private readonly limits: FramerLimits;
  /** Bytes not yet consumed: `buffer[start, end)`. Empty between messages, so that an idle connection holds no memory. */
  private buffer: Buffer = nothing;
  private start = 0;
  private end = 0;
  /** Bytes behind `start` known to hold no end of the head. */
  private searched = 0;
  /** Bytes of the message at `start`, once its head is known. */
  private messageBytes: number | undefined;
  private crlfs: 'none' | 'one' | 'one-reported' = 'none';
  private awaitsPong = false;
  private isBroken = false;

  constructor(limits: FramerLimits) {
    this.limits = limits;
  }

  get pending(): number {
    return this.end - this.start;
  }

  push(chunk: Uint8Array): FramerEvent[] {
    const events: FramerEvent[] = [];
    if (this.isBroken) return events;
    const isBorrowed = this.start === this.end;
    if (isBorrowed) this.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    else this.append(chunk);
    while (this.start < this.end && this.step(events));
    if (this.start === this.end) this.buffer = nothing;
    else if (isBorrowed) this.take(Buffer.from(this.buffer.subarray(this.start, this.end)));
    if (this.crlfs === 'one') this.report(events);
    return events;
  }

  expectPong(): void {
    this.awaitsPong = true;
  }

  private report(events: FramerEvent[]): void {
    events.push({ type: 'pong' });
    this.crlfs = this.awaitsPong ? 'none' : 'one-reported';
    this.awaitsPong = false;
  }

  private take(bytes: Buffer): void {
    this.buffer = bytes;
    this.start = 0;
    this.end = bytes.length;
  }

  /** Doubles when full, so that tiny chunks stay cheap. */
  private append(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.buffer.length) {
      const pending = this.buffer.subarray(this.start, this.end);
      this.buffer = Buffer.allocUnsafe((pending.length + chunk.length) * 2);
      this.buffer.set(pending, 0);
      this.start = 0;
      this.end = pending.length;
    }
    this.buffer.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Consumes one keepalive or message; false when more bytes are needed. */
  private step(events: FramerEvent[]): boolean {
    if (this.messageBytes === undefined && this.searched === 0) {
      const first = this.buffer[this.start] ?? 0;
      if (first === CR) return this.takeCrlf(events);
      if (this.crlfs === 'one') this.report(events);
      this.crlfs = 'none';
      if (!isTokenStart(first)) return this.fail(events, 'not-sip');
    }
    const fault = this.measure();
    if (fault !== undefined) return this.fail(events, fault);
    if (this.messageBytes === undefined || this.end - this.start < this.messageBytes) return false;
    events.push({ type: 'message', bytes: Buffer.from(this.buffer.subarray(this.start, this.start + this.messageBytes)) });
    this.start += this.messageBytes;
    this.messageBytes = undefined;
    this.searched = 0;
    return true;
  }

  private takeCrlf(events: FramerEvent[]): boolean {
    if (this.end - this.start < 2) return false;
    if (this.buffer[this.start + 1] !== LF) return this.fail(events, 'not-sip');
    this.start += 2;
    if (this.crlfs === 'none') this.crlfs = 'one';
    else {
      events.push({ type: 'ping' });
      this.crlfs = 'none';
    }
    return true;
  }

  /** Finds the size of the message at `start`, if its head is complete. */
  private measure(): FramerFault | undefined {
    if (this.messageBytes !== undefined) return undefined;
    const pending = this.buffer.subarray(this.start, this.end);
    const blank = headEnd(pending, this.searched);
    const headBytes = blank < 0 ? pending.length : blank + 4;
    if (headBytes > this.limits.maxHeadBytes) return 'head-too-large';
    if (blank < 0) {
      // The last three bytes may be the beginning of the empty line.
      this.searched = Math.max(pending.length - 3, 0);
      return undefined;
    }
    const length = contentLength(pending.subarray(0, headBytes), this.limits.maxHeaders);
    if (typeof length !== 'number') return length;
    if (length > this.limits.maxBodyBytes) return 'body-too-large';
    this.messageBytes = headBytes + length;
    return undefined;
  }

  private fail(events: FramerEvent[], reason: FramerFault): false {
    events.push({ type: 'fault', reason });
    this.isBroken = true;
    this.take(nothing);
    this.crlfs = 'none';
    return false;
  }
}

function contentLength(head: Buffer, maxHeaders: number): number | FramerFault {
  const index = indexHead(head, maxHeaders);
  if (index.tooMany) return 'too-many-headers';
  const line = findLine(index, 'Content-Length');
  if (line < 0) return 'missing-content-length';
  const text = lineValue(index, line);
  const isSingle = findLine(index, 'Content-Length', line + 1) < 0;
  return isSingle && /^\d+$/.test(text) ? Number(text) : 'bad-content-length';
}

/** Letters, digits and the marks a token may begin with: anything else is another protocol. */
function isTokenStart(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122) ||
    "-.!%*_+`'~".includes(String.fromCharCode(code))
  );
}
