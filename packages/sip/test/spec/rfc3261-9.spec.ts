import { describe, expect, it } from 'vitest';
import { createBench, draft, incoming, raw, tcp, udp } from '../support/bench.ts';

/** Cancelling a request: RFC 3261 section 9. */
describe('9.1 client behaviour', () => {
  const ringing = (to = udp) => {
    const bench = createBench();
    const client = bench.request(draft('INVITE', [['Route', '<sip:p1.example.com;lr>, <sip:p2.example.com;lr>']]), to);
    bench.answer(bench.sent[0], { status: 180 });
    return { bench, client };
  };

  it('must not send a CANCEL before a provisional response; it waits for one [RED-45]', () => {
    const bench = createBench();
    const client = bench.request(draft('INVITE'));
    bench.run(1);
    client.transaction.cancel();
    bench.run(3);
    expect(bench.all('CANCEL')).toHaveLength(0);
    bench.answer(bench.sent[0], { status: 100 });
    expect(bench.times('CANCEL')).toEqual([3]);
    expect(client.heard).toEqual([100]);
  });

  it('must never send it when nothing but Timer B comes', () => {
    const bench = createBench();
    const client = bench.request(draft('INVITE'));
    client.transaction.cancel();
    bench.ambient.runToRest();
    expect(bench.all('CANCEL')).toHaveLength(0);
    expect(client.heard).toEqual(['B']);
  });

  it('must send it at once when a provisional response has come, and only once', () => {
    const { bench, client } = ringing(tcp);
    client.transaction.cancel();
    client.transaction.cancel();
    bench.answer(bench.sent[0], { status: 183 });
    expect(bench.all('CANCEL')).toHaveLength(1);
  });

  it('must not send it after a final response', () => {
    const { bench, client } = ringing();
    bench.answer(bench.sent[0], { status: 200 });
    client.transaction.cancel();
    expect(bench.all('CANCEL')).toHaveLength(0);
  });

  it('must equal the INVITE in Request-URI, Call-ID, From, To, CSeq number, Route and its one Via', () => {
    const { bench, client } = ringing();
    client.transaction.cancel();
    const [invite, cancel] = bench.sent.map(({ message }) => message);
    if (invite?.kind !== 'request' || cancel?.kind !== 'request') throw new Error('no CANCEL');
    for (const name of ['Call-ID', 'From', 'To']) expect(cancel.header(name)).toBe(invite.header(name));
    expect(cancel.uri).toBe(invite.uri);
    expect(cancel.headers('Via')).toEqual(invite.headers('Via'));
    expect(cancel.headers('Route')).toEqual(invite.headers('Route'));
    expect(cancel.cseq).toEqual({ number: 7, method: 'CANCEL' });
  });

  it('must retransmit as any non-INVITE request, and its answer must not reach the user of the INVITE', () => {
    const { bench, client } = ringing();
    client.transaction.cancel();
    bench.run(2);
    expect(bench.times('CANCEL')).toEqual([0, 0.5, 1.5]);
    bench.answer(bench.all('CANCEL')[0], { status: 200 });
    bench.answer(bench.sent[0], { status: 487 });
    bench.run(20);
    expect(bench.all('CANCEL')).toHaveLength(3);
    expect(client.heard).toEqual([180, 487]);
    expect(bench.layer.size).toBe(0);
  });

  it('must consider the INVITE cancelled when no final response comes within 64*T1', () => {
    const { bench, client } = ringing();
    bench.run(5);
    client.transaction.cancel();
    bench.run(36.9);
    expect(client.heard).toEqual([180]);
    bench.run(37);
    expect(client.events.at(-1)).toEqual({ type: 'no-response', timer: 'cancel' });
    expect(bench.layer.size).toBe(0);
  });

  it('passes a 2xx that crosses the CANCEL up to the user', () => {
    const { bench, client } = ringing();
    client.transaction.cancel();
    bench.answer(bench.sent[0], { status: 200 });
    expect(client.heard).toEqual([180, 200]);
    expect(bench.all('BYE')).toHaveLength(0);
  });

  it('leaves a CANCEL that the user wrote himself as it is, and ends the INVITE after 64*T1 all the same', () => {
    const bench = createBench();
    const invite = bench.requestRaw(raw('INVITE', 'z9hG4bKown'));
    bench.answer(bench.sent[0], { status: 180 });
    const cancel = bench.requestRaw(raw('CANCEL', 'z9hG4bKown'));
    bench.answer(bench.all('CANCEL')[0], { status: 200 });
    bench.run(100);
    expect(bench.all('CANCEL').map(({ text }) => text)).toEqual([raw('CANCEL', 'z9hG4bKown')]);
    expect(cancel.heard).toEqual([200]);
    expect(invite.heard).toEqual([180, 'cancel']);
    expect(bench.layer.size).toBe(0);
  });
});

describe('9.2 server behaviour', () => {
  it('must answer 481 when no transaction matches', () => {
    const bench = createBench();
    bench.receive(incoming('CANCEL'));
    expect(bench.sent.map(({ message }) => message.kind === 'response' && message.status)).toEqual([481]);
    expect(bench.layer.size).toBe(0);
  });

  it('must answer 200 and tell the user of the INVITE, once', () => {
    const bench = createBench();
    const cancelled: string[] = [];
    bench.receive(incoming('INVITE'));
    const [server] = bench.requests;
    if (server === undefined) throw new Error('no INVITE');
    server.onCancelled = (cancel) => void cancelled.push(cancel.method);
    bench.receive(incoming('CANCEL'));
    bench.receive(incoming('CANCEL'));
    expect(cancelled).toEqual(['CANCEL']);
    const answers = bench.all('SIP/2.0 200');
    expect(answers).toHaveLength(2);
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect(answers[0]?.message.cseq.method).toBe('CANCEL');
  });

  it('should use one To tag for CANCEL and INVITE', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('CANCEL'));
    const tags = bench.sent.map(({ message }) => message.to.params.get('tag'));
    expect(bench.sent.map(({ message }) => message.kind === 'response' && message.status)).toEqual([200, 487]);
    expect(tags[0]).toBe(tags[1]);
  });

  it('must have no effect on an INVITE that has its final response', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.requests[0]?.respond({ status: 200 });
    bench.receive(incoming('CANCEL'));
    expect(bench.sent.map(({ message }) => [message.cseq.method, message.kind === 'response' && message.status])).toEqual([
      ['INVITE', 200],
      ['CANCEL', 200],
    ]);
  });

  it('must not be confused by a CANCEL with the branch of an INVITE of another client', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('CANCEL', { via: 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKtheirs' }));
    expect(bench.all('SIP/2.0 481')).toHaveLength(1);
    expect(bench.all('SIP/2.0 487')).toHaveLength(0);
  });
});
