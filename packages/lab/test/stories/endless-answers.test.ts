import type { HeaderFields } from '@offhook/sip';
import { describe, expect, test } from 'vitest';
import type { World } from '../../src/index.ts';
import { dial, invites, lastCall, playCall, routed } from '../red/story.ts';

/* Proxies that never come to an end: redirections and challenges without limit. The call begins at 1 s; every status may be tried at the
   alternate (Try Backup RSC *), so that staying with the primary is a decision. */

const contacts = (...uris: readonly string[]): HeaderFields => uris.map((uri) => ['Contact', `<${uri}>`] as const);
const user = (n: number): string => `sip:${n}@10.0.0.1`;

/** Another answer to each of the first requests, long after anybody should have given up. */
function oneByOne(world: World, side: 'p' | 'a', answer: (n: number) => readonly [status: number, headers: HeaderFields]): void {
  for (let n = 40; n >= 1; n--) {
    const [status, headers] = answer(n);
    world[side].answer('INVITE', status, { times: 1, headers });
  }
}

const asked = (world: World) =>
  world.wire.requests({ from: '10.0.0.9', method: 'INVITE' }).map(({ message }) => [message.uri, message.cseq.number]);
const branches = (world: World) =>
  new Set(world.wire.requests({ from: '10.0.0.9', method: 'INVITE' }).map(({ message }) => message.via.branch));
const times = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one);

const begun = [1, '6.4:both-usable', 'send', 'primary'];
const followed = [1, '3.4:redirection', 'answer', 'primary'];
const challenged = (leg: string) => [1, '5.8:challenge', 'answer', leg];
const delivered = [1, '6.2:final-answer', 'deliver', 'primary'];

/** What a proxy answers for ever, and where the INVITEs go: the dialled number, then five redirections. */
const loops: readonly (readonly [string, (world: World) => void, readonly string[]])[] = [
  ['to itself', ({ p }) => p.answer('INVITE', 302, { headers: contacts('sip:2000@10.0.0.1') }), times(6, 'sip:2000@10.0.0.1')],
  [
    'to more and more contacts',
    (world) =>
      oneByOne(world, 'p', (n) => [302, contacts(...Array.from({ length: n * n }, (_, i) => user(3_000 + n * 100 + i)))]),
    ['sip:2000@10.0.0.1', ...[3_100, 3_200, 3_300, 3_400, 3_500].map(user)],
  ],
  [
    'to a contact that redirects back',
    ({ p }) => {
      p.answer('INVITE', 302, { headers: contacts(user(2_001)), when: ({ uri }) => uri.includes('2000') });
      p.answer('INVITE', 301, { headers: contacts(user(2_000)), when: ({ uri }) => uri.includes('2001') });
    },
    [2_000, 2_001, 2_000, 2_001, 2_000, 2_001].map(user),
  ],
  [
    'past schemes that are no SIP',
    ({ p }) => p.answer('INVITE', 300, { headers: contacts('mailto:a@b.test', 'https://b.test', user(2_000)) }),
    times(6, 'sip:2000@10.0.0.1'),
  ],
];

describe('a proxy that redirects for ever', () => {
  test.each(loops)(
    '%s: five are followed, the sixth ends the call (Max Redirection 5), which never fails over',
    (_name, loop, uris) =>
      playCall({ phone: { tryBackupRsc: '*' } }, async (world) => {
        loop(world);
        await dial(world);
        await world.run(30);
        expect(asked(world)).toEqual(uris.map((uri, i) => [uri, i + 1]));
        expect(branches(world).size).toBe(6);
        expect(invites(world)).toEqual(times(6, ['p', 1]));
        expect(routed(world)).toEqual([begun, ...times(5, followed), delivered]);
        expect(lastCall(world)).toMatchObject({ state: 'ended', reason: expect.stringMatching(/^answered 30[0-2]$/) });
        expect(world.line().status().legs).toMatchObject([{ usable: true }, { usable: true }]);
      }),
  );

  test('Max Redirection 0: the first ends the call', () =>
    playCall({ phone: { tryBackupRsc: '*', maxRedirection: 0 } }, async (world) => {
      world.p.answer('INVITE', 302, { headers: contacts(user(2_001)) });
      await dial(world);
      await world.run(30);
      expect(invites(world)).toEqual([['p', 1]]);
      expect(routed(world)).toEqual([begun, delivered]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 302 });
    }));

  test('with a challenge at each step: both limits hold at once', () =>
    playCall({ phone: { tryBackupRsc: '*' } }, async (world) => {
      const challenge = (n: number): HeaderFields => [['Proxy-Authenticate', `Digest realm="loop", nonce="n${n}", qop="auth"`]];
      oneByOne(world, 'p', (n) => (n % 2 === 1 ? [407, challenge(n)] : [302, contacts(user(2_000 + n))]));
      await dial(world);
      await world.run(30);
      expect(invites(world)).toEqual(times(12, ['p', 1]));
      expect(routed(world)).toEqual([
        begun,
        ...times(5, [challenged('primary'), followed]).flat(),
        challenged('primary'),
        delivered,
      ]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 302 });
    }));
});

describe('a proxy that challenges for ever with fresh nonces', () => {
  const fresh =
    (status: (n: number) => 401 | 407, more = '') =>
    (n: number): readonly [number, HeaderFields] => [
      status(n),
      [[status(n) === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate', `Digest realm="loop", nonce="n${n}", qop="auth"${more}`]],
    ];
  const endless = [
    ['401', fresh(() => 401), 401],
    ['407', fresh(() => 407), 407],
    ['407, stale each time', fresh(() => 407, ', stale=true'), 407],
    ['401 and 407 in turn', fresh((n) => (n % 2 === 1 ? 401 : 407)), 401],
  ] as const;

  test.each(endless)('%s: two answers (Max Auth 2), then the call ends', (_name, answer, status) =>
    playCall({ phone: { tryBackupRsc: '5??' } }, async (world) => {
      oneByOne(world, 'p', answer);
      await dial(world);
      await world.run(30);
      expect(invites(world)).toEqual(times(3, ['p', 1]));
      expect(lastCall(world)).toMatchObject({ state: 'ended', status, reason: `answered ${status}` });
      expect(routed(world).slice(0, 3)).toEqual([begun, challenged('primary'), challenged('primary')]);
      expect(world.line().status().legs).toMatchObject([{ usable: true }, { usable: true }]);
    }),
  );

  test.each(endless)('%s, from both servers, with 4??: each gets three, then the call ends', (_name, answer, status) =>
    playCall({ phone: { tryBackupRsc: '4??' } }, async (world) => {
      for (const side of ['p', 'a'] as const) oneByOne(world, side, answer);
      await dial(world);
      await world.run(30);
      expect(invites(world)).toEqual([...times(3, ['p', 1]), ...times(3, ['a', 1])]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status });
      expect(asked(world).map(([, cseq]) => cseq)).toEqual([1, 2, 3, 3, 4, 5]);
    }),
  );
});
