import { describe, expect, test } from 'vitest';
import { dualLine, singleLine, type WorldOptions } from '../../src/index.ts';
import { dial, lastCall, playCall, routed } from './story.ts';

/* Section 9.6 and tables 6.5 to 6.7: who may call, what reaches the line, and where requests of a dialog go. */

const refused: NonNullable<WorldOptions['prepare']> = ({ p, a }) => {
  for (const each of [p, a]) each.answer('REGISTER', 403);
};
const answers = (world: Parameters<typeof dial>[0]) =>
  world.wire
    .responses({ from: '10.0.0.9', method: 'INVITE' })
    .map(({ atMs, to: { host }, message }) => [atMs / 1_000, host, message.status]);
const inbound = (world: Parameters<typeof dial>[0]) =>
  world
    .decisions()
    .filter(({ about }) => about === 'inbound')
    .map(({ atMs, rule, outcome }) => [atMs / 1_000, rule, outcome.action, outcome.status ?? outcome.leg]);

describe('9.6 gating', () => {
  test('unregistered, Ans Call Without Reg = Yes: it rings (6.6)', () =>
    playCall({ lines: [singleLine({ ansCallWithoutReg: true })], prepare: refused }, async (world) => {
      const caller = await world.party('3000');
      caller.call('sip:1001@10.0.0.9:5060');
      await world.run(2);
      expect(answers(world).map(([, , status]) => status)).toEqual([180]);
      expect(inbound(world)).toEqual([[1, '6.5:pinned', 'pin', 'primary']]);
    }));
});

describe('6.5 inside a dialog', () => {
  const pinned = [1, '6.5:pinned', 'pin', 'primary'];
  const bothUsable = [1, '6.4:both-usable', 'send', 'primary'];

  test('RED-123 over TCP the flow to the top Route is opened, and closed with the line (3.1)', () =>
    playCall(
      { lines: [singleLine({ outboundProxy: '10.0.0.2', useObProxyInDialog: false, sipTransport: 'TCP' })] },
      async (world) => {
        world.a.answer('INVITE', 200, { headers: [['Record-Route', '<sip:10.0.0.1:5060;transport=tcp;lr>']] });
        await dial(world);
        await world.run(1);
        await world.line().command('hangup');
        await world.run(1);
        expect([world.sent('ACK'), world.sent('BYE')]).toEqual([[['p', 1]], [['p', 2]]]);
        expect(world.wire.connections).toBe(2);
        await world.line().command('restart');
        await world.run(1);
        expect(routed(world)).toEqual([[1, '6.7:registered', 'send', 'primary'], pinned]);
      },
    ));

  test('a lost connection is opened again for the BYE, to the same server (6.5)', () =>
    playCall({ lines: [dualLine({ sipTransport: 'TCP' })] }, async (world) => {
      await dial(world);
      await world.run(1);
      world.wire.hangUp('10.0.0.1');
      await world.line().command('hangup');
      await world.run(1);
      expect(world.sent('BYE').at(-1)).toEqual(['p', 2]);
      expect(world.wire.requests({ from: '10.0.0.9', to: '10.0.0.2', method: 'BYE' })).toEqual([]);
      expect(routed(world)).toEqual([bothUsable, pinned]);
    }));

  test('a call that comes in is pinned to the server that brought it; its BYE goes there although the primary is back (6.5)', () =>
    playCall({}, async (world) => {
      const caller = await world.party('3000', { behind: ['a'] });
      caller.call('1001');
      await world.run(1);
      expect(lastCall(world)).toMatchObject({ direction: 'incoming', state: 'ringing', leg: 'alternate' });
      await world.line().command('answer');
      await world.run(1);
      await world.line().command('hangup');
      await world.run(1);
      expect(world.sent('BYE')).toEqual([['a', 3]]);
      expect(inbound(world)).toEqual([[1, '6.5:pinned', 'pin', 'alternate']]);
    }));
});
