import { describe, expect, it } from 'vitest';
import { createFramer } from '../src/codec/framer.ts';
import { byeForSuccess } from '../src/transaction/derived-requests.ts';
import { createBench, draft, hop, incoming, parsed, tcp, udp } from './support/bench.ts';
import { paper, readRequest, readResponse } from './support/messages.ts';

/** The rest of section 2.2 of the stack study: what a message says never decides where it goes. */
describe('matching and routing, continued', () => {
  it('M6: a request leaves by its hop, whatever its Request-URI and Route say, a response by the flow of its request', () => {
    const bench = createBench();
    bench.request(
      { ...draft('MESSAGE', [['Route', '<sip:elsewhere.example.com:9;lr>']]), uri: 'sip:bob@nowhere.example.com:9' },
      tcp,
    );
    bench.receive(incoming('OPTIONS', { via: 'SIP/2.0/UDP liar.example.com:9;branch=z9hG4bKliar' }), { flow: udp.flow });
    bench.requests[0]?.respond({ status: 200 });
    expect(bench.sent.map(({ flow }) => flow)).toEqual([tcp.flow, udp.flow]);
  });

  it('M7: of comma-joined Via values the first counts, and a response with two is somebody else’s', () => {
    const bench = createBench();
    bench.receive(incoming('MESSAGE', { via: 'SIP/2.0/UDP a;branch=z9hG4bKtop, SIP/2.0/UDP b;branch=z9hG4bKbottom' }));
    expect(bench.requests[0]?.request.via).toMatchObject({ host: 'a', branch: 'z9hG4bKtop' });
    bench.requests[0]?.respond({ status: 200 });
    expect(bench.sent[0]?.message.headers('Via').map((via) => via.split(';')[1])).toEqual([
      'branch=z9hG4bKtop',
      'branch=z9hG4bKbottom',
    ]);

    const client = bench.request(draft('OPTIONS'));
    bench.answer(bench.sent[1], { status: 200 }, (text) => text.replace(/(Via: [^\r]*)/, '$1, SIP/2.0/UDP b;branch=z9hG4bKb'));
    expect([client.heard, bench.faults]).toEqual([[], ['misrouted-response']]);
  });

  it('M8: each hop of a line has a sent-by of its own in Via', () => {
    const bench = createBench();
    const second = { ...hop('tls', 'server-2'), viaSentBy: '[2001:db8::7]:40123' };
    const clients = [bench.request(draft('OPTIONS')), bench.request(draft('OPTIONS'), second)];
    expect(bench.sent.map(({ text }) => /Via: (\S+ \S+?);/.exec(text)?.[1])).toEqual([
      'SIP/2.0/UDP 192.0.2.1:5060',
      'SIP/2.0/TLS [2001:db8::7]:40123',
    ]);
    for (const sent of [...bench.sent]) bench.answer(sent, { status: 200 });
    expect(clients.map(({ heard }) => heard)).toEqual([[200], [200]]);
  });

  it('M9: a strict router in front is served its way, and a request of more than 1,300 bytes stays on its transport', () => {
    const invite = draft('INVITE');
    const strict = readResponse({
      start: 'SIP/2.0 200 OK',
      over: { CSeq: 'CSeq: 7 INVITE', To: 'To: <sip:bob@example.com>;tag=b' },
      more: ['Record-Route: <sip:far.example.com;lr>, <sip:near.example.com>', 'Contact: <sip:bob@192.0.2.9>'],
    });
    const bye = readRequest(Buffer.from(byeForSuccess({ draft: invite, via: '' }, strict, 'SIP/2.0/UDP a;branch=z9hG4bKb')));
    expect([bye.uri, bye.headers('Route')]).toEqual([
      'sip:near.example.com',
      ['<sip:far.example.com;lr>', '<sip:bob@192.0.2.9>'],
    ]);

    const bench = createBench();
    bench.request({ ...draft('MESSAGE'), body: Buffer.alloc(2000, 'x') });
    expect(bench.sent.map(({ flow, message }) => [flow, message.via.protocol])).toEqual([[udp.flow, 'UDP']]);
  });

  it('M10: a stream is cut into messages by bytes', () => {
    const messages = [paper({ body: 'Grüße' }), paper({ body: '🚀\r\n\r\n' })];
    const framer = createFramer();
    const events = [...Buffer.concat(messages)].flatMap((byte) => framer.push(Buffer.from([byte])));
    expect(events.map((event) => event.type === 'message' && parsed(event.bytes).body.length)).toEqual([7, 8]);
  });

  it('M11: requests to sips:, to tel:, and to a URI without a user are delivered', () => {
    const bench = createBench();
    const uris = ['sips:alice@192.0.2.1', 'tel:+12015550123', 'sip:192.0.2.1', 'urn:service:sos'];
    uris.forEach((uri, i) => {
      const request = incoming('OPTIONS', { branch: `z9hG4bK${i}`, callId: `call-${i}` });
      bench.receive(request.replace('sip:alice@192.0.2.1:5060', uri));
    });
    expect(bench.requests.map(({ request }) => request.uri)).toEqual(uris);
    for (const server of bench.requests) server.respond({ status: 200 });
    expect(bench.all('SIP/2.0 200')).toHaveLength(uris.length);
  });

  it('M12: a response whose Via has a port reaches its transaction, default or not', () => {
    for (const viaSentBy of ['192.0.2.1:5060', '192.0.2.1:40123', '192.0.2.1']) {
      const bench = createBench();
      const client = bench.request(draft('REGISTER'), { ...udp, viaSentBy });
      bench.answer(bench.sent[0], { status: 200 });
      expect([client.heard, bench.faults]).toEqual([[200], []]);
    }
  });
});
