import { describe, expect, it } from 'vitest';
import { type Bench, type Client, createBench, draft, failure, parsed, tcp, text, udp } from '../support/bench.ts';

/** INVITE client transaction: RFC 3261 section 17.1.1 as changed by RFC 6026 section 7.2. Values as the phone ships: Timer B 16 s. */
const calling = (to = udp): { bench: Bench; client: Client } => {
  const bench = createBench();
  return { bench, client: bench.request(draft('INVITE'), to) };
};
const answered = (status: number, to = udp) => {
  const { bench, client } = calling(to);
  bench.answer(bench.sent[0], { status });
  return { bench, client };
};

describe('17.1.1.2 state "Calling"', () => {
  it('must be entered by sending the INVITE', () => {
    const { bench } = calling();
    expect(bench.all('INVITE')).toHaveLength(1);
  });

  it('must retransmit with Timer A from T1, doubling each time, until Timer B [RED-30]', () => {
    const { bench } = calling();
    bench.run(100);
    expect(bench.times('INVITE')).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5]);
  });

  it('must retransmit the very same bytes', () => {
    const { bench } = calling();
    bench.run(16);
    expect(new Set(bench.all('INVITE').map((sent) => sent.text)).size).toBe(1);
  });

  it('must not retransmit over a reliable transport', () => {
    const { bench, client } = calling(tcp);
    bench.run(100);
    expect(bench.times('INVITE')).toEqual([0]);
    expect(client.heard).toEqual(['B']);
  });

  it('must inform the user exactly once when Timer B fires, at its very instant', () => {
    const { bench, client } = calling();
    bench.run(15.999);
    expect(client.heard).toEqual([]);
    bench.run(16);
    expect(client.events).toEqual([{ type: 'no-response', timer: 'B' }]);
    bench.ambient.runToRest();
    expect(client.heard).toEqual(['B']);
  });

  it('must not retransmit any longer once a provisional response has come', () => {
    const { bench } = calling();
    bench.run(1);
    bench.answer(bench.sent[0], { status: 180 });
    bench.run(100);
    expect(bench.times('INVITE')).toEqual([0, 0.5]);
  });

  it('must pass the provisional response to the user', () => {
    expect(answered(180).client.heard).toEqual([180]);
  });
});

describe('17.1.1.2 state "Proceeding"', () => {
  it('must pass every further provisional response up', () => {
    const { bench, client } = answered(100);
    bench.answer(bench.sent[0], { status: 180 });
    bench.answer(bench.sent[0], { status: 180 });
    bench.answer(bench.sent[0], { status: 183 });
    expect(client.heard).toEqual([100, 180, 180, 183]);
  });

  it('must not be ended by Timer B or any other timer [D-19, RED-33]', () => {
    const { bench, client } = answered(100);
    bench.run(10_000);
    expect(client.heard).toEqual([100]);
    expect(bench.layer.size).toBe(1);
    expect(bench.ambient.pending).toBe(0);
  });

  it('must pass a 300-699 up and send an ACK', () => {
    const { bench, client } = answered(180);
    bench.answer(bench.sent[0], { status: 486 });
    expect(client.heard).toEqual([180, 486]);
    expect(bench.all('ACK')).toHaveLength(1);
  });
});

