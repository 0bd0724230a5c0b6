import { describe, expect, it } from 'vitest';
import { defaultSipTimers } from '../src/transaction/timing.ts';
import { type Bench, createBench, draft, failure, hop, tcp, udp } from './support/bench.ts';

/** What becomes of an INVITE nobody waits for any more. @source D-18, D-19, D-21; RED-30, 32, 33, 36, 45-47 */
const first = udp;
const second = hop('udp', 'server-2');

/** As a caller that moves to the next server does: the same request on another hop. */
const failover = (bench: Bench) => {
  const heard: string[] = [];
  const invite = draft('INVITE', [['Authorization', 'Digest username="alice"']]);
  bench.layer.request(invite, first, (event) => {
    heard.push(event.type);
    if (event.type === 'no-response' || event.type === 'transport') bench.request(invite, second);
  });
  return heard;
};
const to = (bench: Bench, { flow }: { flow: string }) =>
  bench.sent.filter((sent) => sent.flow === flow).map(({ atS, text }) => `${atS} ${text.split(' ')[0]}`);
const byMethod = (bench: Bench, method: string) => {
  const message = bench.all(method)[0]?.message;
  if (message?.kind !== 'request') throw new Error(`no ${method} was sent`);
  return message;
};

describe('an INVITE given up after Timer B', () => {
  it('goes to the second server at 16.0 [RED-30], at 32.0 with Timer B 32 s [RED-32]', () => {
    const sixteen = createBench();
    failover(sixteen);
    sixteen.run(16);
    expect(to(sixteen, first)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5].map((atS) => `${atS} INVITE`));
    expect(to(sixteen, second)).toEqual(['16 INVITE']);
    const thirtyTwo = createBench({ timers: { ...defaultSipTimers, timerBMs: 32_000 } });
    failover(thirtyTwo);
    thirtyTwo.run(32);
    expect(to(thirtyTwo, first).at(-1)).toBe('31.5 INVITE');
    expect(to(thirtyTwo, second)).toEqual(['32 INVITE']);
  });

  it('has another branch on the second server, all else equal [D-21]', () => {
    const bench = createBench();
    failover(bench);
    bench.run(16);
    const [one, two] = [bench.sent[0]?.text ?? '', bench.sent.at(-1)?.text ?? ''];
    expect(one).not.toBe(two);
    expect(one.replace(/branch=[^;]+/, '')).toBe(two.replace(/branch=[^;]+/, ''));
  });

  it('is hung up by ACK and BYE on its own hop when a 2xx comes at 17; the call on the second server is untouched [RED-46]', () => {
    const bench = createBench();
    const heard = failover(bench);
    bench.run(17);
    bench.answer(bench.sent[0], { status: 200, headers: [['Contact', '<sip:bob@203.0.113.5:5070>']] });
    expect(to(bench, first).slice(-2)).toEqual(['17 ACK', '17 BYE']);
    expect(to(bench, second)).toEqual(['16 INVITE', '16.5 INVITE']);
    expect(heard).toEqual(['no-response']);
  });

  it('is cancelled when a 1xx comes at 17 [RED-47], once, and its 487 gets an ACK', () => {
    const bench = createBench();
    const heard = failover(bench);
    bench.run(17);
    bench.answer(bench.sent[0], { status: 180 });
    bench.answer(bench.sent[0], { status: 180 });
    expect(to(bench, first).slice(-2)).toEqual(['15.5 INVITE', '17 CANCEL']);
    bench.answer(bench.all('CANCEL')[0], { status: 200 });
    bench.answer(bench.sent[0], { status: 487 });
    expect(to(bench, first).at(-1)).toBe('17 ACK');
    expect(heard).toEqual(['no-response']);
  });

  it('is forgotten 64*T1 later, and a server that comes back then is not answered', () => {
    const bench = createBench();
    bench.request(draft('INVITE'));
    bench.run(47.9);
    expect(bench.layer.size).toBe(1);
    bench.run(48);
    expect(bench.layer.size).toBe(0);
    bench.answer(bench.sent[0], { status: 200 });
    expect(bench.all('ACK')).toEqual([]);
    expect(bench.faults).toEqual(['stray-response']);
    expect(bench.ambient.pending).toBe(0);
  });
});

