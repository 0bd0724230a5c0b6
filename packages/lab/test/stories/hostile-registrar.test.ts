import type { SipRequest } from '@offhook/sip';
import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, nonsenseKinds, singleLine, type World } from '../../src/index.ts';
import { type Answer, createRogue, good, type Rogue, rogueHost } from './rogue.ts';

/* One line meets a registrar that talks nonsense for an hour; its neighbour lives on beside it, and the line is registered again when
   the registrar behaves. */

const hourS = 3_600;
const ofRogue = (world: World) => world.sent('REGISTER', { line: '1002', first: true }).map(([, atS]) => atS);

type Answers = (request: SipRequest, n: number) => readonly Answer[];
const always =
  (...answers: readonly Answer[]): Answers =>
  () =>
    answers;
const challenge = (more: string, n: number): Answer => ({
  status: 401,
  headers: [['WWW-Authenticate', `Digest realm="rogue", nonce="nonce${n}"${more}`]],
});
const spoiled = (pattern: RegExp, by: string): Answers => always({ status: 200, spoil: (text) => text.replace(pattern, by) });
/** 200 with our own Contact, so spelled. */
const granting =
  (expires: string): Answers =>
  (request) => [{ status: 200, headers: [['Contact', `${request.headers('Contact')[0]};expires=${expires}`]] }];
const grantingHeader = (expires: string): Answers => always({ status: 200, headers: [['Expires', expires]] });

/** Attempts an hour has room for: Timer F and the short interval, the long interval, a refresh. */
const everyTimeout = Math.floor(hourS / 46) + 1;
const everyLong = hourS / 1_200 + 1;

/** What it says, how many REGISTERs that is worth in an hour, and the rule that decided about the first of them. */
const nonsense: readonly (readonly [string, Answers, number, string])[] = [
  ['a challenge with a new nonce each time', (_r, n) => [challenge(', qop="auth", algorithm=MD5', n)], 3 * everyLong, '5.4:long'],
  ['stale challenges without end', (_r, n) => [challenge(', stale=true', n)], 3 * everyLong, '5.4:long'],
  ['401 without a challenge', always({ status: 401 }), everyLong, '5.4:long'],
  ['401 with an unknown algorithm', (_r, n) => [challenge(', algorithm=ROT13', n)], everyLong, '5.4:long'],
  [
    '401 with an unreadable challenge',
    always({ status: 401, headers: [['WWW-Authenticate', 'Digest ,,=,"']] }),
    everyLong,
    '5.4:long',
  ],
  ['407 of nobody knows whom', always({ status: 407 }), everyLong, '5.4:long'],
  ['403', always({ status: 403 }), everyLong, '5.4:long'],
  ['302', always({ status: 302, headers: [['Contact', '<sip:10.0.0.77>']] }), everyLong, '5.4:long'],
  ['300 without a Contact', always({ status: 300 }), everyLong, '5.4:long'],
  ['603', always({ status: 603 }), everyLong, '5.4:long'],
  ['699', always({ status: 699 }), everyLong, '5.4:long'],
  ['423 without Min-Expires', always({ status: 423 }), everyLong, '5.4:long'],
  ['423 with Min-Expires 0', always({ status: 423, headers: [['Min-Expires', '0']] }), everyLong + 1, '6.1:reg.tooBrief'],
  [
    '423 with Min-Expires 2^40',
    always({ status: 423, headers: [['Min-Expires', String(2 ** 40)]] }),
    everyLong + 1,
    '6.1:reg.tooBrief',
  ],
  ['423 with Min-Expires -1', always({ status: 423, headers: [['Min-Expires', '-1']] }), everyLong, '5.4:long'],
  ['100 for ever', always({ status: 100 }), everyTimeout, '5.4:short'],
  [
    '183, 183, 183',
    always({ status: 183 }, { status: 183, afterMs: 5_000 }, { status: 183, afterMs: 15_000 }),
    everyTimeout,
    '5.4:short',
  ],
  ['answers of another branch', spoiled(/branch=[^;\r\n]+/, 'branch=z9hG4bKnot.yours'), everyTimeout, '5.4:short'],
  ['answers to another method', spoiled(/^CSeq: *(\d+) \w+/im, 'CSeq: $1 INVITE'), everyTimeout, '5.4:short'],
  ['answers with a CSeq that is no number', spoiled(/^CSeq: *\d+/im, 'CSeq: many'), everyTimeout, '5.4:short'],
  ['answers without Call-ID, From and To', spoiled(/^(?:From|To|Call-ID):.*\r\n/gim, ''), everyTimeout, '5.4:short'],
  ['a status line that is none', spoiled(/^SIP\/2\.0 \d+/, 'SIP/2.0 2OO'), everyTimeout, '5.4:short'],
  ['a status of 999', spoiled(/^SIP\/2\.0 \d+/, 'SIP/2.0 999'), everyTimeout, '5.4:short'],
  ['503 with Retry-After 0', always({ status: 503, headers: [['Retry-After', '0']] }), everyLong, '5.4:long'],
  ['503 with Retry-After -5', always({ status: 503, headers: [['Retry-After', '-5']] }), everyLong, '5.4:long'],
  ['503 with Retry-After soon', always({ status: 503, headers: [['Retry-After', 'soon']] }), everyLong, '5.4:long'],
  ['200 without a Contact', always({ status: 200 }), 3, '6.1:reg.ok'],
  [
    "200 with somebody else's Contact",
    always({ status: 200, headers: [['Contact', '<sip:eve@10.9.9.9>;expires=1']] }),
    3,
    '6.1:reg.ok',
  ],
  ['200 with expires 2^40', granting(String(2 ** 40)), 2, '6.1:reg.ok'],
  ['200 with expires -1', granting('-1'), 3, '6.1:reg.ok'],
  ['200 with expires "soon"', granting('"soon"'), 3, '6.1:reg.ok'],
  ['200 with an Expires of 10^30', grantingHeader('1'.padEnd(31, '0')), 3, '6.1:reg.ok'],
  ['200 with an Expires of soon', grantingHeader('soon'), 3, '6.1:reg.ok'],
  ['200 twice', always({ status: 200 }, { status: 200 }), 3, '6.1:reg.ok'],
  ['200, then 503', always({ status: 200 }, { status: 503, afterMs: 10 }), 3, '6.1:reg.ok'],
  ['503, then 200', always({ status: 503 }, { status: 200, afterMs: 10 }), everyLong, '5.4:long'],
];

