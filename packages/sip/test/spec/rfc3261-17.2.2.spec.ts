import { describe, expect, it } from 'vitest';
import { type Bench, createBench, failure, incoming, tcp } from '../support/bench.ts';

/** Non-INVITE server transaction: RFC 3261 section 17.2.2. Timer J as the phone ships: 16 s. */
const overTcp = { flow: tcp.flow, protocol: 'tcp' } as const;
const asked = (over: typeof overTcp | undefined = undefined) => {
  const bench = createBench();
  bench.receive(incoming('MESSAGE'), over);
  const [server] = bench.requests;
  if (server === undefined) throw new Error('the MESSAGE did not come up');
  return { bench, server };
};
const statuses = (bench: Bench) =>
  bench.sent.map(({ message }) => (message.kind === 'response' ? message.status : message.method));

describe('17.2.2 state "Trying"', () => {
  it('must be entered by passing the request up; no 100 is sent', () => {
    const { bench } = asked();
    bench.run(1);
    expect(bench.requests).toHaveLength(1);
    expect(bench.sent).toEqual([]);
  });

  it('must discard retransmissions', () => {
    const { bench } = asked();
    bench.receive(incoming('MESSAGE'));
    expect(bench.requests).toHaveLength(1);
    expect(bench.sent).toEqual([]);
  });

  it('forgets a request nobody answered within 64*T1 (RFC 4320 4.2)', () => {
    const { bench, server } = asked();
    bench.run(32);
    expect(bench.layer.size).toBe(0);
    server.respond({ status: 200 });
    expect(bench.sent).toEqual([]);
  });
});

describe('17.2.2 state "Proceeding"', () => {
  it('must answer a retransmission with the most recent provisional response', () => {
    const { bench, server } = asked();
    server.respond({ status: 100 });
    server.respond({ status: 182 });
    bench.receive(incoming('MESSAGE'));
    expect(statuses(bench)).toEqual([100, 182, 182]);
  });
});

describe('17.2.2 state "Completed"', () => {
  it('must answer each retransmission with the final response, which does not go up again, until Timer J [T4, T6]', () => {
    const { bench, server } = asked();
    server.respond({ status: 200 });
    bench.run(0.02);
    bench.receive(incoming('MESSAGE'));
    bench.run(15.9);
    bench.receive(incoming('MESSAGE'));
    expect(statuses(bench)).toEqual([200, 200, 200]);
    expect(new Set(bench.sent.map(({ text }) => text)).size).toBe(1);
    expect(bench.requests).toHaveLength(1);
    bench.run(16);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('must discard any other final response of the user', () => {
    const { bench, server } = asked();
    server.respond({ status: 200 });
    server.respond({ status: 500 });
    expect(statuses(bench)).toEqual([200]);
  });

  it('must be left at once over a reliable transport (Timer J is zero)', () => {
    const { bench, server } = asked(overTcp);
    server.respond({ status: 200 });
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});

describe('17.2.4 transport errors', () => {
  it('drops the transactions of a stream that is gone', () => {
    const { bench, server } = asked(overTcp);
    const lost: string[] = [];
    server.onFlowFailed = ({ reason }) => void lost.push(reason);
    bench.layer.flowFailed(failure(tcp.flow, 'reset'));
    server.respond({ status: 200 });
    expect(lost).toEqual(['reset']);
    expect(bench.sent).toEqual([]);
    expect(bench.layer.size).toBe(0);
  });
});