describe('hanging up a 2xx nobody wants', () => {
  const late = (headers: [string, string][], toTag = 'late') => {
    const bench = createBench();
    failover(bench);
    bench.run(17);
    const answer = () => bench.answer(bench.sent[0], { status: 200, toTag, headers });
    answer();
    return { bench, answer };
  };
  const contact: [string, string] = ['Contact', '<sip:bob@203.0.113.5:5070;transport=udp>'];

  it('takes the Request-URI from Contact and the route set from Record-Route, reversed', () => {
    const { bench } = late([contact, ['Record-Route', '<sip:p2.example.com;lr>, <sip:p1.example.com;lr>']]);
    for (const method of ['ACK', 'BYE']) {
      const message = byMethod(bench, method);
      expect(message.uri).toBe('sip:bob@203.0.113.5:5070;transport=udp');
      expect(message.headers('Route')).toEqual(['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>']);
    }
  });

  it('serves a strict router its way (12.2.1.1)', () => {
    const { bench } = late([contact, ['Record-Route', '<sip:p2.example.com;lr>, <sip:strict.example.com>']]);
    const bye = byMethod(bench, 'BYE');
    expect(bye.uri).toBe('sip:strict.example.com');
    expect(bye.headers('Route')).toEqual(['<sip:p2.example.com;lr>', '<sip:bob@203.0.113.5:5070;transport=udp>']);
  });

  it('falls back on the Request-URI of the INVITE when Contact is missing or nonsense', () => {
    expect(byMethod(late([]).bench, 'BYE').uri).toBe('sip:bob@example.com');
    expect(byMethod(late([['Contact', '<mailto:bob>']]).bench, 'BYE').uri).toBe('sip:bob@example.com');
  });

  it('numbers the ACK as the INVITE and the BYE one above, with branches of their own', () => {
    const { bench } = late([contact]);
    const [invite, ack, bye] = ['INVITE', 'ACK', 'BYE'].map((method) => byMethod(bench, method));
    expect([ack?.cseq, bye?.cseq]).toEqual([
      { number: 7, method: 'ACK' },
      { number: 8, method: 'BYE' },
    ]);
    expect(new Set([invite, ack, bye].map((message) => message?.via.branch)).size).toBe(3);
    for (const message of [ack, bye]) {
      expect(message?.header('From')).toBe(invite?.header('From'));
      expect(message?.header('To')).toBe('<sip:bob@example.com>;tag=late');
      expect(message?.callId).toBe(invite?.callId);
    }
  });

  it('repeats the credentials in the ACK (13.2.2.4) and not in the BYE', () => {
    const { bench } = late([contact]);
    expect(byMethod(bench, 'ACK').header('Authorization')).toBe('Digest username="alice"');
    expect(byMethod(bench, 'BYE').header('Authorization')).toBeUndefined();
  });

  it('repeats the same ACK for a repeated 2xx, but no second BYE', () => {
    const { bench, answer } = late([contact]);
    bench.answer(bench.all('BYE')[0], { status: 200 });
    bench.run(18);
    answer();
    expect(bench.times('BYE')).toEqual([17]);
    expect(bench.times('ACK')).toEqual([17, 18]);
    expect(new Set(bench.all('ACK').map(({ text }) => text)).size).toBe(1);
  });

  it('repeats the BYE until it is answered', () => {
    const { bench } = late([contact]);
    bench.run(19);
    expect(bench.times('BYE')).toEqual([17, 17.5, 18.5]);
  });

  it('hangs up each fork, up to eight', () => {
    const { bench } = late([contact], 'fork-0');
    for (let i = 1; i < 12; i++) bench.answer(bench.sent[0], { status: 200, toTag: `fork-${i}` });
    expect(bench.times('BYE').filter((atS) => atS === 17)).toHaveLength(8);
    expect(bench.faults).toEqual(['too-many-forks', 'too-many-forks', 'too-many-forks', 'too-many-forks']);
  });

  it('leaves nothing behind', () => {
    const { bench } = late([contact]);
    bench.ambient.runToRest();
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});

describe('an INVITE whose datagram was refused', () => {
  it('goes to the second server at once [RED-36]', () => {
    const bench = createBench();
    failover(bench);
    bench.run(0.01);
    bench.layer.flowFailed(failure(first.flow));
    expect(to(bench, second)).toEqual(['0.01 INVITE']);
    bench.run(10);
    expect(to(bench, first)).toEqual(['0 INVITE']);
  });

  it('is still cancelled when its server turns out to ring', () => {
    const bench = createBench();
    failover(bench);
    bench.layer.flowFailed(failure(first.flow));
    bench.run(1);
    bench.answer(bench.sent[0], { status: 180 });
    expect(to(bench, first)).toEqual(['0 INVITE', '1 CANCEL']);
  });
});

describe('an INVITE abandoned by its user', () => {
  it('is repeated in silence and cancelled by the first 1xx [RED-45]', () => {
    const bench = createBench();
    const client = bench.request(draft('INVITE'));
    bench.run(10);
    client.transaction.abandon();
    bench.run(15.6);
    bench.answer(bench.sent[0], { status: 100 });
    bench.answer(bench.sent[0], { status: 487 });
    expect(to(bench, first).slice(-3)).toEqual(['15.5 INVITE', '15.6 CANCEL', '15.6 ACK']);
    expect(client.heard).toEqual([]);
  });

  it('ends without a word when the server never speaks', () => {
    const bench = createBench();
    const client = bench.request(draft('INVITE'));
    client.transaction.abandon();
    bench.ambient.runToRest();
    expect(client.heard).toEqual([]);
    expect(new Set(bench.sent.map(({ text }) => text.split(' ')[0]))).toEqual(new Set(['INVITE']));
    expect(bench.layer.size).toBe(0);
  });

  it('is cancelled at once when it rings already, and hung up when it is answered in that moment', () => {
    const bench = createBench();
    const client = bench.request(draft('INVITE'));
    bench.answer(bench.sent[0], { status: 180 });
    client.transaction.abandon();
    bench.answer(bench.sent[0], { status: 200 });
    expect(to(bench, first)).toEqual(['0 INVITE', '0 CANCEL', '0 ACK', '0 BYE']);
    expect(client.heard).toEqual([180]);
  });

  it('hangs up later forks when the call was refused after a first 2xx', () => {
    const bench = createBench();
    const client = bench.request(draft('INVITE'));
    bench.answer(bench.sent[0], { status: 200 });
    client.transaction.abandon();
    bench.answer(bench.sent[0], { status: 200, toTag: 'fork' });
    expect(client.heard).toEqual([200]);
    expect(byMethod(bench, 'BYE').to.params.get('tag')).toBe('fork');
  });

  it('goes with its stream', () => {
    const bench = createBench();
    bench.request(draft('INVITE'), tcp).transaction.abandon();
    bench.layer.flowFailed(failure(tcp.flow, 'closed'));
    expect(bench.layer.size).toBe(0);
    expect(bench.ambient.pending).toBe(0);
  });
});
