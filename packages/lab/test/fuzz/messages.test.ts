import { mkdirSync, writeFileSync } from 'node:fs';
import { asFlow, lineKey } from '@offhook/core';
import { buildResponse, createTransactionLayer, defaultSipTimers, parseMessage, readSipUri } from '@offhook/sip';
import { describe, expect, test } from 'vitest';
import { createFuzzer, createRandom, createVirtualAmbient, describeFinding, fuzzCorpus, shrink } from '../../src/index.ts';
import { createStopwatch, fuzzSeed, times } from './rounds.ts';

/* Spoiled messages through the parser and the transaction layer: nothing throws, nothing takes long, nothing is left behind. */

const count = times(20_000);
const place = {
  key: lineKey('1001'),
  user: '1001',
  local: { host: '10.0.0.9', port: 5060 },
  remote: { host: '10.0.0.1', port: 5060 },
};
const fuzzer = createFuzzer({ seed: fuzzSeed, corpus: fuzzCorpus(place) });

/** Reads whatever can be read of a message, and answers it where it can be answered. */
function exhaust(bytes: Uint8Array): string {
  const parsed = parseMessage(bytes);
  const message = parsed.kind === 'fault' ? parsed.answer?.request : parsed;
  if (message === undefined) return 'fault';
  for (const [name, value] of message.fields) if (/[\r\n]/.test(value)) throw new Error(`the value of ${name} is two lines`);
  for (const name of new Set(message.fields.map(([each]) => each))) message.headers(name);
  for (const contact of message.contacts) readSipUri(contact.uri);
  if (message.body.length > bytes.length) throw new Error('a body longer than its message');
  if (message.kind === 'request') answerOf(message);
  return parsed.kind;
}

function answerOf(request: Parameters<typeof buildResponse>[0]): void {
  try {
    buildResponse(request, { status: 400, toTag: 'ours' });
  } catch (error) {
    // What cannot be repeated is refused by the writer, in so many words.
    if ((error as { readonly code?: string }).code !== 'E_SIP_LOCAL') throw error;
  }
}

/** Fails with what is needed to meet the finding again. */
function report(n: number, bytes: Uint8Array, error: unknown): never {
  const fails = (shorter: Uint8Array): boolean => {
    try {
      exhaust(shorter);
      return false;
    } catch {
      return true;
    }
  };
  throw new Error(describeFinding(fuzzSeed, n, fails(bytes) ? shrink(bytes, fails) : bytes, error), { cause: error });
}

describe('spoiled messages', () => {
  test(`are the same for the same seed and number, and of every kind (${count})`, () => {
    const again = createFuzzer({ seed: fuzzSeed, corpus: fuzzCorpus(place) });
    expect(again.message(4_711)).toEqual(fuzzer.message(4_711));
    const kinds = new Map<string, number>();
    for (let n = 0; n < 2_000; n++) {
      const kind = parseMessage(fuzzer.message(n)).kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    for (const kind of ['request', 'response', 'fault']) expect(kinds.get(kind)).toBeGreaterThan(300);
  });

  test('never make the parser throw, nor keep it busy', () => {
    const watch = createStopwatch();
    for (let n = 0; n < count; n++) {
      const bytes = fuzzer.message(n);
      try {
        watch.run(n, () => void exhaust(bytes));
      } catch (error) {
        report(n, bytes, error);
      }
    }
    const { ms, n } = watch.worst;
    const bytes = fuzzer.message(n).length;
    mkdirSync('reports', { recursive: true });
    writeFileSync('reports/fuzz.json', `${JSON.stringify({ seed: fuzzSeed, count, dearest: { n, bytes, ms } })}\n`);
    expect(ms, `message ${n}`).toBeLessThan(50);
  });

  test('never make the transaction layer throw, nor grow, nor leave a timer behind', () => {
    const ambient = createVirtualAmbient({ seed: fuzzSeed });
    const random = createRandom(`${fuzzSeed}/answers`);
    const layer = createTransactionLayer({
      ambient,
      key: place.key,
      timers: defaultSipTimers,
      send() {},
      onRequest: (server) => {
        if (random() < 0.9) server.respond({ status: [180, 200, 302, 486, 503][Math.floor(random() * 5)] ?? 200 });
      },
    });
    for (let n = 0; n < count; n++) {
      const bytes = fuzzer.message(n);
      const flow = asFlow(`f${n % 7}`);
      try {
        layer.receive({ bytes, flow, protocol: n % 2 === 0 ? 'udp' : 'tcp', atMs: 0, local: place.local, remote: place.remote });
        if (n % 1_000 === 999)
          layer.flowFailed({ flow, remote: place.remote, reason: 'reset', detail: 'the peer reset the stream', atMs: 0 });
      } catch (error) {
        report(n, bytes, error);
      }
      if (layer.size > 256) throw new Error(describeFinding(fuzzSeed, n, bytes, `${layer.size} transactions`));
    }
    layer.stop();
    expect(layer.size).toBe(0);
    expect(ambient.nextInstant).toBeUndefined();
  });
});

describe('a finding', () => {
  test('is cut down to what it takes, and named by seed, number and bytes', () => {
    const fails = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes('<>');
    const small = shrink(Buffer.from(`INVITE ${'x'.repeat(5_000)}<>${'y'.repeat(5_000)}`), fails);
    expect(Buffer.from(small).toString()).toBe('<>');
    expect(describeFinding('s', 7, small, 'boom')).toBe('seed s, message 7: boom\nhex 3c3e');
  });
});
