import { describe, expect, test } from 'vitest';
import { dualLine, singleLine, type WorldOptions } from '../../src/index.ts';
import { calls, capped, dial, invites, lastCall, playCall, routed, to } from './story.ts';

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
  test.each([
    ['single', singleLine()],
    ['dual', dualLine()],
  ])('RED-120 (%s) unregistered, Make Call Without Reg = No: refused, no packet (AG12C)', (_mode, line) =>
    playCall({ lines: [line], prepare: refused }, async (world) => {
      await dial(world);
      await world.run(20);
      expect(world.wire.find({ from: '10.0.0.9', sinceMs: 1 })).toEqual([]);
      expect(routed(world)).toEqual([[1, '6.7:not-registered', 'refuse']]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', status: 480, reason: 'not-registered' });
    }),
  );

  test('RED-121 unregistered, Ans Call Without Reg = No: an INVITE gets 480 (D-40)', () =>
    playCall({ lines: [singleLine()], prepare: refused }, async (world) => {
      const caller = await world.party('3000');
      const call = caller.call('sip:1001@10.0.0.9:5060');
      await world.run(2);
      expect(answers(world)).toEqual([[1, '10.0.0.1', 480]]);
      expect(inbound(world)).toEqual([[1, '6.6:unregistered', 'refuse', 480]]);
      expect([call.state, call.statuses.at(-1)]).toEqual(['ended', 480]);
      expect(calls(world)).toEqual([]);
    }));

  test('unregistered, Ans Call Without Reg = Yes: it rings (6.6)', () =>
    playCall({ lines: [singleLine({ ansCallWithoutReg: true })], prepare: refused }, async (world) => {
      const caller = await world.party('3000');
      caller.call('sip:1001@10.0.0.9:5060');
      await world.run(2);
      expect(answers(world).map(([, , status]) => status)).toEqual([180]);
      expect(inbound(world)).toEqual([[1, '6.5:pinned', 'pin', 'primary']]);
    }));

  test('RED-95 the same INVITE by primary and alternate: one rings, the other gets 482 (D-21)', () =>
    playCall({}, async (world) => {
      const caller = await world.party('3000');
      const both = ['10.0.0.1', '10.0.0.2'].map((host) => ({ host, port: 5060 }));
      const call = caller.call('1001', { proxies: both });
      await world.run(1);
      await world.line().command('answer');
      await world.run(1);
      expect(answers(world)).toEqual([
        [1, '10.0.0.1', 180],
        [1, '10.0.0.2', 482],
        [2, '10.0.0.1', 200],
      ]);
      expect(inbound(world)).toEqual([
        [1, '6.5:pinned', 'pin', 'primary'],
        [1, '6.6:merged', 'refuse', 482],
      ]);
      expect(calls(world).map(({ id, state }) => [id, state])).toEqual([
        ['c1', 'trying'],
        ['c1', 'ringing'],
        ['c1', 'up'],
      ]);
      call.hangUp();
      await world.run(1);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'remote-hangup' });
    }));
});

describe('6.5 inside a dialog', () => {
  const pinned = [1, '6.5:pinned', 'pin', 'primary'];
  const bothUsable = [1, '6.4:both-usable', 'send', 'primary'];

  test.each([
    ['No: to the top Route', false, '10.0.0.1'],
    ['Yes: to the outbound proxy', true, '10.0.0.2'],
  ])('RED-123 Record-Route present, Use OB Proxy In Dialog = %s (3.1)', (_name, useObProxyInDialog, host) =>
    playCall({ lines: [singleLine({ outboundProxy: '10.0.0.2', useObProxyInDialog })] }, async (world) => {
      world.a.answer('INVITE', 200, { headers: [['Record-Route', '<sip:10.0.0.1:5060;lr>']] });
      await dial(world);
      await world.run(1);
      await world.line().command('hangup');
      await world.run(1);
      const path = ['ACK', 'BYE'].flatMap((method) =>
        world.wire
          .requests({ from: '10.0.0.9', method })
          .map(({ atMs, to: server, message }) => [method, atMs / 1_000, server.host, message.header('Route'), message.uri]),
      );
      expect(invites(world)).toEqual([['a', 1]]);
      expect(path).toEqual([
        ['ACK', 1, host, '<sip:10.0.0.1:5060;lr>', 'sip:scripted@10.0.0.2:5060'],
        ['BYE', 2, host, '<sip:10.0.0.1:5060;lr>', 'sip:scripted@10.0.0.2:5060'],
      ]);
      expect(routed(world)).toEqual([[1, '6.7:registered', 'send', 'primary'], pinned]);
    }),
  );

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

  test('RED-124 BYE to a dead server: the call ends at once, the BYE is repeated there and tried nowhere else (6.5)', () =>
    playCall({}, async (world) => {
      await dial(world);
      await world.run(1);
      world.wire.silence('10.0.0.1');
      await world.line().command('hangup');
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'local-hangup' });
      await world.run(40);
      expect(world.sent('BYE')).toEqual(to('p', capped, 2));
      expect(world.wire.requests({ from: '10.0.0.9', to: '10.0.0.2', sinceMs: 1 })).toEqual([]);
      expect(routed(world)).toEqual([bothUsable, pinned]);
    }));

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