describe('17.1.1.2 state "Completed"', () => {
  it('must answer each retransmission of the response with the same ACK and must not pass it up', () => {
    const { bench, client } = answered(486);
    bench.run(1);
    bench.answer(bench.sent[0], { status: 486 });
    bench.run(15.9);
    bench.answer(bench.sent[0], { status: 486 });
    expect(client.heard).toEqual([486]);
    expect(bench.times('ACK')).toEqual([0, 1, 15.9]);
    expect(new Set(bench.all('ACK').map((sent) => sent.text)).size).toBe(1);
  });

  it('must be left when Timer D fires', () => {
    const { bench } = answered(486);
    bench.run(15.9);
    expect(bench.layer.size).toBe(1);
    bench.run(16);
    expect(bench.layer.size).toBe(0);
    bench.answer(bench.sent[0], { status: 486 });
    expect(bench.all('ACK')).toHaveLength(1);
    expect(bench.faults).toEqual(['stray-response']);
  });

  it('must be left at once over a reliable transport (Timer D is zero)', () => {
    const { bench, client } = answered(486, tcp);
    expect(client.heard).toEqual([486]);
    expect(bench.all('ACK')).toHaveLength(1);
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});

describe('RFC 6026 7.2 state "Accepted"', () => {
  it('must be entered by a 2xx, which goes up; the layer must not ACK it', () => {
    const { bench, client } = answered(200);
    expect(client.heard).toEqual([200]);
    expect(bench.sent).toHaveLength(1);
  });

  it('must pass up every 2xx, retransmissions and other forks alike', () => {
    const { bench, client } = answered(200);
    bench.answer(bench.sent[0], { status: 200 });
    bench.answer(bench.sent[0], { status: 200, toTag: 'fork' });
    expect(client.heard).toEqual([200, 200, 200]);
  });

  it('must absorb what is no 2xx', () => {
    const { bench, client } = answered(200);
    bench.answer(bench.sent[0], { status: 180 });
    bench.answer(bench.sent[0], { status: 486 });
    expect(client.heard).toEqual([200]);
    expect(bench.sent).toHaveLength(1);
  });

  it.each([udp, tcp])('must be left when Timer M fires after 64*T1 over $protocol', (to) => {
    const { bench } = answered(200, to);
    bench.run(31.9);
    expect(bench.layer.size).toBe(1);
    bench.run(32);
    expect(bench.layer.size).toBe(0);
  });
});

describe('17.1.1.3 construction of the ACK', () => {
  const routed = () => {
    const bench = createBench();
    const headers = [
      ['Route', '<sip:p1.example.com;lr>'],
      ['Route', '<sip:p2.example.com;lr>, <sip:p3.example.com;lr>'],
      ['Authorization', 'Digest username="alice"'],
      ['Require', '100rel'],
    ] as const;
    bench.request(draft('INVITE', headers));
    bench.answer(bench.sent[0], { status: 503, toTag: 'busy' });
    const [invite, ack] = bench.sent;
    if (invite?.message.kind !== 'request' || ack?.message.kind !== 'request') throw new Error('no ACK');
    return { invite: invite.message, ack: ack.message, flow: ack.flow };
  };

  it('must equal the INVITE in Request-URI, Call-ID and From', () => {
    const { invite, ack } = routed();
    expect([ack.method, ack.uri, ack.callId, ack.header('From')]).toEqual([
      'ACK',
      invite.uri,
      invite.callId,
      invite.header('From'),
    ]);
  });

  it('must carry a single Via, equal to the top Via of the INVITE', () => {
    const { invite, ack } = routed();
    expect(ack.headers('Via')).toEqual(invite.headers('Via').slice(0, 1));
  });

  it('must take To from the response', () => {
    expect(routed().ack.header('To')).toBe('<sip:bob@example.com>;tag=busy');
  });

  it('must keep the CSeq number under the method ACK', () => {
    expect(routed().ack.cseq).toEqual({ number: 7, method: 'ACK' });
  });

  it('must carry all Route fields of the INVITE in their order [T8]', () => {
    const { invite, ack } = routed();
    expect(ack.headers('Route')).toHaveLength(3);
    expect(ack.headers('Route')).toEqual(invite.headers('Route'));
  });

  it('must repeat the credentials of the INVITE (22.1) and nothing that asks for an answer', () => {
    const { ack } = routed();
    expect(ack.header('Authorization')).toBe('Digest username="alice"');
    expect(ack.header('Require')).toBeUndefined();
    expect(ack.header('Max-Forwards')).toBe('70');
  });

  it('must leave by the flow of the INVITE', () => {
    expect(routed().flow).toBe(udp.flow);
  });
});

describe('17.1.4 transport errors', () => {
  it('must be reported to the user, who hears nothing more', () => {
    const { bench, client } = calling(tcp);
    bench.layer.flowFailed(failure(tcp.flow, 'reset'));
    bench.ambient.runToRest();
    expect(client.events).toEqual([{ type: 'transport', failure: failure(tcp.flow, 'reset') }]);
    expect(bench.layer.size).toBe(0);
  });

  it('must not be reported after a final response', () => {
    const { bench, client } = answered(200, tcp);
    bench.layer.flowFailed(failure(tcp.flow, 'closed'));
    expect(client.heard).toEqual([200]);
    expect(bench.layer.size).toBe(0);
  });
});

describe('8.1.1.7 the Via of a request', () => {
  it('must carry protocol, sent-by, rport and a branch with the magic cookie, the line and 64 random bits or more', () => {
    const { bench, client } = calling(tcp);
    const via = parsed(bench.sent[0]?.bytes ?? new Uint8Array()).headers('Via')[0];
    expect(via).toBe(`SIP/2.0/TCP 192.0.2.1:5060;branch=${client.transaction.branch};rport`);
    expect(client.transaction.branch).toMatch(/^z9hG4bK[a-z2-7]{12}-[a-z2-7]{13,}$/);
    expect(text(bench.sent[0]?.bytes ?? new Uint8Array())).toContain('\r\nMax-Forwards: 70\r\n');
  });
});
