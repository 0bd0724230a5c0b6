import { asFlow, lineKey } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { createTransactionLayer } from '../src/transaction/layer.ts';
import { defaultSipTimers } from '../src/transaction/timing.ts';
import { createBench, draft, incoming, tcp, udp } from './support/bench.ts';
import { createFakeAmbient } from './support/fake-ambient.ts';

describe('the layer as a whole', () => {
  it('forgets everything on stop: no timer, no word, no answer', () => {
    const bench = createBench();
    const clients = [bench.request(draft('INVITE')), bench.request(draft('REGISTER'), tcp)];
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('MESSAGE', { branch: 'z9hG4bKm' }));
    bench.requests[0]?.respond({ status: 486 });
    bench.layer.stop();
    const before = bench.sent.length;
    bench.answer(bench.sent[0], { status: 200 });
    bench.ambient.runToRest();
    expect(clients.flatMap(({ heard }) => heard)).toEqual([]);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
    expect(bench.sent).toHaveLength(before);
  });

  it('may be stopped from within a report', () => {
    const bench = createBench();
    bench.layer.request(draft('REGISTER'), udp, () => bench.layer.stop());
    bench.request(draft('INVITE'));
    bench.answer(bench.sent[0], { status: 200 });
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('keeps its own state when a listener throws', () => {
    const bench = createBench();
    bench.layer.request(draft('REGISTER'), udp, () => {
      throw new Error('a bug above');
    });
    expect(() => bench.answer(bench.sent[0], { status: 200 })).toThrow('a bug above');
    bench.answer(bench.sent[0], { status: 200 });
    bench.ambient.runToRest();
    expect(bench.layer.size).toBe(0);
  });

  it('never throws because of what the network sends', () => {
    const ambient = createFakeAmbient(7);
    const layer = createTransactionLayer({
      ambient,
      key: lineKey('line-1'),
      timers: defaultSipTimers,
      send() {},
      onRequest: (server) => server.respond({ status: ambient.random() < 0.5 ? 200 : 486 }),
    });
    const invite = layer.request(draft('INVITE'), udp, () => {});
    const response = `SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=${invite.branch}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\nContact: <sip:b@c>\r\nRecord-Route: <sip:d>\r\n\r\n`;
    const seeds = [...['INVITE', 'ACK', 'CANCEL', 'MESSAGE'].map((method) => incoming(method)), response];
    const noise = ['\r\n', '\u0000', ';', '<', '"', ':', ' ', '\u00ff', 'SIP/2.0 200 OK', 'branch=', ',', '9'.repeat(20)];
    const below = (n: number) => Math.floor(ambient.random() * n);
    for (let i = 0; i < 20_000; i++) {
      let message = seeds[below(seeds.length)] ?? '';
      for (let edits = below(4); edits >= 0; edits--) {
        const at = below(message.length);
        message = message.slice(0, at) + (noise[below(noise.length)] ?? '') + message.slice(at + below(12));
      }
      const inbound = { bytes: Buffer.from(message, 'latin1'), flow: asFlow('f'), protocol: 'udp', atMs: 0 } as const;
      layer.receive({ ...inbound, local: { host: '192.0.2.1', port: 5060 }, remote: { host: '198.51.100.1', port: 5060 } });
    }
    expect(layer.size).toBeLessThanOrEqual(256 + 32);
    ambient.runToRest();
    expect(ambient.pending).toBe(0);
  });
});
