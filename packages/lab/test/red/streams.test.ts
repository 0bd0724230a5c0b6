import { describe, expect, test } from 'vitest';
import { dualLine, singleLine } from '../../src/index.ts';
import { attempts, dial, invites, lineRoute, play, playCall, registered, routed } from './story.ts';

/* Sections 9.2 and D-48 over TCP: what a lost connection does to registrations. */

const tcp = { lines: [dualLine({ sipTransport: 'TCP' })] };

describe('registration over TCP', () => {
  test('RED-37 (dual) the server closes an idle connection: opened again at once, same Call-ID, CSeq+1 (AG12, D-48)', () =>
    play(tcp, async (world) => {
      await world.run(10);
      world.wire.hangUp('10.0.0.1');
      await world.run(1);
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(seen.map(({ atMs, cseq }) => [atMs / 1_000, cseq])).toEqual([
        [0, 1],
        [0, 2],
        [10, 3],
      ]);
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
      expect(attempts(world, 'a')).toEqual([0, 0]);
      expect(registered(world).slice(3)).toEqual([
        [10, 'D-48:disconnect', 'register'],
        [10, '6.1:reg.ok', 'registered'],
      ]);
      expect(world.wire.connections).toBe(2);
    }));

  test('RED-37 (single) likewise, and the line is out of service meanwhile (AG12, D-48)', () =>
    play({ lines: [singleLine({ sipTransport: 'TCP' })], link: { delayMs: 5 } }, async (world) => {
      await world.run(10);
      world.wire.hangUp('10.0.0.1');
      await world.run(1);
      // FIN 5 ms, SYN and its answer 10 ms, REGISTER and its answer 10 ms.
      expect(attempts(world).slice(2)).toEqual([10.015]);
      expect(registered(world).slice(3)).toEqual([
        [10.005, 'D-48:disconnect', 'register'],
        [10.025, '6.1:reg.ok', 'registered'],
      ]);
      expect(lineRoute(world).slice(1)).toEqual([
        [10.005, '6.4:none-usable', 'out-of-service'],
        [10.025, '6.4:primary-usable', 'route-primary'],
      ]);
    }));

  test('a server that refuses afterwards is tried again after the short delay; the alternate serves meanwhile (D-48, 5.4)', () =>
    playCall(tcp, async (world) => {
      await world.runTo(10);
      world.wire.refuse('10.0.0.1');
      await world.runTo(20);
      world.wire.heal();
      await dial(world);
      await world.runTo(41);
      expect(attempts(world)).toEqual([0, 0, 40]);
      expect(invites(world)).toEqual([['a', 20]]);
      expect(routed(world)[0]).toEqual([20, '6.4:alternate-only', 'send', 'alternate']);
      expect(registered(world).slice(3)).toEqual([
        [10, 'D-48:disconnect', 'register'],
        [10, '5.4:short', 'wait'],
        [40, '6.1:waiting/clock.retry', 'register'],
        [40, '6.1:reg.ok', 'registered'],
      ]);
    }));

  test('RED-34 refused on connect at boot: registered at the alternate, retried by 5.4 (SEED)', () =>
    play({ ...tcp, prepare: ({ wire }) => wire.refuse('10.0.0.1') }, async (world) => {
      await world.run(1);
      expect(world.wire.find({ to: '10.0.0.1' }).map(({ kind, atMs }) => [kind, atMs])).toEqual([['syn', 0]]);
      expect(attempts(world, 'a')).toEqual([0, 0]);
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        [0, '5.4:short', 'wait'],
      ]);
    }));

  test('RED-35 an unanswered SYN counts as failed at Timer F (SEED)', () =>
    play({ ...tcp, prepare: ({ wire }) => wire.silence('10.0.0.1') }, async (world) => {
      await world.run(63);
      expect(world.wire.find({ to: '10.0.0.1' }).map(({ kind, atMs }) => [kind, atMs])).toEqual([
        ['syn', 0],
        ['syn', 46_000],
      ]);
      expect(registered(world)).toEqual([
        [0, '6.1:line.start', 'register'],
        [16, '5.4:short', 'wait'],
        [46, '6.1:waiting/clock.retry', 'register'],
        [62, '5.4:short', 'wait'],
      ]);
    }));
});
