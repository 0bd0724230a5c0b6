import { describe, expect, test } from 'vitest';
import { type ClusterWorld, playCluster, rulesOf } from './edge-world.ts';

/* The host of a line ends and another one takes over; the edge, and with it the Contact, stays (scale D.3, D-46, D-48). */

/** Kills the host at 100 s; another one starts at 110 s, after what has happened at the edge meanwhile. */
async function takeover(world: ClusterWorld, meanwhile: () => void = () => {}, gapS = 10): Promise<void> {
  await world.edge('e1');
  const first = await world.host('e1');
  await world.run(100);
  await world.kill(first);
  meanwhile();
  await world.run(gapS);
  await world.host('e1');
  await world.run(1);
}

const callIds = ({ registrar }: ClusterWorld): number =>
  new Set(registrar.seen({ method: 'REGISTER' }).map(({ callId }) => callId)).size;

describe('takeover of a line by another host', () => {
  test.each(['UDP', 'TCP'] as const)(
    'sends no REGISTER over %s while the edge keeps the flow, and refreshes in time',
    (sipTransport) =>
      playCluster({ sipTransport }, async (world) => {
        await takeover(world);
        expect(world.registers()).toHaveLength(2);
        expect(rulesOf(world, 110)).toEqual(['D-46:resume registered', '6.4:primary-usable route-primary']);
        await world.run(2_700);
        // The first REGISTER of the new host is challenged: nonces are not kept.
        expect(world.registers(111)).toEqual([
          [2_795.52, 'e1', 103, 'e1'],
          [2_795.52, 'e1', 104, 'e1'],
        ]);
        expect(callIds(world)).toBe(1);
      }),
  );

  test('goes on calling and being called over the connection that the edge has kept', () =>
    playCluster({ sipTransport: 'TCP' }, async (world) => {
      await takeover(world);
      const call = world.party.call('1001');
      await world.run(1);
      expect(call.state).toBe('ringing');
      call.hangUp();
      await world.run(40);
      expect(world.wire.connections).toBe(1);
      expect(world.registers(101)).toEqual([]);
    }));

  test('registers at once when the connection has gone meanwhile', () =>
    playCluster({ sipTransport: 'TCP' }, async (world) => {
      await takeover(world, () => world.wire.hangUp('10.0.0.1'));
      expect(world.registers(101)).toEqual([
        [110, 'e1', 103, 'e1'],
        [110, 'e1', 104, 'e1'],
      ]);
      expect(rulesOf(world, 110)).toEqual([
        'D-46:no-binding register',
        '6.1:reg.challenge answer',
        '6.1:reg.ok registered',
        '6.4:primary-usable route-primary',
      ]);
      expect(callIds(world)).toBe(1);
    }));

  test('registers as after a power cut when the edge cannot open a connection', () =>
    playCluster({ sipTransport: 'TCP' }, async (world) => {
      await takeover(world, () => world.wire.refuse('10.0.0.1'));
      expect(rulesOf(world, 110)).toEqual(['D-46:no-binding register', '5.4:short wait']);
      world.wire.heal();
      await world.run(60);
      expect(world.registers(111)).toHaveLength(2);
    }));

  test('a refresh that was missed waits a random time, at most half of what is left', () =>
    playCluster({}, async (world) => {
      await takeover(world, () => {}, 2_700);
      const [resumed] = world.decisions(2_800);
      expect(resumed).toMatchObject({ rule: 'D-46:resume/spread', outcome: { action: 'registered' } });
      const dueS = (resumed?.next?.atMs ?? 0) / 1_000;
      expect(dueS).toBeGreaterThan(2_800);
      expect(dueS).toBeLessThanOrEqual(2_830);
      await world.run(30);
      expect(world.registers(2_700).map(([atS]) => atS)).toEqual([dueS, dueS].map((atS) => Math.round(atS * 1_000) / 1_000));
    }));
});
