import type { FlowFailure } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { type Bench, createBench, failure, incoming, tcp } from '../support/bench.ts';

/** INVITE server transaction: RFC 3261 section 17.2.1 as changed by RFC 6026 section 7.1. Timer H as the phone ships: 16 s. */
const overTcp = { flow: tcp.flow, protocol: 'tcp' } as const;
const invited = (over: typeof overTcp | undefined = undefined) => {
  const bench = createBench();
  bench.receive(incoming('INVITE'), over);
  const [server] = bench.requests;
  if (server === undefined) throw new Error('the INVITE did not come up');
  return { bench, server };
};
const statuses = (bench: Bench) =>
  bench.sent.map(({ message }) => (message.kind === 'response' ? message.status : message.method));
const at = (bench: Bench) => bench.sent.map(({ atS, message }) => [atS, message.kind === 'response' ? message.status : 0]);

describe('17.2.1 state "Proceeding"', () => {
  it('must be entered by passing the INVITE up', () => {
    const { bench, server } = invited();
    expect(server.request.method).toBe('INVITE');
    expect(bench.requests).toHaveLength(1);
  });

  it('must answer 100 when the user has said nothing within 200 ms [T9]', () => {
    const { bench } = invited();
    bench.run(100);
    expect(at(bench)).toEqual([[0.2, 100]]);
  });

  it('must not answer 100 when the user was quicker', () => {
    const { bench, server } = invited();
    server.respond({ status: 180 });
    bench.run(1);
    expect(statuses(bench)).toEqual([180]);
  });

  it('must pass the most recent provisional response again for each retransmitted INVITE, which does not go up', () => {
    const { bench, server } = invited();
    server.respond({ status: 180 });
    server.respond({ status: 183 });
    bench.receive(incoming('INVITE'));
    expect(statuses(bench)).toEqual([180, 183, 183]);
    expect(bench.requests).toHaveLength(1);
  });

  it('stays silent on a retransmission that comes before any response', () => {
    const { bench } = invited();
    bench.receive(incoming('INVITE'));
    expect(bench.sent).toEqual([]);
    expect(bench.requests).toHaveLength(1);
  });

  it('tells the user when the stream is gone, and sends nothing more', () => {
    const { bench, server } = invited(overTcp);
    const lost: FlowFailure[] = [];
    server.onFlowFailed = (failure) => void lost.push(failure);
    bench.layer.flowFailed(failure(tcp.flow, 'closed'));
    server.respond({ status: 200 });
    bench.ambient.runToRest();
    expect(lost).toHaveLength(1);
    expect(bench.sent).toEqual([]);
    expect(bench.layer.size).toBe(0);
  });

  it('outlives a refused datagram: the client may still be there', () => {
    const { bench, server } = invited();
    bench.layer.flowFailed(failure(server.inbound.flow));
    server.respond({ status: 200 });
    expect(statuses(bench)).toEqual([200]);
  });
});

describe('17.2.1 state "Completed"', () => {
  it('must retransmit a 300-699 with Timer G from T1 up to T2, until Timer H [T3]', () => {
    const { bench, server } = invited();
    let timeouts = 0;
    server.onTimeout = () => {
      timeouts += 1;
    };
    server.respond({ status: 486 });
    bench.run(15.9);
    expect([bench.times('SIP/2.0 486'), timeouts]).toEqual([[0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5], 0]);
    bench.run(100);
    expect([bench.all('SIP/2.0 486').length, timeouts]).toEqual([7, 1]);
    expect(bench.layer.size).toBe(0);
  });

  it('must not retransmit over a reliable transport, but still give up with Timer H', () => {
    const { bench, server } = invited(overTcp);
    let timeouts = 0;
    server.onTimeout = () => {
      timeouts += 1;
    };
    server.respond({ status: 486 });
    bench.run(16);
    expect(statuses(bench)).toEqual([486]);
    expect(timeouts).toBe(1);
  });

  it('must pass the response again for each retransmitted INVITE', () => {
    const { bench, server } = invited();
    server.respond({ status: 486 });
    bench.receive(incoming('INVITE'));
    expect(statuses(bench)).toEqual([486, 486]);
  });

  it('must discard any other final response of the user', () => {
    const { bench, server } = invited();
    server.respond({ status: 486 });
    server.respond({ status: 200 });
    expect(statuses(bench)).toEqual([486]);
  });
});

describe('17.2.1 state "Confirmed"', () => {
  const confirmed = () => {
    const { bench, server } = invited();
    let acked = 0;
    server.onAcked = () => {
      acked += 1;
    };
    server.respond({ status: 486 });
    bench.run(1);
    bench.receive(incoming('ACK'));
    return { bench, acked: () => acked };
  };

  it('must be entered by the ACK: retransmission stops, the ACK is absorbed', () => {
    const { bench, acked } = confirmed();
    bench.run(100);
    expect(bench.times('SIP/2.0 486')).toEqual([0, 0.5]);
    expect(acked()).toBe(1);
    expect(bench.acks).toEqual([]);
  });

  it('must absorb further ACKs until Timer I fires after T4', () => {
    const { bench, acked } = confirmed();
    bench.run(5.9);
    bench.receive(incoming('ACK'));
    expect([acked(), bench.acks.length, bench.layer.size]).toEqual([1, 0, 1]);
    bench.run(6);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });

  it('must be left at once over a reliable transport (Timer I is zero)', () => {
    const { bench, server } = invited(overTcp);
    server.respond({ status: 486 });
    bench.receive(incoming('ACK'), overTcp);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});

describe('RFC 6026 7.1 state "Accepted"', () => {
  const accepted = () => {
    const { bench, server } = invited();
    server.respond({ status: 200, toTag: 'call' });
    return { bench, server };
  };

  it('must not repeat the 2xx by itself, neither by a timer nor for a retransmitted INVITE, which is absorbed', () => {
    const { bench } = accepted();
    bench.receive(incoming('INVITE'));
    bench.run(31);
    expect(statuses(bench)).toEqual([200]);
    expect(bench.requests).toHaveLength(1);
  });

  it('must pass on each 2xx the user repeats', () => {
    const { bench, server } = accepted();
    server.respond({ status: 200, toTag: 'call' });
    server.respond({ status: 486 });
    expect(statuses(bench)).toEqual([200, 200]);
  });

  it('must pass an ACK up to the user', () => {
    const { bench } = accepted();
    bench.receive(incoming('ACK'));
    bench.receive(incoming('ACK', { branch: 'z9hG4bKack' }));
    expect(bench.acks).toHaveLength(2);
  });

  it('must be left when Timer L fires after 64*T1', () => {
    const { bench } = accepted();
    bench.run(31.9);
    expect(bench.layer.size).toBe(1);
    bench.run(32);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});
