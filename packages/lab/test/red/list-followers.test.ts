import { describe, expect, test } from 'vitest';
import { singleLine, type World, type WorldOptions, worldDomain } from '../../src/index.ts';
import { dial, play } from './story.ts';
import { first, mailbox } from './subscription-story.ts';

/* Sections 6.8 and 6.9 for ranked lists: what follows the registration, and what follows the route. S1 is p, S2 is a. */

const proxy = `${worldDomain}:SRV=s1.example:p=0:A=10.0.0.1|s2.example:p=1:A=10.0.0.2`;
const voiceMailServer = `$USER@${worldDomain}`;

type Line = NonNullable<WorldOptions['lines']>[number];
const playList = (line: Line, act: (world: World) => Promise<void>): Promise<void> =>
  play({ lines: [singleLine({ proxy, ...line })] }, async (world) => {
    await world.party('2000');
    await act(world);
  });

async function failOver(world: World): Promise<void> {
  world.wire.refuse('10.0.0.1');
  await dial(world);
  await world.line().command('hangup');
  world.wire.heal();
}

const ar = { autoRegisterWhenFailover: true, proxyFallbackIntvl: 600 };

describe('6.8 a mailbox of a list line', () => {
  test('RED-156, 24 AR = Yes: a new dialog on S2 when the registration is there, and on S1 when it is back', () =>
    playList({ voiceMailServer, ...ar }, async (world) => {
      await world.runTo(10);
      await failOver(world);
      await world.runTo(11);
      expect(first(world)).toEqual([
        ['p', 0],
        ['a', 10],
      ]);
      await world.runTo(4_000);
      expect(first(world, 3_000)).toEqual([['p', 3_610]]);
      world.p.mailboxes.put('1001', 3, 0);
      await world.run(1);
      expect(mailbox(world)).toMatchObject({ state: 'active', messages: { voice: { new: 3 } } });
    }));

  test('AR = No: the registration is still on S1, so the subscription stays there (6.8)', () =>
    playList({ voiceMailServer }, async (world) => {
      await world.runTo(10);
      await failOver(world);
      await world.runTo(100);
      expect(first(world)).toEqual([['p', 0]]);
    }));

  test('X Resubscribe On Move = No: it stays until its refresh', () =>
    playList({ voiceMailServer, ...ar, xResubscribeOnMove: false }, async (world) => {
      await world.runTo(10);
      await failOver(world);
      await world.runTo(100);
      expect(first(world)).toEqual([['p', 0]]);
    }));
});

describe('6.9 keepalives of a list line', () => {
  test('X Keepalive Failover: the third unanswered one moves the line', () =>
    playList({ natKeepAliveEnable: true, xKeepaliveFailover: true, ...ar }, async (world) => {
      world.wire.silence('10.0.0.1');
      await world.runTo(80);
      expect(world.line().status()).toMatchObject({ route: 'failedOver', servers: [{ state: 'down' }, { bound: true }] });
    }));
});
