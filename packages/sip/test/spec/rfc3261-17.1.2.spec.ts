import { describe, expect, it } from 'vitest';
import { defaultSipTimers } from '../../src/transaction/timing.ts';
import { createBench, draft, failure, hop, tcp, udp } from '../support/bench.ts';

/** Non-INVITE client transaction: RFC 3261 section 17.1.2. */
const trying = (to = udp) => {
  const bench = createBench();
  return { bench, client: bench.request(draft('REGISTER'), to) };
};

describe('17.1.2.2 state "Trying"', () => {
  it('must retransmit with Timer E from T1, doubling up to T2 [RED-31]', () => {
    const { bench, client } = trying();
    bench.run(100);
    expect(bench.times('REGISTER')).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5]);
    expect(client.heard).toEqual(['F']);
  });

  it('must inform the user exactly once when Timer F fires, at its very instant', () => {
    const { bench, client } = trying();
    bench.run(15.999);
    expect(client.heard).toEqual([]);
    bench.run(16);
    expect(client.events).toEqual([{ type: 'no-response', timer: 'F' }]);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('must not retransmit over a reliable transport', () => {
    const { bench, client } = trying(tcp);
    bench.run(100);
    expect(bench.times('REGISTER')).toEqual([0]);
    expect(client.heard).toEqual(['F']);
  });

  it('must pass a provisional response up', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 100 });
    expect(client.heard).toEqual([100]);
  });

  it('must pass a final response up and stop retransmitting', () => {
    const { bench, client } = trying();
    bench.run(0.6);
    bench.answer(bench.sent[0], { status: 401 });
    bench.run(100);
    expect(client.heard).toEqual([401]);
    expect(bench.times('REGISTER')).toEqual([0, 0.5]);
  });
});

describe('17.1.2.2 state "Proceeding"', () => {
  it('must retransmit at intervals of T2', () => {
    const { bench } = trying();
    bench.run(0.6);
    bench.answer(bench.sent[0], { status: 100 });
    bench.run(16);
    expect(bench.times('REGISTER')).toEqual([0, 0.5, 1.5, 5.5, 9.5, 13.5]);
  });

  it('must still end with Timer F', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 100 });
    bench.run(16);
    expect(client.heard).toEqual([100, 'F']);
  });

  it('must pass further provisional responses and the final one up', () => {
    const { bench, client } = trying();
    for (const status of [100, 100, 200]) bench.answer(bench.sent[0], { status });
    expect(client.heard).toEqual([100, 100, 200]);
  });
});

describe('17.1.2.2 state "Completed"', () => {
  it('must absorb retransmitted responses until Timer K fires after T4', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 200 });
    bench.run(4.9);
    bench.answer(bench.sent[0], { status: 200 });
    expect(client.heard).toEqual([200]);
    expect(bench.faults).toEqual([]);
    expect(bench.layer.size).toBe(1);
    bench.run(5.25);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('lets go together of what has ended together', () => {
    const { bench } = trying();
    bench.answer(bench.sent[0], { status: 200 });
    bench.run(0.1);
    bench.request(draft('REGISTER'));
    bench.answer(bench.sent[1], { status: 200 });
    expect(bench.ambient.pending).toBe(1);
    bench.run(3);
    bench.request(draft('OPTIONS'));
    bench.answer(bench.sent[2], { status: 200 });
    bench.run(5.25);
    expect(bench.layer.size).toBe(1);
    bench.run(8.25);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('must be left at once over a reliable transport (Timer K is zero)', () => {
    const { bench } = trying(tcp);
    bench.answer(bench.sent[0], { status: 200 });
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});

describe('17.1.3 matching responses to client transactions', () => {
  const swap = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to);

  it('must need the branch of the top Via', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 200 }, swap(/branch=[^;]+/, 'branch=z9hG4bKother'));
    expect(client.heard).toEqual([]);
    expect(bench.faults).toEqual(['stray-response']);
  });

  it('must need the method of CSeq: a CANCEL shares the branch of its INVITE', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 200 }, swap('7 REGISTER', '7 OPTIONS'));
    expect(client.heard).toEqual([]);
  });

  it('must need our own sent-by (18.1.2), in whatever spelling', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 100 }, swap('192.0.2.1:5060;', '192.0.2.77:5060;'));
    expect(client.heard).toEqual([]);
    expect(bench.faults).toEqual(['foreign-sent-by']);
    bench.answer(bench.sent[0], { status: 200 }, swap('192.0.2.1:5060;', '192.0.2.1;'));
    expect(client.heard).toEqual([200]);
  });

  it('knows an IPv6 sent-by again', () => {
    const { bench, client } = trying({ ...udp, viaSentBy: '[2001:DB8::1]:5062' });
    bench.answer(bench.sent[0], { status: 200 });
    expect(client.heard).toEqual([200]);
  });

  it('must discard a response with more than one Via (8.1.3.3)', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 200 }, swap('\r\nFrom:', '\r\nVia: SIP/2.0/UDP other.example.com\r\nFrom:'));
    expect(client.heard).toEqual([]);
    expect(bench.faults).toEqual(['misrouted-response']);
  });
});

