import { lineKey } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createWorld, singleLine, type World } from '../../src/index.ts';
import { createRogue, type Rogue, rogueHost } from './rogue.ts';

/* Requests that a user agent server has to refuse, from the server of a registered line. */

const user = '1002';
const own = `sip:${user}@10.0.0.9:5060;line=${lineKey(user)};leg=p`;

interface Paper {
  readonly method?: string;
  readonly uri?: string;
  readonly version?: string;
  readonly branch?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: string;
  readonly more?: readonly string[];
  readonly body?: string;
}

let written = 0;
function request(paper: Paper = {}): string {
  const { method = 'OPTIONS', uri = own, version = 'SIP/2.0', toTag, more = [], body = '' } = paper;
  written += 1;
  return [
    `${method} ${uri} ${version}`,
    `Via: SIP/2.0/UDP ${rogueHost}:5060;branch=${paper.branch ?? `z9hG4bKrogue${written}`};rport`,
    'From: <sip:eve@example.com>;tag=eve',
    `To: <sip:${user}@example.com>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${paper.callId ?? `rogue-${written}`}`,
    `CSeq: ${paper.cseq ?? `7 ${method}`}`,
    ...(method === 'INVITE' ? [`Contact: <sip:eve@${rogueHost}>`] : []),
    ...more,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

const sdp = 'v=0\r\no=- 1 1 IN IP4 10.0.0.66\r\ns=-\r\nc=IN IP4 10.0.0.66\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const withSdp: Paper = { method: 'INVITE', more: ['Content-Type: application/sdp'], body: sdp };

/** Responses as text: what repeats a broken request cannot always be read itself. */
const said = (world: World): readonly string[] =>
  world.wire
    .find({ from: '10.0.0.9', to: rogueHost })
    .map(({ bytes }) => Buffer.from(bytes).toString())
    .filter((text) => text.startsWith('SIP/2.0 '));

async function meet(act: (world: World, say: (text: string) => Promise<readonly number[]>, rogue: Rogue) => Promise<void>) {
  let rogue: Rogue | undefined;
  const world = await createWorld({
    lines: [singleLine({ userId: user, proxy: rogueHost })],
    prepare: async (bare) => {
      rogue = await createRogue(bare);
    },
  });
  if (rogue === undefined) throw new Error('no rogue');
  await world.run(1);
  const { say } = rogue;
  const answers = () => said(world).map((text) => Number(text.split(' ')[1]));
  await act(
    world,
    async (text) => {
      const before = answers().length;
      say(text);
      await world.run(0.1);
      return answers().slice(before);
    },
    rogue,
  );
  expect(world.line().status().legs).toMatchObject([{ registration: 'registered', usable: true }]);
  expect(world.ambient.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await world.stop();
  await rogue.stop();
}

const allow = 'INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE';

describe('a request that cannot be served is refused as RFC 3261 asks', () => {
  test.each<[name: string, text: string, status: number, field?: string, value?: string]>([
    ['400: CSeq names another method (8.1.1.5)', request({ cseq: '7 INVITE' }), 400],
    ['400: no Call-ID (8.1.1)', request().replace(/Call-ID: .*\r\n/, ''), 400],
    ['400: CSeq above 2^32 - 1 (20.16)', request({ cseq: '4294967296 OPTIONS' }), 400],
    ['400: two From fields (7.3.1)', request({ more: ['From: <sip:mallory@example.com>;tag=x'] }), 400],
    ['404: a line that nobody runs (8.2.2.1)', request({ uri: `sip:10.0.0.9;line=${lineKey('gone')}` }), 404],
    ['404: a user who is not here (8.2.2.1)', request({ uri: `sip:nobody@10.0.0.9` }), 404],
    ['405 with Allow: REGISTER (8.2.1)', request({ method: 'REGISTER' }), 405, 'Allow', allow],
    ['405 with Allow: PUBLISH (8.2.1)', request({ method: 'PUBLISH' }), 405, 'Allow', allow],
    ['405 comes before 416 and 420 (8.2)', request({ method: 'REFER', uri: 'urn:x:y', more: ['Require: a'] }), 405],
    [
      '415 with Accept: an INVITE whose body is no SDP (8.2.3)',
      request({ method: 'INVITE', more: ['Content-Type: text/plain'], body: 'hello' }),
      ...([415, 'Accept', 'application/sdp'] as const),
    ],
    [
      '415 with Accept-Encoding: a body that is packed (8.2.3)',
      request({ ...withSdp, more: ['Content-Type: application/sdp', 'Content-Encoding: gzip'] }),
      ...([415, 'Accept-Encoding', 'identity'] as const),
    ],
    ['420 with Unsupported: Require (8.2.2.3)', request({ more: ['Require: a', 'Require: b'] }), 420, 'Unsupported', 'a, b'],
    ['420: Require of an INVITE (8.2.2.3)', request({ ...withSdp, more: ['Require: 100rel'] }), 420, 'Unsupported', '100rel'],
    ['481: BYE of no dialog (12.2.2)', request({ method: 'BYE', toTag: 'gone' }), 481],
    ['481: BYE without a To tag (15.1.2)', request({ method: 'BYE' }), 481],
    ['481: INVITE of no dialog (12.2.2)', request({ ...withSdp, toTag: 'gone' }), 481],
    ['481: INFO of no dialog (RFC 6086 section 4.2.2)', request({ method: 'INFO', toTag: 'gone' }), 481],
    ['481: CANCEL without its INVITE (9.2)', request({ method: 'CANCEL' }), 481],
    ['481: CANCEL does not heed Require (8.2.2.3)', request({ method: 'CANCEL', more: ['Require: a'] }), 481],
    ['489 with Allow-Events: SUBSCRIBE (RFC 6665 section 4.2.1.1)', request({ method: 'SUBSCRIBE' }), 489, 'Allow-Events', ''],
    ['501 with Allow: a method nobody knows (21.5.2)', request({ method: 'FROBNICATE' }), 501, 'Allow', allow],
    ['501: methods are case-sensitive (7.1)', request({ method: 'invite' }), 501],
    ['505: another version (21.5.6)', request({ version: 'SIP/3.0' }), 505],
  ])('%s', (_name, text, status, name, value) =>
    meet(async (world, say) => {
      expect(await say(text)).toEqual([status]);
      if (name !== undefined) expect(said(world).at(-1)).toContain(`\r\n${name}: ${value}\r\n`);
    }),
  );

  test('416 to a scheme nobody knows, by the edge, which finds no user in it (8.2.2.1)', () =>
    meet(async (_world, say) => expect(await say(request({ uri: 'http://example.com/' }))).toEqual([416])));

  test.each([
    ['Max-Forwards 0, which concerns proxies (20.22)', request({ more: ['Max-Forwards: 0'] })],
    ['Max-Forwards beyond 255', request({ more: ['Max-Forwards: 70000'] })],
    ['Proxy-Require, which concerns proxies (20.29)', request({ more: ['Proxy-Require: x'] })],
    ['CSeq 0 and CSeq 2^32 - 1', request({ cseq: '4294967295 OPTIONS' })],
  ])('200 in spite of %s', (_name, text) => meet(async (_world, say) => expect(await say(text)).toEqual([200])));

  test('482 to the copy that came another way; 400 to an INVITE without Contact (8.2.2.2, 8.1.1.8)', () =>
    meet(async (_world, say) => {
      const ringing = { ...withSdp, callId: 'merged' };
      expect(await say(request(ringing))).toEqual([180]);
      expect(await say(request(ringing))).toEqual([482]);
      expect(await say(request(withSdp).replace(/Contact: .*\r\n/, ''))).toEqual([400]);
    }));

  test('a To tag that is no token is repeated and does no harm, not even to the answer of a CANCEL (9.2)', () =>
    meet(async (_world, say) => {
      const branch = 'z9hG4bKtag';
      expect(await say(request({ ...withSdp, branch, toTag: 'our/s' }))).toEqual([481]);
      expect(await say(request({ method: 'CANCEL', branch }))).toEqual([200]);
    }));

  test('an ACK of nothing is answered nothing, whatever else is wrong with it (17.1.1.3)', () =>
    meet(async (_world, say) => {
      for (const paper of [{}, { toTag: 'x' }, { more: ['Require: x'] }, { version: 'SIP/3.0' }, { cseq: '7 BYE' }])
        expect(await say(request({ method: 'ACK', ...paper }))).toEqual([]);
    }));

  test('one branch twice: the same bytes, the same answer; another method is another transaction (17.2.3)', () =>
    meet(async (_world, say) => {
      const branch = 'z9hG4bKtwice';
      expect(await say(request({ branch, callId: 'twice' }))).toEqual([200]);
      expect(await say(request({ branch, callId: 'other', cseq: '9 OPTIONS' }))).toEqual([200]);
      expect(await say(request({ branch, method: 'MESSAGE' }))).toEqual([200]);
    }));
});

describe('an INVITE that nobody ends', () => {
  test.each([
    ['240 s', [], 240],
    ['what its Expires says (13.3.1)', ['Expires: 30'], 30],
    ['240 s where its Expires says more', ['Expires: 4294967295'], 240],
    ['240 s where its Expires cannot be read', ['Expires: soon'], 240],
  ])('rings for %s and gets 487', (_name, more, ringsS) =>
    meet(async (world, say) => {
      expect(await say(request({ ...withSdp, more: ['Content-Type: application/sdp', ...more] }))).toEqual([180]);
      await world.run(ringsS - 1);
      expect(world.line().status().calls).toMatchObject([{ state: 'ringing' }]);
      await world.run(1);
      expect(world.line().status().calls).toEqual([]);
      expect(said(world).map((text) => text.split(' ')[1])).toContain('487');
    }),
  );

  test('keeps an appearance no longer than that: the line is busy, then free again', () =>
    meet(async (world, say) => {
      const invite = () => say(request(withSdp));
      expect([await invite(), await invite(), await invite()]).toEqual([[180], [180], [486]]);
      await world.run(300);
      expect(await invite()).toEqual([180]);
    }));
});

describe('a storm', () => {
  test('of 5,000 requests at once: 256 transactions, the others get 503 and cost nothing', () =>
    meet(async (world, _say, rogue) => {
      for (let n = 0; n < 5_000; n++) rogue.say(request({ method: 'MESSAGE', callId: `storm-${n}` }));
      await world.run(1);
      const statuses = said(world).map((text) => text.split(' ')[1]);
      expect(statuses.filter((status) => status === '200')).toHaveLength(256);
      expect(statuses.filter((status) => status === '503')).toHaveLength(4_744);
      expect((await world.runtime.counters()).lines?.faults).toEqual({ 'too-many-transactions': 4_744 });
      await world.run(40);
      rogue.say(request({ method: 'MESSAGE' }));
      await world.run(1);
      expect(said(world).at(-1)).toContain('SIP/2.0 200 ');
    }));

  test('of 5,000 forged responses: none is believed, each is counted by its name', () =>
    meet(async (world, _say, rogue) => {
      const via = `SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK${lineKey(user)}-`;
      const rest = 'From: <sip:a@b>;tag=f\r\nTo: <sip:a@b>;tag=t\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n';
      for (let n = 0; n < 5_000; n++) rogue.say(`SIP/2.0 403 Forbidden\r\nVia: ${via}guess${n}\r\n${rest}`);
      rogue.say(`SIP/2.0 200 OK\r\nVia: ${via}guess\r\nVia: ${via}below\r\n${rest}`);
      await world.run(1);
      const { edge, lines } = await world.runtime.counters();
      expect(lines?.faults).toEqual({ 'misrouted-response': 1, 'stray-response': 5_000 });
      expect(edge?.delivered).toBe(lines?.received);
    }));
});
