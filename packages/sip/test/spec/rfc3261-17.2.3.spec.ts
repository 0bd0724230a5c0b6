import { describe, expect, it } from 'vitest';
import { type Bench, createBench, incoming } from '../support/bench.ts';

/** Matching requests to server transactions: RFC 3261 section 17.2.3; merged requests: section 8.2.2.2. */
const methods = (bench: Bench) => bench.requests.map(({ request }) => request.method);
const statuses = (bench: Bench) =>
  bench.sent.map(({ message }) => (message.kind === 'response' ? message.status : message.method));
/** Another request altogether, but for its branch. */
const other = { from: '<sip:carol@example.com>;tag=else', callId: 'call-3@203.0.113.9' };

describe('17.2.3 with the magic cookie', () => {
  it('must need the branch', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE'));
    bench.receive(incoming('MESSAGE', { ...other, branch: 'z9hG4bKnext' }));
    expect(methods(bench)).toEqual(['MESSAGE', 'MESSAGE']);
  });

  it('must need the sent-by: two clients may choose one branch [M2]', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE'));
    bench.receive(incoming('MESSAGE', { ...other, via: 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKtheirs' }));
    bench.receive(incoming('MESSAGE', { ...other, via: 'SIP/2.0/UDP 198.51.100.1:5062;branch=z9hG4bKtheirs', callId: 'call-4' }));
    expect(methods(bench)).toEqual(['MESSAGE', 'MESSAGE', 'MESSAGE']);
  });

  it('must need the method [M2]', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('MESSAGE', other));
    expect(methods(bench)).toEqual(['INVITE', 'MESSAGE']);
  });

  it('must match an ACK to the INVITE it belongs to', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.requests[0]?.respond({ status: 486 });
    bench.receive(incoming('ACK', { to: '<sip:alice@example.com>;tag=x' }));
    bench.run(4);
    expect(statuses(bench)).toEqual([486]);
    expect(bench.acks).toEqual([]);
  });

  it('ignores the case of the sent-by host', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE', { via: 'SIP/2.0/UDP Proxy.Example.com;branch=z9hG4bKx' }));
    bench.receive(incoming('MESSAGE', { via: 'SIP/2.0/UDP proxy.example.COM:5060;branch=z9hG4bKx' }));
    expect(methods(bench)).toEqual(['MESSAGE']);
  });
});

describe.each([
  ['no branch at all', ''],
  ['a branch without the cookie', '1'],
  ['a branch that is the cookie alone', 'z9hG4bK'],
])('17.2.3 as RFC 2543 did, with %s', (_name, branch) => {
  it('must know a retransmission again', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE', { branch }));
    bench.requests[0]?.respond({ status: 200 });
    bench.receive(incoming('MESSAGE', { branch }));
    expect(methods(bench)).toEqual(['MESSAGE']);
    expect(statuses(bench)).toEqual([200, 200]);
  });

  it('must need Call-ID, From tag and CSeq number', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE', { branch }));
    bench.receive(incoming('MESSAGE', { branch, callId: 'next' }));
    bench.receive(incoming('MESSAGE', { branch, from: '<sip:bob@example.com>;tag=next' }));
    bench.receive(incoming('MESSAGE', { branch, cseq: 2 }));
    expect(methods(bench)).toHaveLength(4);
    expect(bench.sent).toEqual([]);
  });

  it('must match ACK and CANCEL to their INVITE', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE', { branch }));
    bench.receive(incoming('CANCEL', { branch }));
    bench.receive(incoming('ACK', { branch, to: '<sip:alice@example.com>;tag=x' }));
    bench.run(4);
    expect(statuses(bench)).toEqual([200, 487]);
    expect(bench.acks).toEqual([]);
  });
});

describe('8.2.2.2 merged requests', () => {
  const copy = { via: 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKalternate' };

  it('must answer 482 to a copy that came another way, over the other leg as well [RED-95]', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.requests[0]?.respond({ status: 180 });
    bench.receive(incoming('INVITE', copy), { flow: 'udp:alternate' as never, remote: { host: '203.0.113.9', port: 5060 } });
    expect(methods(bench)).toEqual(['INVITE']);
    expect(statuses(bench)).toEqual([180, 482]);
    expect(bench.sent[1]?.flow).toBe('udp:alternate');
    expect(bench.faults).toEqual(['merged-request']);
  });

  it('must give that 482 a transaction of its own: repeated until its ACK', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.requests[0]?.respond({ status: 180 });
    bench.receive(incoming('INVITE', copy));
    bench.run(1);
    bench.receive(incoming('ACK', copy));
    bench.run(10);
    expect(bench.times('SIP/2.0 482')).toEqual([0, 0.5]);
    expect(bench.acks).toEqual([]);
  });

  it('must answer 482 to a copy of a request that is answered already, until Timer J', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE'));
    bench.requests[0]?.respond({ status: 200 });
    bench.run(15);
    bench.receive(incoming('MESSAGE', copy));
    bench.run(17);
    bench.receive(incoming('MESSAGE', { via: 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKlater' }));
    expect(statuses(bench)).toEqual([200, 482]);
    expect(methods(bench)).toEqual(['MESSAGE', 'MESSAGE']);
  });

  it.each([
    ['Call-ID', { callId: 'another' }],
    ['From tag', { from: '<sip:bob@example.com>;tag=another' }],
    ['CSeq', { cseq: 2 }],
  ])('must not take a request with another %s for a copy', (_field, difference) => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('INVITE', { ...copy, ...difference }));
    expect(methods(bench)).toEqual(['INVITE', 'INVITE']);
  });

  it('must leave requests inside a dialog alone', () => {
    const bench = createBench();
    const to = '<sip:alice@example.com>;tag=dialog';
    bench.receive(incoming('INVITE', { to }));
    bench.receive(incoming('INVITE', { ...copy, to }));
    expect(methods(bench)).toEqual(['INVITE', 'INVITE']);
  });

  it('keeps the first copy in mind when the 482 of a second one is over', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('INVITE', copy), { protocol: 'tcp' });
    bench.receive(incoming('ACK', copy), { protocol: 'tcp' });
    expect(bench.layer.size).toBe(1);
    bench.receive(incoming('INVITE', { branch: 'z9hG4bKthird' }));
    expect(bench.all('SIP/2.0 482')).toHaveLength(2);
    expect(bench.requests).toHaveLength(1);
  });

  it('forgets the first copy with its transaction', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE'));
    bench.requests[0]?.respond({ status: 200 });
    bench.run(16);
    bench.receive(incoming('MESSAGE', copy));
    expect(methods(bench)).toEqual(['MESSAGE', 'MESSAGE']);
  });
});
