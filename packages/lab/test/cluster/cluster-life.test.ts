import { lineKey, slotOf } from '@offhook/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { type ClusterWorld, openClusterWorld, type SeenRegister, type WorldMember } from './cluster-world.ts';

const count = 30;
const users = Array.from({ length: count }, (_, n) => String(1_000 + n));
const linesOf = (names: readonly string[], values: object = {}) =>
  names.map((userId) => dualLine({ userId, registerExpires: 3_600, ...values }));

let world: ClusterWorld;
let hosts: readonly WorldMember[];
let edges: readonly WorldMember[];

async function open(takeover: object = {}): Promise<void> {
  world = await openClusterWorld({ takeover });
  edges = [await world.edge('edge-1'), await world.edge('edge-2')];
  hosts = [await world.host('host-1'), await world.host('host-2'), await world.host('host-3')];
}
beforeEach(() => open());
afterEach(() => world.stop());

const hostOf = async (line: string): Promise<string> => {
  for (const { id } of hosts) if ((await world.lines(id)).some((each) => each.id === line)) return id;
  return 'none';
};
const registered = (): number => hosts.reduce((sum, host) => sum + (host.status().registered ?? 0), 0);
/** Both registrars. */
const registers = (sinceS = 0): readonly SeenRegister[] => [world.p, world.a].flatMap((at) => world.registers(at, sinceS));
const now = (): number => world.ambient.now() / 1_000;

/** One Call-ID for each user at a registrar, each CSeq above the one before. */
function expectOneStory(of: readonly SeenRegister[]): void {
  const latest = new Map<string, number>();
  for (const { callId, cseq } of of) {
    expect(cseq).toBeGreaterThan(latest.get(callId) ?? 0);
    latest.set(callId, cseq);
  }
  expect(latest.size).toBe(new Set(of.map(({ user }) => user)).size);
}

describe('refreshes across owners (D-46)', () => {
  it('keep the Call-ID and raise the CSeq, whoever dies, stands still or comes back', async () => {
    await world.apply(linesOf(users, { registerExpires: 60 }));
    await world.run(30);
    const [first, second] = hosts as readonly [WorldMember, WorldMember];
    first.cut();
    await world.run(60);
    first.mend();
    await world.run(60);
    second.cut();
    await world.run(5);
    second.mend();
    await world.run(60);
    expect(registered()).toBe(2 * count);
    for (const at of [world.p, world.a]) expectOneStory(world.registers(at));
  });
});

describe('slots that move on purpose', () => {
  beforeEach(async () => {
    await world.apply(linesOf(users));
    await world.run(20);
  });

  it('go from a host that drains, which then ends, and nobody registers', async () => {
    const before = registers().length;
    const drained = world.until(hosts[0]?.drain() ?? Promise.reject());
    await drained;
    await world.until(hosts[0]?.ended ?? Promise.reject());
    hosts = hosts.slice(1);
    await world.run(3);
    expect(registered()).toBe(2 * count);
    expect(registers().length).toBe(before);
  });

  it('go to the host an operator names', async () => {
    const from = await hostOf('1000');
    const to = hosts.find(({ id }) => id !== from)?.id ?? '';
    await world.move('1000', to);
    await world.run(3);
    expect(await hostOf('1000')).toBe(to);
  });
});

describe('an edge that dies', () => {
  it('is left by its lines, paced, each with one registration that takes the place of the old one', async () => {
    await world.apply(linesOf(users));
    await world.run(20);
    const diedS = now();
    await world.until(edges[0]?.kill() ?? Promise.reject());
    await world.run(20);
    expect(registered()).toBe(2 * count);
    for (const at of [world.p, world.a]) {
      const again = world.registers(at, diedS);
      expect(again.length).toBeGreaterThan(count / 4);
      expectOneStory(world.registers(at));
      expect(at.bindings()).toHaveLength(count);
      expect(at.bindings().filter(({ contact }) => contact.includes('10.0.1.1:'))).toEqual([]);
    }
  });
});

describe('a configuration that changes while lines run', () => {
  it('adds, changes and withdraws lines; who is not concerned sends nothing', async () => {
    await world.apply(linesOf(users));
    await world.run(20);
    const changedS = now();
    await world.apply([
      ...linesOf(users.slice(1, 20)),
      ...linesOf(users.slice(20), { displayName: 'Desk' }),
      ...linesOf(['2000'], { registerExpires: 600 }),
    ]);
    await world.run(10);
    const said = new Set(registers(changedS).map(({ user }) => user));
    expect([...said].sort()).toEqual(['1000', '2000']);
    expect(world.p.bindings('1000')).toEqual([]);
    expect(world.p.bindings('2000')).toHaveLength(1);
    expect(registered()).toBe(2 * count);
  });
});

describe('a mechanism that is asked for', () => {
  it('waits for the restart of its line, whatever becomes of other lines of the slot', async () => {
    await world.stop();
    await open({ registersPerS: 24 });
    const slot = slotOf(lineKey('1000'));
    const oneSlot = Array.from({ length: 9_000 }, (_, n) => String(1_000 + n)).filter((user) => slotOf(lineKey(user)) === slot);
    expect(oneSlot.length).toBeGreaterThan(3);
    await world.apply(linesOf(oneSlot));
    while (registered() < 2) await world.run(0.1);
    const first = registers()[0]?.user ?? '';
    await world.command(first, 'policy', { mechanism: 'dual-registration' });
    expect(registered()).toBeLessThan(2 * oneSlot.length);
    await world.run(20);
    expect(registered()).toBe(2 * oneSlot.length);
    expect(await world.command(first, 'status')).toMatchObject({ restartRequired: true });
  });
});

describe('registrars that allow 24 REGISTERs a second', () => {
  const perS = 24;
  /** The most that one of them has seen within a second. */
  const peak = (sinceS: number): number =>
    Math.max(
      ...[world.p, world.a].flatMap((at) => {
        const seen = world.registers(at, sinceS).map(({ atS }) => atS);
        return seen.map((from) => seen.filter((atS) => atS >= from && atS < from + 1).length);
      }),
    );

  beforeEach(async () => {
    await world.stop();
    await open({ registersPerS: perS });
    await world.apply(linesOf(users));
    await world.run(15);
  });

  it('see no more while the cluster begins', () => {
    expect(registered()).toBe(2 * count);
    expect(peak(0)).toBeLessThanOrEqual(perS);
  });

  it('see no more when an edge dies', async () => {
    const diedS = now();
    await world.until(edges[0]?.kill() ?? Promise.reject());
    await world.run(15);
    expect(registered()).toBe(2 * count);
    expect(peak(diedS)).toBeLessThanOrEqual(perS);
  });

  it('see no more when every line has to begin anew', async () => {
    const changedS = now();
    await world.apply(linesOf(users).map((line) => ({ ...line, authId: line.userId ?? '' })));
    await world.run(30);
    expect(registered()).toBe(2 * count);
    expect(new Set(registers(changedS).map(({ user }) => user)).size).toBe(count);
    expect(peak(changedS)).toBeLessThanOrEqual(perS);
  });
});
