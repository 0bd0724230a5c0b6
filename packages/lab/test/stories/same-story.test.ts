import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, type World, type WorldOptions } from '../../src/index.ts';

/* One story, told by one runtime and by two on a bus that copies every payload: the wire cannot tell them apart. */

const lines = [dualLine({ userId: '1001' }), dualLine({ userId: '1002', sipTransport: 'TCP' })];
const users = ['1001', '1002'] as const;

/** A call each way, the primary silenced, failover at 16.0 s, refusal, recovery, MESSAGE, un-REGISTER. */
async function act(world: World): Promise<void> {
  const party = await world.party('2000');
  const command = (user: string, name: string, args?: Readonly<Record<string, unknown>>) => world.line(user).command(name, args);
  await world.runTo(1);
  for (const user of users) await command(user, 'call', { target: '2000' });
  await world.runTo(5);
  for (const user of users) await command(user, 'hangup');
  for (const user of users) party.call(user);
  await world.runTo(8);
  for (const user of users) await command(user, 'answer');
  await world.runTo(12);
  for (const call of party.calls) call.hangUp();
  await world.runTo(100);
  world.wire.silence('10.0.0.1');
  for (const user of users) await command(user, 'call', { target: '2000' });
  await world.runTo(117);
  for (const user of users) await command(user, 'hangup');
  await world.runTo(140);
  world.wire.heal();
  world.p.answer('REGISTER', 403, { times: 2 });
  world.wire.hangUp('10.0.0.1', 'reset');
  await world.runTo(3_000);
  world.wire.refuse('10.0.0.1');
  for (const user of users) await world.until(world.line(user).begin('message', { target: '2000', text: 'anybody there?' }));
  await world.runTo(3_100);
  world.wire.heal();
  await world.runTo(6_000);
  for (const user of users) await world.until(world.line(user).begin('message', { target: '2000', text: 'back again' }));
  await world.runTo(6_010);
}

interface Told {
  readonly transcript: readonly string[];
  readonly decisions: readonly unknown[];
  readonly world: World;
}

async function tell(options: WorldOptions): Promise<Told> {
  const link = { delayMs: 5, jitterMs: 3, lossRate: 0.02, duplicateRate: 0.02 };
  const world = await createWorld({ lines, link, ...options });
  await act(world);
  await world.stop();
  return { transcript: world.wire.transcript(), decisions: world.decisions(), world };
}

const firsts = (world: World, method: string, line: string) =>
  world.sent(method, { line, first: true }).map(([to, atS]) => [to, Math.round(atS)]);

describe('one story', () => {
  test('happens as it is told', async () => {
    const world = await createWorld({ lines });
    await act(world);
    for (const line of users) {
      expect(firsts(world, 'INVITE', line)).toEqual([
        ['p', 1],
        ['p', 100],
        ['a', 116],
      ]);
      expect(firsts(world, 'MESSAGE', line).map(([to]) => to)).toEqual(line === '1001' ? ['p', 'a', 'p'] : ['a', 'p']);
      expect(world.decisions(line).map(({ rule }) => rule)).toContain('6.4:primary-failed/no-response');
    }
    const bindings = () => users.map((user) => [world.p, world.a].map((side) => side.bindings(user).length));
    expect(bindings()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    await world.stop();
    expect(bindings()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('gives the same wire transcript with edge and lines apart, payloads copied', async () => {
    const together = await tell({ seed: 'one' });
    const apart = await tell({ seed: 'one', split: true });
    expect(together.transcript.length).toBeGreaterThan(100);
    expect(apart.transcript).toEqual(together.transcript);
    expect(apart.decisions).toEqual(together.decisions);
  });

  test('gives the same transcript twice with one seed, and another with another', async () => {
    const first = await tell({ seed: 'two' });
    const again = await tell({ seed: 'two' });
    const other = await tell({ seed: 'three' });
    expect(again.transcript).toEqual(first.transcript);
    expect(again.decisions).toEqual(first.decisions);
    expect(other.transcript).not.toEqual(first.transcript);
  });
});
