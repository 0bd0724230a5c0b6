import { describe, expect, test } from 'vitest';
import { dualLine, singleLine, type World } from '../../src/index.ts';
import { lineRoute, play, registered } from './story.ts';

/* Section 6.9: every 15 s unless told, counted from the registration. */

const natKeepAliveEnable = true;
const beats = (world: World, method = 'NOTIFY') => world.sent(method, { first: true });
/** Datagrams or segments of the phone that are no SIP message. */
const raw = (world: World) =>
  world.wire
    .find({ from: '10.0.0.9' })
    .filter(({ bytes }) => bytes.length > 0 && !/ SIP\/2\.0\r\n|^SIP\/2\.0 /.test(Buffer.from(bytes).toString('latin1')))
    .map(({ atMs, to, bytes }) => [to.host, atMs / 1_000, Buffer.from(bytes).toString('latin1')]);

describe('6.9 keepalive', () => {
  test('there is none unless NAT Keep Alive Enable is Yes, and none with a period of 0', async () => {
    await play({ lines: [singleLine()] }, async (world) => {
      await world.runTo(60);
      expect(beats(world)).toEqual([]);
    });
    await play({ lines: [singleLine({ natKeepAliveEnable })], phone: { natKeepAliveIntvl: 0 } }, async (world) => {
      await world.runTo(60);
      expect(beats(world)).toEqual([]);
    });
  });

  test('$NOTIFY: Event keep-alive to the server in use; any answer means that it is alive (RED-125)', () =>
    play({ lines: [singleLine({ natKeepAliveEnable })] }, async (world) => {
      await world.runTo(31);
      expect(beats(world)).toEqual([
        ['p', 15],
        ['p', 30],
      ]);
      const [one, two] = world.wire.requests({ from: '10.0.0.9', method: 'NOTIFY' });
      expect([one?.message.uri, one?.message.header('Event')]).toEqual(['sip:10.0.0.1', 'keep-alive']);
      expect([one?.message.cseq.number, two?.message.cseq.number]).toEqual([1, 2]);
      expect(two?.message.callId).toBe(one?.message.callId);
      expect(world.line().status().route).toBe('onTop');
    }));

  test('$REGISTER: without Contact, under an identity of its own', () =>
    play({ lines: [singleLine({ natKeepAliveEnable, natKeepAliveMsg: '$REGISTER' })] }, async (world) => {
      await world.runTo(31);
      const queries = world.p.seen({ method: 'REGISTER' }).filter(({ contact }) => contact === undefined);
      expect(queries.map(({ atMs, status }) => [atMs / 1_000, status])).toEqual([
        [15, 200],
        [30, 200],
      ]);
      expect(new Set(world.p.seen({ method: 'REGISTER' }).map(({ callId }) => callId)).size).toBe(2);
      expect(world.p.bindings('1001')).toHaveLength(1);
    }));

  test('a literal text is a datagram of its own, and no message to the server', () =>
    play({ lines: [singleLine({ natKeepAliveEnable, natKeepAliveMsg: 'hello' })] }, async (world) => {
      await world.runTo(31);
      expect(raw(world)).toEqual([
        ['10.0.0.1', 15, 'hello'],
        ['10.0.0.1', 30, 'hello'],
      ]);
    }));

  test('on a stream it is CRLFCRLF, and the pong is no garbage (RFC 5626 3.5.1)', () =>
    play({ lines: [singleLine({ natKeepAliveEnable, sipTransport: 'TCP' })] }, async (world) => {
      await world.runTo(31);
      expect(raw(world)).toEqual([
        ['10.0.0.1', 15, '\r\n\r\n'],
        ['10.0.0.1', 30, '\r\n\r\n'],
      ]);
      const { edge } = await world.until(world.runtime.counters());
      expect(edge).toMatchObject({ transportKeepalive: 2, unparsable: 0 });
    }));

  test('dual: to both legs, each on a phase of its own (D-42)', () =>
    play(
      {
        lines: [dualLine({ natKeepAliveEnable })],
        phone: { retryRegRsc: '503', regRetryIntvl: 4 },
        prepare: ({ a }) => a.answer('REGISTER', 503, { times: 1 }),
      },
      async (world) => {
        await world.runTo(35);
        expect(beats(world)).toEqual([
          ['p', 15],
          ['a', 19],
          ['p', 30],
          ['a', 34],
        ]);
      },
    ));

  test('NAT Keep Alive Dest names another place', () =>
    play({ lines: [singleLine({ natKeepAliveEnable, natKeepAliveDest: '10.0.0.2:5060' })] }, async (world) => {
      await world.runTo(31);
      expect(beats(world)).toEqual([
        ['a', 15],
        ['a', 30],
      ]);
    }));

  test('a line that does not register keeps its way open too', () =>
    play({ lines: [singleLine({ natKeepAliveEnable, register: false })] }, async (world) => {
      await world.runTo(16);
      expect(beats(world)).toEqual([['p', 15]]);
    }));

  test('a restart ends it and begins it anew', () =>
    play({ lines: [singleLine({ natKeepAliveEnable })] }, async (world) => {
      await world.runTo(20);
      await world.line().command('restart');
      await world.runTo(40);
      expect(beats(world)).toEqual([
        ['p', 15],
        ['p', 35],
      ]);
    }));

  test('RED-126 not answered ten times: no failover (6.2)', () =>
    play({ lines: [dualLine({ natKeepAliveEnable })], prepare: ({ p }) => p.silence('NOTIFY') }, async (world) => {
      await world.runTo(160);
      expect(beats(world).filter(([side]) => side === 'p')).toHaveLength(10);
      expect(lineRoute(world).filter(([atS]) => atS > 0)).toEqual([]);
      expect(registered(world).filter(([atS]) => atS > 0)).toEqual([]);
    }));

  test('RED-126 with X Keepalive Failover: the third without an answer is a transport failure of that server', () =>
    play(
      {
        lines: [dualLine({ natKeepAliveEnable, xKeepaliveFailover: true })],
        prepare: ({ p }) => p.silence('NOTIFY'),
      },
      async (world) => {
        await world.runTo(14);
        world.p.silence('REGISTER');
        await world.runTo(60);
        expect(registered(world).filter(([atS]) => atS > 0)).toEqual([
          [55, '6.9:missed', 'transport-down'],
          [55, 'D-48:disconnect', 'register'],
        ]);
        expect(lineRoute(world).at(-1)).toEqual([55, '6.4:alternate-only', 'route-alternate']);
      },
    ));

  test('an answer in between starts the count anew, and a stream is asked for one that can be heard', () =>
    play(
      {
        lines: [singleLine({ natKeepAliveEnable, xKeepaliveFailover: true, sipTransport: 'TCP' })],
        prepare: ({ p }) => p.silence('NOTIFY', { times: 2 }),
      },
      async (world) => {
        await world.runTo(120);
        expect(raw(world)).toEqual([]);
        expect(beats(world)).toHaveLength(8);
        expect(registered(world).filter(([atS]) => atS > 0)).toEqual([]);
      },
    ));
});
