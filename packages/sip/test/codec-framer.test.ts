import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFramer, type Framer, type FramerEvent, type FramerLimits } from '../src/codec/framer.ts';
import { paper } from './support/messages.ts';

const first = paper({ body: 'one\r\n\r\n' });
const second = paper({ start: 'SIP/2.0 200 OK', body: Buffer.from([0, 13, 10, 13, 10, 255]) });
const ping = Buffer.from('\r\n\r\n');
const pong = Buffer.from('\r\n');

/** Events in short: messages as text, everything else by its name. */
const short = (events: readonly FramerEvent[]): string[] =>
  events.map((event) => {
    if (event.type === 'message') return Buffer.from(event.bytes).toString('latin1');
    return event.type === 'fault' ? event.reason : event.type;
  });
const push = (framer: Framer, bytes: Uint8Array | string): string[] => short(framer.push(Buffer.from(bytes)));
const latin1 = (bytes: Buffer): string => bytes.toString('latin1');
const expected = [latin1(first), latin1(second)];

describe('a stream (RFC 3261 sections 7.5, 18.3)', () => {
  it('is cut into its messages, several in a segment, by Content-Length in bytes', () => {
    expect(push(createFramer(), Buffer.concat([first, second]))).toEqual(expected);
    const unicode = paper({ body: 'Grüße 🚀' });
    expect(push(createFramer(), Buffer.concat([unicode, first]))).toEqual([latin1(unicode), latin1(first)]);
  });

  it('is cut the same at whatever byte a segment ends', () => {
    const whole = Buffer.concat([first, second]);
    for (let at = 1; at < whole.length; at++) {
      const framer = createFramer();
      expect([...push(framer, whole.subarray(0, at)), ...push(framer, whole.subarray(at))]).toEqual(expected);
      expect(framer.pending).toBe(0);
    }
  });

  it('is cut the same byte by byte', () => {
    const framer = createFramer();
    const whole = Buffer.concat([first, second]);
    expect([...whole].flatMap((byte) => push(framer, Buffer.from([byte])))).toEqual(expected);
  });

  it('is cut the same in any segments, keepalives between the messages or not (property)', () => {
    const parts = fc.array(fc.constantFrom(first, second, ping), { minLength: 1, maxLength: 6 });
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 });
    fc.assert(
      fc.property(parts, sizes, (messages, cuts) => {
        const whole = Buffer.concat(messages);
        const framer = createFramer();
        const events: string[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          events.push(...push(framer, whole.subarray(at, at + size)));
          at += size;
        }
        const wanted = messages.filter((part) => part !== ping).map(latin1);
        expect(events.filter((event) => event !== 'ping' && event !== 'pong')).toEqual(wanted);
        expect(events.filter((event) => event === 'ping')).toHaveLength(messages.filter((part) => part === ping).length);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('hands out copies, so that a segment may be overwritten', () => {
    const framer = createFramer();
    const segment = Buffer.concat([first, second.subarray(0, 40)]);
    const [event] = framer.push(segment);
    segment.fill(0x58);
    expect(event?.type === 'message' && Buffer.from(event.bytes).equals(first)).toBe(true);
    expect(push(framer, second.subarray(40))).toEqual([latin1(second)]);
  });

  it('counts what waits for its rest', () => {
    const framer = createFramer();
    expect(framer.pending).toBe(0);
    framer.push(first.subarray(0, 10));
    expect(framer.pending).toBe(10);
    framer.push(first.subarray(10));
    expect(framer.pending).toBe(0);
  });

  it('takes the compact form and a folded Content-Length', () => {
    for (const line of ['l: 2', 'Content-Length:\r\n 2', 'CONTENT-LENGTH : 0002']) {
      const message = paper({ over: { 'Content-Length': line }, body: 'hi' });
      expect(push(createFramer(), Buffer.concat([message, message]))).toEqual([latin1(message), latin1(message)]);
    }
  });
});

describe('keepalives (RFC 5626 section 3.5.1)', () => {
  it('are a ping of two CRLFs and a pong of one', () => {
    expect(push(createFramer(), ping)).toEqual(['ping']);
    expect(push(createFramer(), pong)).toEqual(['pong']);
    expect(push(createFramer(), '\r\n\r\n\r\n\r\n')).toEqual(['ping', 'ping']);
  });

  it('stand before, between and after messages', () => {
    expect(push(createFramer(), Buffer.concat([ping, first, pong, second, ping]))).toEqual([
      'ping',
      ...[expected[0]],
      'pong',
      expected[1],
      'ping',
    ]);
  });

  it('may be torn between two bytes', () => {
    const framer = createFramer();
    expect(push(framer, '\r')).toEqual([]);
    expect(push(framer, '\n')).toEqual(['pong']);
    expect(push(framer, '\r')).toEqual([]);
    expect(push(framer, Buffer.concat([Buffer.from('\n'), first]))).toEqual(['ping', expected[0]]);
  });
});

describe('keepalives of our own', () => {
  it('are answered by one CRLF each, which is no half of a ping', () => {
    const framer = createFramer();
    for (let beat = 0; beat < 3; beat += 1) {
      framer.expectPong();
      expect(push(framer, pong)).toEqual(['pong']);
    }
    framer.expectPong();
    expect(push(framer, Buffer.concat([pong, first, ping]))).toEqual(['pong', expected[0], 'ping']);
  });
});

describe('a stream that cannot be cut any more', () => {
  const fault = (bytes: Uint8Array | string, limits?: FramerLimits): string[] => push(createFramer(limits), bytes);

  it.each(['\0', '\n', ' ', '{"json":1}', '(x', '\rX', '\u0016\u0003\u0001', 'é'])('is one that begins with %j', (garbage) => {
    expect(fault(garbage)).toEqual(['not-sip']);
  });

  it('is one whose next message does not begin where the last one ended', () => {
    const short = paper({ over: { 'Content-Length': 'Content-Length: 2' }, body: 'hi{' });
    expect(fault(Buffer.concat([short, first]))).toEqual([latin1(short.subarray(0, -1)), 'not-sip']);
  });

  it.each([
    ['missing-content-length', undefined],
    ['bad-content-length', 'Content-Length: -1'],
    ['bad-content-length', 'Content-Length: 1\r\nl: 1'],
    ['bad-content-length', 'Content-Length:'],
    ['body-too-large', 'Content-Length: 65537'],
    ['body-too-large', `Content-Length: ${'9'.repeat(400)}`],
  ])('has a message with %s: %j', (reason, line) => {
    expect(fault(paper({ over: { 'Content-Length': line } }))).toEqual([reason]);
  });

  it('has a head above the limit, whether or not it ends', () => {
    const limits = { maxHeadBytes: first.length - 7, maxBodyBytes: 100, maxHeaders: 256 };
    expect(fault(first, limits)).toEqual([latin1(first)]);
    expect(fault(first, { ...limits, maxHeadBytes: limits.maxHeadBytes - 1 })).toEqual(['head-too-large']);
    expect(fault(Buffer.alloc(65_537, 'A'))).toEqual(['head-too-large']);
    expect(fault(Buffer.alloc(65_536, 'A'))).toEqual([]);
  });

  it('has too many header lines', () => {
    expect(fault(first, { maxHeadBytes: 65_536, maxBodyBytes: 100, maxHeaders: 6 })).toEqual(['too-many-headers']);
  });

  it('says so once, and says nothing afterwards', () => {
    const framer = createFramer();
    expect(push(framer, Buffer.concat([first, Buffer.from('\0'), second]))).toEqual([expected[0], 'not-sip']);
    expect(push(framer, first)).toEqual([]);
    expect(framer.pending).toBe(0);
  });

  it('holds no more than its limits allow, whatever comes (property)', () => {
    const limits = { maxHeadBytes: 200, maxBodyBytes: 50, maxHeaders: 5 };
    const noise = fc.constantFrom('\r\n', '\r\n\r\n', 'A', ': ', 'Content-Length: 40\r\n', 'l:7\r\n', 'x'.repeat(90), '\r', '\0');
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 40 }), (chunks) => {
        const framer = createFramer(limits);
        const events = chunks.flatMap((chunk) => framer.push(Buffer.from(chunk)));
        expect(framer.pending).toBeLessThanOrEqual(250);
        const broken = events.findIndex(({ type }) => type === 'fault');
        expect(broken === -1 || broken === events.length - 1).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
