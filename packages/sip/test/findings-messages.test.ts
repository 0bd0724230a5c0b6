import { LoggerFactory, Parser } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { buildRequest, buildResponse } from '../src/codec/build-message.ts';
import { parseMessage } from '../src/codec/parse-message.ts';
import { createBench, draft, incoming } from './support/bench.ts';
import { isFast } from './support/cost.ts';
import { callUp, createPair } from './support/dialog-pair.ts';
import { type Paper, paper, read, readRequest, readResponse, verdict } from './support/messages.ts';

/** The defects measured in the parser of sip.js (section 2.3 of the stack study), each as a promise of ours. */
describe('messages, grammar, text', () => {
  it('P1: a response with a bad CSeq is counted and dropped', () => {
    const bench = createBench();
    const client = bench.request(draft('OPTIONS'));
    bench.answer(bench.sent[0], { status: 200 }, (text) => text.replace('CSeq: 7 OPTIONS', 'CSeq: seven'));
    expect([client.heard, bench.faults]).toEqual([[], ['bad-cseq']]);
  });

  it.each(['From', 'To', 'Call-ID', 'CSeq', 'Via'])(
    'P1: a request without %s never throws, and is answered 400 where it can be',
    (name) => {
      const bench = createBench();
      bench.receive(incoming('INVITE').replace(new RegExp(`^${name}: .*\r\n`, 'm'), ''));
      expect(bench.requests).toEqual([]);
      expect(bench.sent.map(({ text }) => text.slice(0, 11))).toEqual(name === 'Via' ? [] : ['SIP/2.0 400']);
    },
  );

  it('P1: a PRACK without a To tag, and any other method without one, is refused and harms no call', () => {
    const pair = createPair();
    callUp(pair);
    for (const method of ['PRACK', 'UPDATE', 'INFO', 'NOTIFY']) pair.bob.inject(incoming(method, { branch: `z9hG4bK${method}` }));
    pair.run(1);
    expect(pair.story().slice(4)).toEqual(['PRACK', 'UPDATE', 'INFO', 'NOTIFY'].map((method) => `bob 405 ${method}`));
    expect(pair.bob.faults).toEqual([]);
  });

  it('P1, P8: an escape or a semicolon in a user part goes out again as it came in', () => {
    for (const contact of ['sip:100%25@192.0.2.9', 'sip:user;par=x@192.0.2.9', 'sip:%5Bx%5D;a=%3b@192.0.2.9;p=%25?h=%20']) {
      const pair = createPair({ dialogs: { contact: () => contact } });
      callUp(pair).caller.bye();
      pair.run(1);
      expect(pair.all('BYE').map(({ message }) => message.kind === 'request' && message.uri)).toEqual([contact]);
      expect(pair.alice.faults).toEqual([]);
    }
  });

  it('P1: a call to a tel URI goes out', () => {
    const pair = createPair();
    pair.alice.call({ uri: 'tel:+12015550123' });
    pair.run(0);
    expect(pair.all('INVITE')[0]?.message).toMatchObject({ uri: 'tel:+12015550123', to: { uri: 'tel:+12015550123' } });
  });

  it('P1: half a character in a body is sent as the sign for one', () => {
    const body = Buffer.from('a\ud83d');
    expect(Buffer.from(readRequest(buildRequest({ ...draft('MESSAGE'), body }, 'SIP/2.0/UDP a;branch=z9hG4bKx')).body)).toEqual(
      Buffer.from('a\ufffd'),
    );
  });

  const vanished: readonly (readonly [string, Paper])[] = [
    ['a tel URI in From', { over: { From: 'From: <tel:+12015550123>;tag=1' } }],
    ['a tel URI in Contact', { more: ['Contact: <tel:+12015550123>'] }],
    ['an asterisk in Contact', { more: ['Contact: *', 'Expires: 0'] }],
    [
      'algorithm=MD5-sess',
      { start: 'SIP/2.0 401 x', more: ['WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5-sess'] },
    ],
    [
      'two challenges in one field',
      { start: 'SIP/2.0 401 x', more: ['WWW-Authenticate: Digest realm="r", nonce="n", Digest realm="s", nonce="m"'] },
    ],
    ['brackets in a reason phrase', { start: 'SIP/2.0 500 [line 2] x' }],
    ['an unquoted name beyond ASCII', { over: { From: 'From: Jörg <sip:j@h>;tag=1' } }],
  ];
  it.each(vanished)('P2: %s costs nobody the message', (_, message) => {
    expect(verdict(message)).toBe('taken');
  });

  it('P3: every registered compact form is known, that of an in-dialog NOTIFY among them', () => {
    const notify = readRequest({
      start: 'NOTIFY sip:a@b SIP/2.0',
      more: ['o: presence', 'k: eventlist', 's: x', 'u: dialog', 'x: 90', 'b: <sip:r@h>', 'e: gzip'],
    });
    expect(
      ['Event', 'Supported', 'Subject', 'Allow-Events', 'Session-Expires', 'Referred-By', 'Content-Encoding'].map((name) =>
        notify.header(name),
      ),
    ).toEqual(['presence', 'eventlist', 'x', 'dialog', '90', '<sip:r@h>', 'gzip']);
  });

  it('P4: Content-Length counts bytes of any kind, and more than there are is refused', () => {
    const length = (bytes: number) => ({ 'Content-Length': `Content-Length: ${bytes}` });
    expect(Buffer.from(read({ over: length(9), body: 'é€ü.x?more' }).body).toString()).toBe('é€ü.x');
    expect(verdict({ over: length(10), body: 'too short' })).toBe('short-body 400');
    expect([...read({ body: Buffer.from([255, 0, 254, 13, 10]) }).body]).toEqual([255, 0, 254, 13, 10]);
  });

  it('P5: a folded field is read, and answered, as one line', () => {
    const request = readRequest({
      over: { From: 'From: "Bob"\r\n <sip:bob@example.com>\r\n\t;tag=1', To: 'To:\r\n <sip:alice@h>' },
    });
    expect(request.header('From')).toBe('"Bob" <sip:bob@example.com> ;tag=1');
    const lines = Buffer.from(buildResponse(request, { status: 200, toTag: 't' }))
      .toString()
      .split('\r\n');
    expect(lines.filter((line) => line.startsWith('From') || line.startsWith('To'))).toEqual([
      'From: "Bob" <sip:bob@example.com> ;tag=1',
      'To: <sip:alice@h>;tag=t',
    ]);
  });

  it('P6: a field that cannot be read costs that field only, and every Via is there', () => {
    const more = [
      'Via: second',
      'Contact: >nonsense<',
      'Expires: soon',
      'Event: ;;;',
      'Refer-To: <',
      'Date: today',
      'X-\u00fc: y'.slice(0, 2),
    ];
    const response = readResponse({ start: 'SIP/2.0 200 OK', more });
    expect([response.contacts, response.headers('Via').length, response.header('Expires')]).toEqual([[], 2, 'soon']);
  });

  it('P7: a display name is escaped on the wire, and one that holds a line end never gets there', () => {
    const identity = (displayName: string) => ({ dialogs: { identity: { uri: 'sip:alice@example.com', displayName } } });
    const named = createPair(identity('Al "x" \\ Müller'));
    callUp(named);
    expect(named.wire[0]?.message.header('From')).toBe('"Al \\"x\\" \\\\ Müller" <sip:alice@example.com>;tag=alice-tag-1');
    expect(named.bob.incoming[0]?.request.from.display).toBe('Al "x" \\ Müller');

    const evil = createPair(identity('x\r\nRoute: <sip:evil@example.com>'));
    const call = evil.alice.call();
    evil.run(1);
    expect([evil.wire, call.heard, evil.alice.faults.length]).toEqual([[], ['failed transport'], 1]);
  });

  it('P9: 8,000 Via lines in 46 KB, or 3,500 contacts in 34 KB, cost no time', () => {
    const vias = paper({ more: Array.from({ length: 8000 }, () => 'v: a') });
    const contacts = paper({ more: [`Contact: ${'sip:a@b,'.repeat(3500)}`] });
    expect(read(contacts).contacts).toHaveLength(3500);
    for (const bytes of [vias, contacts]) expect(isFast(() => parseMessage(bytes), 20)).toBe(true);
    expect(isFast(() => read(paper({ more: [`Contact: ${'sip:a@b,'.repeat(3500)}`] })).contacts)).toBe(true);
  });

  it('P10: a hundred messages are parsed in less time than sip.js takes for ten', () => {
    const bytes = paper({
      start: 'SIP/2.0 200 OK',
      more: ['Contact: <sip:a@b>;expires=60', 'Expires: 60', 'Allow: INVITE, ACK, BYE'],
    });
    const factory = new LoggerFactory();
    factory.builtinEnabled = false;
    const logger = factory.getLogger('test');
    const startMs = performance.now();
    for (let i = 0; i < 10; i++) Parser.parseMessage(bytes.toString(), logger);
    const theirsMs = performance.now() - startMs;
    const ours = () => {
      for (let i = 0; i < 100; i++) expect(parseMessage(bytes).kind).toBe('response');
    };
    expect(isFast(ours, theirsMs)).toBe(true);
  });
});