describe('17.1.4 transport errors', () => {
  it('ends every outstanding transaction on the flow, and no other [D-18]', () => {
    const bench = createBench();
    const failing = [bench.request(draft('REGISTER')), bench.request(draft('OPTIONS')), bench.request(draft('MESSAGE'))];
    const elsewhere = bench.request(draft('REGISTER'), hop('udp', 'server-2'));
    bench.run(0.01);
    bench.layer.flowFailed(failure(udp.flow));
    expect(failing.map(({ heard }) => heard)).toEqual([['transport'], ['transport'], ['transport']]);
    expect(elsewhere.heard).toEqual([]);
    expect(bench.layer.size).toBe(1);
  });

  it('lets the user start the next attempt while the failure is being told', () => {
    const bench = createBench();
    const heard: string[] = [];
    bench.layer.request(draft('REGISTER'), udp, (event) => {
      heard.push(event.type);
      bench.request(draft('REGISTER'), udp);
    });
    bench.layer.flowFailed(failure(udp.flow));
    expect(heard).toEqual(['transport']);
    expect(bench.layer.size).toBe(1);
  });

  it('says nothing of a transaction that has its answer', () => {
    const { bench, client } = trying();
    bench.answer(bench.sent[0], { status: 200 });
    bench.layer.flowFailed(failure(udp.flow));
    expect(client.heard).toEqual([200]);
  });
});

describe('timers of a line', () => {
  it('are its own', () => {
    const bench = createBench({ timers: { ...defaultSipTimers, t1Ms: 100, t2Ms: 400, timerFMs: 1_500 } });
    const client = bench.request(draft('REGISTER'));
    bench.run(10);
    expect(bench.times('REGISTER')).toEqual([0, 0.1, 0.3, 0.7, 1.1]);
    expect(client.heard).toEqual(['F']);
  });

  it('do not become a storm when T1 and T2 are zero', () => {
    const bench = createBench({ timers: { ...defaultSipTimers, t1Ms: 0, t2Ms: 0 } });
    bench.request(draft('REGISTER'));
    bench.run(1);
    expect(bench.all('REGISTER').length).toBeLessThanOrEqual(101);
  });
});

describe('abandoning a request that is no INVITE', () => {
  it('forgets it: no retransmission, no report', () => {
    const { bench, client } = trying();
    client.transaction.abandon();
    bench.ambient.runToRest();
    expect(bench.all('REGISTER')).toHaveLength(1);
    expect(client.heard).toEqual([]);
    expect(bench.layer.size).toBe(0);
  });

  it('and cancelling it does nothing', () => {
    const { bench, client } = trying();
    client.transaction.cancel();
    bench.answer(bench.sent[0], { status: 200 });
    expect(bench.all('CANCEL')).toHaveLength(0);
    expect(client.heard).toEqual([200]);
  });
});
