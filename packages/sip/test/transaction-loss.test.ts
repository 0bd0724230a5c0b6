import { type Ambient, asFlow, type LineInbound, lineKey } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { RequestDraft } from '../src/codec/message.ts';
import { createTransactionLayer, type TransactionLayer } from '../src/transaction/layer.ts';
import { defaultSipTimers } from '../src/transaction/timing.ts';
import { udp } from './support/bench.ts';
import { createFakeAmbient } from './support/fake-ambient.ts';

const lossRate = 0.1;
const count = 2_000;

/** Two layers and a wire between them that takes 20 ms and loses a tenth of the datagrams, in both directions. */
function createPair(seed: number) {
  const ambient = createFakeAmbient(seed);
  const timers = { ...defaultSipTimers, timerFMs: 32_000 };
  const seen = { lost: 0, delivered: 0 };
  const wire = (to: () => TransactionLayer, from: string) => (_flow: string, bytes: Uint8Array) => {
    if (ambient.random() < lossRate) {
      seen.lost += 1;
      return;
    }
    ambient.setTimer(() => to().receive(inbound(ambient, bytes, from)), 20);
  };
  const client = createTransactionLayer({
    ambient,
    key: lineKey('line-1'),
    timers,
    send: wire(() => server, '192.0.2.1'),
    onRequest() {},
  });
  const server = createTransactionLayer({
    ambient,
    key: lineKey('server'),
    timers,
    maxServerTransactions: count,
    send: wire(() => client, '198.51.100.1'),
    onRequest(transaction) {
      seen.delivered += 1;
      transaction.respond({ status: 200 });
    },
  });
  return { ambient, client, server, seen };
}

function inbound(ambient: Ambient, bytes: Uint8Array, host: string): LineInbound {
  const local = { host: '0.0.0.0', port: 5060 };
  return { bytes, flow: asFlow('wire'), protocol: 'udp', local, remote: { host, port: 5060 }, atMs: ambient.now() };
}

function register(i: number): RequestDraft {
  const aor = `<sip:user${i}@example.com>`;
  return {
    method: 'REGISTER',
    uri: 'sip:example.com',
    headers: [
      ['Max-Forwards', '70'],
      ['From', `${aor};tag=t${i}`],
      ['To', aor],
      ['Call-ID', `register-${i}`],
      ['CSeq', '1 REGISTER'],
    ],
  };
}

/** The default run takes two of the twenty seeds; OFFHOOK_ALL_SEEDS=1 takes all. */
const seeds = Array.from({ length: process.env.OFFHOOK_ALL_SEEDS === '1' ? 20 : 2 }, (_, i) => i + 1);

describe('a wire that loses 10 % of the datagrams', () => {
  it.each(seeds)(
    'fails none of 2,000 transactions with Timer F 32 s, delivers each once and leaves nothing behind (seed %i)',
    (seed) => {
      const { ambient, client, server, seen } = createPair(seed);
      const outcomes = new Map<string, number>();
      for (let i = 0; i < count; i++) {
        client.request(register(i), udp, ({ type }) => void outcomes.set(type, (outcomes.get(type) ?? 0) + 1));
      }
      ambient.runToRest();
      expect(Object.fromEntries(outcomes)).toEqual({ final: count });
      expect(seen.delivered).toBe(count);
      expect(seen.lost).toBeGreaterThan(300);
      expect([client.size, server.size, ambient.pending]).toEqual([0, 0, 0]);
    },
  );
});