/** The neighbour has noticed nothing: registered at its own instants, its call goes through. */
async function expectUntouched(world: World): Promise<void> {
  expect(world.sent('REGISTER', { line: '1001', first: true, untilS: hourS })).toEqual(
    [0, 0, 0, 0, 2_795.52, 2_795.52].map((atS, i) => [i % 2 === 0 ? 'p' : 'a', atS]),
  );
  await world.line('1001').command('call', { target: '2000' });
  await world.run(1);
  expect(world.line('1001').status().calls).toMatchObject([{ state: 'up', leg: 'primary' }]);
  await world.line('1001').command('hangup');
}

async function meet(answers: Answers, during: (world: World, rogue: Rogue) => Promise<void>): Promise<void> {
  let rogue: Rogue | undefined;
  const world = await createWorld({
    lines: [dualLine({ userId: '1001' }), singleLine({ userId: '1002', proxy: rogueHost })],
    prepare: async (bare) => {
      rogue = await createRogue(bare);
      rogue.answers(answers);
    },
  });
  if (rogue === undefined) throw new Error('no rogue');
  await world.party('2000');
  await world.runTo(hourS);
  await during(world, rogue);
  await expectUntouched(world);
  rogue.answers(good);
  await world.run(7_200);
  expect(world.line('1002').status().legs).toMatchObject([{ registration: 'registered', usable: true, failures: 0 }]);
  expect(world.ambient.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await world.stop();
  await rogue.stop();
}

describe('a registrar that answers nonsense for an hour', () => {
  test.each(nonsense)('%s', (_name, answers, most, rule) =>
    meet(answers, async (world) => {
      const sent = ofRogue(world);
      expect(sent.length).toBeLessThanOrEqual(most);
      expect(sent.length).toBeGreaterThanOrEqual(1);
      const decided = world.decisions('1002').find(({ rule: each }) => !/line\.start|reg\.challenge/.test(each));
      expect(decided?.rule).toBe(rule);
    }),
  );

  test.each(nonsenseKinds)('spoiled answers: %s', async (kind) => {
    const world = await createWorld({
      lines: [dualLine({ userId: '1001' }), dualLine({ userId: '1002' })],
      prepare: ({ p }) => p.nonsense(kind, 'REGISTER', { when: ({ from }) => from.uri.includes('1002') }),
    });
    await world.party('2000');
    await world.runTo(hourS);
    expect(world.sent('REGISTER', { line: '1002', first: true }).filter(([to]) => to === 'p').length).toBeLessThanOrEqual(
      everyTimeout,
    );
    await expectUntouched(world);
    world.p.clear();
    await world.run(50);
    expect(world.line('1002').status().legs).toMatchObject([{ usable: true }, { usable: true }]);
    expect(world.ambient.logs.filter(({ level }) => level === 'error')).toEqual([]);
    await world.stop();
  });
});
