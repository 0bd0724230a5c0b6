import { asFlow } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { createBench, incoming } from '../support/bench.ts';

/** What the layer owes to RFC 3261 section 18.2, RFC 3581, and to requests it cannot serve. */
const viaOf = (via: string, host: string, port: number): string | undefined => {
  const bench = createBench();
  bench.receive(incoming('OPTIONS', { via }), { remote: { host, port } });
  bench.requests[0]?.respond({ status: 200 });
  return bench.sent[0]?.message.headers('Via')[0];
};

describe('18.2.1 and RFC 3581 section 4: the top Via of a response [M5]', () => {
  it('must name the source address when the sent-by does not', () => {
    expect(viaOf('SIP/2.0/UDP bob.example.com;branch=z9hG4bKa', '198.51.100.7', 5060)).toBe(
      'SIP/2.0/UDP bob.example.com;branch=z9hG4bKa;received=198.51.100.7',
    );
  });

  it('leaves a Via alone that tells the truth', () => {
    const via = 'SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa';
    expect(viaOf(via, '198.51.100.7', 5060)).toBe(via);
  });

  it('must fill in rport, and received with it', () => {
    const via = viaOf('SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKa', '198.51.100.7', 40_000);
    expect(via).toContain(';rport=40000');
    expect(via).toContain(';received=198.51.100.7');
  });

  it('must not believe a received the client wrote itself', () => {
    expect(viaOf('SIP/2.0/UDP 10.0.0.1;received=1.2.3.4;branch=z9hG4bKa', '198.51.100.7', 5060)).not.toContain('1.2.3.4');
  });

  it('is known to the user who writes responses himself', () => {
    const bench = createBench();
    bench.receive(incoming('OPTIONS', { via: 'SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa' }));
    expect(bench.requests[0]?.via).toContain('rport=5060');
  });

  it('stands above the Vias of the proxies behind', () => {
    const bench = createBench();
    bench.receive(incoming('OPTIONS', { headers: ['Via: SIP/2.0/TCP uac.example.com;branch=z9hG4bKb'] }));
    bench.requests[0]?.respond({ status: 200 });
    expect(bench.sent[0]?.message.headers('Via')).toEqual([
      'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKtheirs',
      'SIP/2.0/TCP uac.example.com;branch=z9hG4bKb',
    ]);
  });
});

describe('18.2.2 sending responses', () => {
  it('must use the flow of the request, whatever maddr says', () => {
    const bench = createBench();
    const flow = asFlow('tcp:connection-7');
    bench.receive(incoming('OPTIONS', { via: 'SIP/2.0/TCP 10.0.0.1;maddr=239.0.0.1;branch=z9hG4bKa' }), {
      flow,
      protocol: 'tcp',
    });
    bench.requests[0]?.respond({ status: 200 });
    expect(bench.sent[0]?.flow).toBe(flow);
  });

  it('must use it for a response written by the user as well', () => {
    const bench = createBench();
    bench.receive(incoming('OPTIONS'));
    const [server] = bench.requests;
    server?.respondRaw(Buffer.from(incoming('OPTIONS').replace(/^OPTIONS.*/, 'SIP/2.0 202 Accepted')));
    bench.receive(incoming('OPTIONS'));
    expect(bench.all('SIP/2.0 202')).toHaveLength(2);
    expect(() => server?.respondRaw(Buffer.from('OPTIONS sip:a SIP/2.0\r\n'))).toThrow('no SIP response');
  });

  it('gives every response of one transaction the same To tag (8.2.6.2), 100 none', () => {
    const bench = createBench();
    bench.receive(incoming('INVITE'));
    const [server] = bench.requests;
    for (const status of [100, 180, 200]) server?.respond({ status });
    expect(bench.sent.map(({ message }) => message.to.params.get('tag'))).toEqual([undefined, server?.toTag, server?.toTag]);
    expect(server?.toTag).toMatch(/^[a-z2-7]{13,}$/);
  });
});

describe('requests that are not served', () => {
  const flood = (bench: ReturnType<typeof createBench>, count: number, method = 'MESSAGE') => {
    for (let i = 0; i < count; i++) bench.receive(incoming(method, { branch: `z9hG4bK${method}${i}`, callId: `${method}-${i}` }));
  };

  it('answers 503 above the limit, always alike and without memory; the ACK of a 503 finds nothing', () => {
    const bench = createBench({ maxServerTransactions: 4 });
    flood(bench, 4);
    expect(bench.requests).toHaveLength(4);
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('ACK'));
    const [first, second] = bench.all('SIP/2.0 503');
    expect(first?.text).toBe(second?.text);
    expect(first?.message.to.params.get('tag')).toBeTruthy();
    expect(bench.layer.size).toBe(4);
    expect(bench.requests).toHaveLength(4);
    expect(bench.faults).toEqual(['too-many-transactions', 'too-many-transactions']);
  });

  it('still serves retransmissions and CANCEL at the limit', () => {
    const bench = createBench({ maxServerTransactions: 2 });
    flood(bench, 1);
    bench.receive(incoming('INVITE'));
    bench.receive(incoming('CANCEL'));
    expect(bench.all('SIP/2.0 200')).toHaveLength(1);
    expect(bench.all('SIP/2.0 487')).toHaveLength(1);
  });

  it('has room again when transactions end', () => {
    const bench = createBench({ maxServerTransactions: 2 });
    flood(bench, 2);
    for (const server of bench.requests) server.respond({ status: 200 });
    bench.run(16);
    bench.receive(incoming('MESSAGE'));
    expect(bench.requests).toHaveLength(3);
  });

  it('holds 256 unless told otherwise', () => {
    const bench = createBench();
    flood(bench, 300);
    expect(bench.requests).toHaveLength(256);
  });

  it('answers a faulty request with its status, without memory, and counts it', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE').replace('CSeq: 1 MESSAGE', 'CSeq: one'));
    expect(bench.all('SIP/2.0 400')).toHaveLength(1);
    expect(bench.layer.size).toBe(0);
    expect(bench.faults).toEqual(['bad-cseq']);
  });

  it.each([
    ['an ACK', incoming('ACK').replace('CSeq: 1 ACK', 'CSeq: one')],
    ['a response', 'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n\r\n'],
    ['a request without Via', incoming('MESSAGE').replace(/Via:.*\r\n/, '')],
    ['noise', '\u0000\u0001\u0002 nothing of use'],
    ['an empty datagram', ''],
  ])('never answers %s that is faulty; counts it', (_name, message) => {
    const bench = createBench();
    bench.receive(message);
    expect(bench.sent).toEqual([]);
    expect(bench.requests).toEqual([]);
    expect(bench.faults).toHaveLength(1);
  });

  it('counts the ACK of a 2xx when nobody listens', () => {
    const faults: string[] = [];
    const bench = createBench({ onFault: (name) => void faults.push(name), onAck: undefined as never });
    bench.receive(incoming('ACK'));
    expect(faults).toEqual(['stray-ack']);
  });
});
