import { lineKey } from '@offhook/core';
import type { HeaderFields } from '@offhook/sip';
import { describe, expect, test } from 'vitest';
import { createWorld, singleLine, type World } from '../../src/index.ts';
import { type Answer, createRogue, good, type Rogue, rogueHost } from './rogue.ts';

/* Paths that the far end writes into our own messages: Via and Record-Route into a response, Record-Route and Contact into what
   follows in a dialog. Servers pass them on, so that anybody who calls, or is called, can choose them. */

const user = '1002';
const sdp = 'v=0\r\no=- 1 1 IN IP4 10.0.0.66\r\ns=-\r\nc=IN IP4 10.0.0.66\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const list = (count: number, value: string): string => Array.from({ length: count }, () => value).join(',');

interface Path {
  readonly via?: string;
  readonly recordRoute?: string;
  readonly contact?: string;
}

function invite({ via = '', recordRoute = '', contact = `<sip:eve@${rogueHost}>` }: Path): string {
  return [
    `INVITE sip:${user}@10.0.0.9:5060;line=${lineKey(user)};leg=p SIP/2.0`,
    `Via: SIP/2.0/UDP ${rogueHost}:5060;branch=z9hG4bKpath;rport${via}`,
    'From: <sip:eve@example.com>;tag=eve',
    `To: <sip:${user}@example.com>`,
    'Call-ID: path',
    'CSeq: 7 INVITE',
    `Contact: ${contact}`,
    ...(recordRoute === '' ? [] : [`Record-Route: ${recordRoute}`]),
    'Content-Type: application/sdp',
    `Content-Length: ${sdp.length}`,
    '',
    sdp,
  ].join('\r\n');
}

async function meet(act: (world: World, rogue: Rogue) => Promise<void>): Promise<void> {
  let rogue: Rogue | undefined;
  const world = await createWorld({
    lines: [singleLine({ userId: user, proxy: rogueHost })],
    prepare: async (bare) => {
      rogue = await createRogue(bare);
    },
  });
  if (rogue === undefined) throw new Error('no rogue');
  await world.run(1);
  await act(world, rogue);
  expect(world.line().status().calls).toEqual([]);
  expect(world.line().status().legs).toMatchObject([{ registration: 'registered', usable: true }]);
  expect(world.ambient.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await world.stop();
  await rogue.stop();
}

const answers = (world: World): readonly (string | undefined)[] =>
  world.wire
    .find({ from: '10.0.0.9', to: rogueHost })
    .map(({ bytes }) => /^SIP\/2\.0 (\d+)/.exec(Buffer.from(bytes).toString())?.[1])
    .filter((status) => status !== undefined);

describe('an INVITE', () => {
  test.each<[string, Path]>([
    ['250 Record-Routes in one field', { recordRoute: list(250, '<sip:10.0.0.66;lr>') }],
    ['4,000 Record-Routes', { recordRoute: list(4_000, '<sip:a;lr>') }],
    ['250 Vias in one field', { via: `,${list(250, 'SIP/2.0/UDP a;branch=z9hG4bKa')}` }],
  ])('with %s is answered 400; the line goes on', (_name, path) =>
    meet(async (world, rogue) => {
      rogue.say(invite(path));
      await world.run(1);
      // Repeated until the ACK that never comes.
      expect(new Set(answers(world))).toEqual(new Set(['400']));
    }),
  );

  test.each<[string, Path]>([
    ['70 Record-Routes, as many as hops may be (Max-Forwards)', { recordRoute: list(70, '<sip:10.0.0.66;lr>') }],
    ['a Contact with a blank', { contact: '<sip:e ve@10.0.0.66>' }],
    ['a Contact with quotes', { contact: '<sip:"eve"@10.0.0.66>' }],
    ['a Contact that is no URI', { contact: '<eve>' }],
    ['a Record-Route that is none', { recordRoute: '<<<,;;;' }],
    ['a Record-Route with a blank', { recordRoute: '<sip:10.0. 0.66;lr>' }],
    ['an empty Record-Route', { recordRoute: ',' }],
    ['a Record-Route that is no URI', { recordRoute: '<eve>' }],
    ['a strict router (no lr)', { recordRoute: '<sip:10.0.0.66>' }],
    ['a strict router without a host', { recordRoute: '<sip:>' }],
    ['a Contact without a host', { contact: '<sip:>' }],
    ['a Contact of everybody', { contact: '*' }],
  ])('with %s does no harm, from ringing to the end', (_name, path) =>
    meet(async (world, rogue) => {
      rogue.say(invite(path));
      await world.run(1);
      const [call] = world.line().status().calls;
      if (call !== undefined) {
        await world.line().command('answer', { call: call.id });
        await world.run(1);
        await world.line().command('hangup');
      }
      await world.run(70);
      expect(answers(world).length).toBeGreaterThan(0);
    }),
  );
});

describe('a 200 to our INVITE', () => {
  const body = Buffer.from(sdp);
  const accepting =
    (headers: HeaderFields, status = 200): ((request: { readonly method: string }) => readonly Answer[]) =>
    ({ method }) =>
      method === 'INVITE'
        ? [{ status, headers: [...headers, ['Content-Type', 'application/sdp']], spoil: withBody }]
        : [{ status: 200 }];
  const withBody = (text: string): string =>
    text.replace(/Content-Length: 0\r\n\r\n$/, `Content-Length: ${body.length}\r\n\r\n${sdp}`);

  test.each<[string, HeaderFields]>([
    [
      '250 Record-Routes in one field',
      [
        ['Contact', '<sip:eve@10.0.0.66>'],
        ['Record-Route', list(250, '<sip:10.0.0.66;lr>')],
      ],
    ],
    [
      '70 Record-Routes',
      [
        ['Contact', '<sip:eve@10.0.0.66>'],
        ['Record-Route', list(70, '<sip:10.0.0.66;lr>')],
      ],
    ],
    ['a Contact with a blank', [['Contact', '<sip:e ve@10.0.0.66>']]],
    ['a Contact that is no URI', [['Contact', '<eve>']]],
    ['a Contact without a host', [['Contact', '<sip:>']]],
    [
      'a Record-Route that is no URI',
      [
        ['Contact', '<sip:eve@10.0.0.66>'],
        ['Record-Route', '<eve>'],
      ],
    ],
    [
      'a strict router without a host',
      [
        ['Contact', '<sip:eve@10.0.0.66>'],
        ['Record-Route', '<sip:>'],
      ],
    ],
    [
      'a Record-Route that is none',
      [
        ['Contact', '<sip:eve@10.0.0.66>'],
        ['Record-Route', '<<<,;;;'],
      ],
    ],
  ])('with %s ends the call or is the call; the line goes on', (_name, headers) =>
    meet(async (world, rogue) => {
      for (const status of [183, 200, 302]) {
        rogue.answers(accepting(headers, status));
        await world.line().command('call', { target: '2000' });
        await world.run(2);
        await world
          .line()
          .command('hangup')
          .catch(() => {});
        await world.run(70);
      }
      rogue.answers(good);
      await world.run(1_300);
    }),
  );
});
