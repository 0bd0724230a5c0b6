import { BusError, lineKey } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { newBranch } from '../src/transaction/identity.ts';
import { defaultSipTimers } from '../src/transaction/timing.ts';
import { createBench, draft, failure, incoming, raw, tcp, udp } from './support/bench.ts';
import { createFakeAmbient } from './support/fake-ambient.ts';

/** The defects measured in sip.js core (its sections 2.1 and 2.2 of the stack study), each as a promise of ours. */
describe('transactions and timers', () => {
  it('T1: a REGISTER unanswered for 3.7 s over UDP was sent four times', () => {
    const bench = createBench();
    bench.request(draft('REGISTER'));
    bench.run(3.7);
    expect(bench.all('REGISTER')).toHaveLength(4);
  });

  it('T2: so was an INVITE', () => {
    const bench = createBench();
    bench.request(draft('INVITE'));
    bench.run(3.7);
    expect(bench.all('INVITE')).toHaveLength(4);
  });

  it('T3: so was a 486 whose ACK is missing', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.requests[0]?.respond({ status: 486 });
    bench.run(3.7);
    expect(bench.all('SIP/2.0 486')).toHaveLength(4);
  });

  it('T4: a response and a request repeated after 20 ms are known, neither is delivered twice', () => {
    const bench = createBench();
    const client = bench.request(draft('REGISTER'));
    bench.answer(bench.sent[0], { status: 200 });
    bench.receive(incoming('MESSAGE'));
    bench.requests[0]?.respond({ status: 200 });
    bench.run(0.02);
    bench.answer(bench.sent[0], { status: 200 });
    bench.receive(incoming('MESSAGE'));
    expect(client.heard).toEqual([200]);
    expect(bench.requests).toHaveLength(1);
    expect(bench.faults).toEqual([]);
  });

  it('T5: two lines of one process have timers of their own', () => {
    const patient = createBench({ timers: { ...defaultSipTimers, timerFMs: 32_000 } });
    const hasty = createBench({ timers: { ...defaultSipTimers, timerFMs: 2_000 } });
    const clients = [patient, hasty].map((bench) => bench.request(draft('REGISTER')));
    for (const bench of [patient, hasty]) bench.run(31);
    expect(clients.map(({ heard }) => heard)).toEqual([[], ['F']]);
  });

  it('T6: the final response is there to be repeated for as long as the client may ask', () => {
    const bench = createBench();
    bench.receive(incoming('OPTIONS'));
    bench.requests[0]?.respond({ status: 200 });
    bench.run(15);
    bench.receive(incoming('OPTIONS'));
    expect(bench.all('SIP/2.0 200')).toHaveLength(2);
  });

  it('T7: each repeated 2xx reaches the user, who can ACK each with the same bytes', () => {
    const bench = createBench();
    const ack = Buffer.from(raw('ACK', 'z9hG4bKack'));
    bench.layer.request(draft('INVITE'), udp, (event) => {
      if (event.type === 'final') bench.layer.sendAck(ack, udp.flow);
    });
    bench.answer(bench.sent[0], { status: 200 });
    bench.run(0.5);
    bench.answer(bench.sent[0], { status: 200 });
    expect(bench.times('ACK')).toEqual([0, 0.5]);
  });

  it('T8: the ACK of a 3xx-6xx carries both Route fields', () => {
    const bench = createBench();
    const routes = ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'];
    bench.requestRaw(
      raw(
        'INVITE',
        'z9hG4bKown',
        routes.map((route) => `Route: ${route}`),
      ),
    );
    bench.answer(bench.sent[0], { status: 486 });
    const ack = bench.all('ACK')[0];
    expect(ack?.message.headers('Route')).toEqual(routes);
    expect(ack?.message.headers('Via')).toEqual(['SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKown;rport']);
  });

  it('T9: a 100 goes out although the user never asks for it, with the Timestamp of the INVITE', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE', { headers: ['Timestamp: 54'] }));
    bench.run(0.2);
    expect(bench.all('SIP/2.0 100')[0]?.message.header('Timestamp')).toBe('54');
  });

  it('T10: a response that arrives inside the sending of its request is not lost', () => {
    const server = createBench();
    const heard: string[] = [];
    const bench = createBench({
      send(_flow, bytes) {
        server.receive(bytes);
        server.requests.at(-1)?.respond({ status: 200 });
        bench.receive(server.sent.at(-1)?.bytes ?? new Uint8Array());
      },
    });
    bench.layer.request(draft('REGISTER'), udp, ({ type }) => void heard.push(type));
    expect(heard).toEqual(['final']);
    bench.run(100);
    expect(heard).toEqual(['final']);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('T11: a transport that fails later, or throws at once, becomes one event of each transaction it concerns', () => {
    const bench = createBench();
    const late = bench.request(draft('REGISTER'), tcp);
    bench.run(3);
    bench.layer.flowFailed(failure(tcp.flow, 'reset'));
    expect(late.heard).toEqual(['transport']);

    const closed = createBench({
      send: () => {
        throw new BusError('E_BUS_CLOSED', 'the bus is closed');
      },
    });
    const client = closed.request(draft('REGISTER'));
    expect(client.heard).toEqual([]);
    closed.run(0);
    expect(client.events).toMatchObject([{ type: 'transport', failure: { flow: udp.flow, reason: 'error' } }]);
    expect(closed.faults).toEqual(['send-failed']);
    expect(closed.layer.size).toBe(0);
  });

  it('T11: what the user answers while the transport throws does no harm', () => {
    const bench = createBench({
      send: () => {
        throw new BusError('E_BUS_CLOSED', 'the bus is closed');
      },
    });
    bench.receive(incoming('INVITE'));
    expect(() => bench.requests[0]?.respond({ status: 486 })).not.toThrow();
    bench.ambient.runToRest();
    expect(bench.layer.size).toBe(0);
  });

  it('T12: a message written elsewhere gets the same reliability beneath it, its bytes untouched', () => {
    const bench = createBench();
    const bytes = raw('SUBSCRIBE', 'z9hG4bKelsewhere');
    const client = bench.requestRaw(bytes);
    bench.run(2);
    bench.answer(bench.sent[0], { status: 202 });
    expect(bench.sent.map(({ atS, text }) => [atS, text])).toEqual([
      [0, bytes],
      [0.5, bytes],
      [1.5, bytes],
    ]);
    expect(client.heard).toEqual([202]);
    expect(client.transaction.branch).toBe('z9hG4bKelsewhere');
  });

  it('T12: what cannot be a transaction is refused at once', () => {
    const bench = createBench();
    expect(() => bench.requestRaw(raw('ACK', 'z9hG4bKa'))).toThrow('sendAck');
    expect(() => bench.requestRaw('SIP/2.0 200 OK\r\n\r\n')).toThrow('no SIP request');
    expect(() => bench.requestRaw(raw('MESSAGE', 'z9hG4bKa').replace(';branch=z9hG4bKa', ''))).toThrow('no branch');
    expect(() => bench.request(draft('ACK'))).toThrow('sendAck');
    expect(bench.layer.size).toBe(0);
  });
});

describe('matching and routing', () => {
  it('M1: 40,000 branches differ, and each holds 64 random bits or more besides the line', () => {
    const ambient = createFakeAmbient();
    const key = lineKey('line-1');
    const branches = Array.from({ length: 40_000 }, () => newBranch(ambient, key));
    expect(new Set(branches).size).toBe(40_000);
    for (const branch of branches.slice(0, 100)) {
      expect(branch.startsWith(`z9hG4bK${key}-`)).toBe(true);
      expect((branch.length - `z9hG4bK${key}-`.length) * 5).toBeGreaterThanOrEqual(64);
    }
  });

  it('M2: one branch from two hosts, or under two methods, is two transactions', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE', { callId: 'a' }));
    bench.receive(incoming('MESSAGE', { callId: 'b', via: 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKtheirs' }));
    bench.receive(incoming('INVITE', { callId: 'c' }));
    expect(bench.requests.map(({ request }) => request.callId)).toEqual(['a', 'b', 'c']);
  });

  it('M3: a merged copy is found among 5,000 open transactions without a look at any other', () => {
    const count = 5_000;
    const bench = createBench({ maxServerTransactions: 2 * count });
    for (let i = 0; i < count; i++) bench.receive(incoming('MESSAGE', { branch: `z9hG4bK${i}`, callId: `call-${i}` }));
    let looks = 0;
    for (const { request } of bench.requests) {
      const { from } = request;
      Object.defineProperty(request, 'from', {
        get() {
          looks += 1;
          return from;
        },
      });
    }
    for (let i = 0; i < 100; i++) bench.receive(incoming('MESSAGE', { branch: `z9hG4bKcopy${i}`, callId: `call-${50 * i}` }));
    for (let i = 0; i < 100; i++) bench.receive(incoming('MESSAGE', { branch: `z9hG4bKnew${i}`, callId: `new-${i}` }));
    expect(bench.all('SIP/2.0 482')).toHaveLength(100);
    expect(bench.requests).toHaveLength(count + 100);
    expect(looks).toBe(0);
  });

  it('M4: a transaction that is over takes nothing away from a later one with the same branch', () => {
    const bench = createBench();
    bench.requestRaw(raw('OPTIONS', 'z9hG4bKagain'), tcp);
    bench.answer(bench.sent[0], { status: 200 });
    const second = bench.requestRaw(raw('OPTIONS', 'z9hG4bKagain'), tcp);
    bench.run(10);
    bench.answer(bench.sent[1], { status: 200 });
    expect(second.heard).toEqual([200]);
  });

  it('M4: while it lives, its branch cannot be taken', () => {
    const bench = createBench();
    const first = bench.requestRaw(raw('OPTIONS', 'z9hG4bKagain'));
    expect(() => bench.requestRaw(raw('OPTIONS', 'z9hG4bKagain'))).toThrow('in use');
    bench.answer(bench.sent[0], { status: 200 });
    expect(first.heard).toEqual([200]);
  });

  it('M5: the Via of our response carries received and rport', () => {
    const bench = createBench();
    const remote = { host: '198.51.100.7', port: 61_000 };
    bench.receive(incoming('OPTIONS', { via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;rport' }), { remote });
    bench.requests[0]?.respond({ status: 200 });
    const { params } = bench.sent[0]?.message.via ?? {};
    expect([params?.get('received'), params?.get('rport')]).toEqual(['198.51.100.7', '61000']);
  });
});
