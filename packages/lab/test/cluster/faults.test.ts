import type { Mechanism, MechanismManifest } from '@offhook/core';
import { type LineStatus, sendCommand } from '@offhook/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { dualLine } from '../../src/index.ts';
import { createThirdParty } from '../runtime/third-party.ts';
import { type ClusterWorld, openClusterWorld, type WorldMember } from './cluster-world.ts';

const count = 12;
const line = (n: number, values = {}) => dualLine({ userId: String(1_000 + n), registerExpires: 3_600, ...values });
const others = Array.from({ length: count - 2 }, (_, n) => line(n + 2));

/** It throws for line 1001 alone as that is judged, and for line 1000 as an answer comes. */
function poison(): Mechanism {
  const made = createThirdParty({ name: 'poison', aspects: ['route'] });
  return {
    ...made,
    manifest: Object.freeze<MechanismManifest>({
      ...made.manifest,
      claims(config) {
        if (config.ext.userId === '1001') throw new Error('claims poison');
        return made.manifest.claims(config);
      },
    }),
    decide(facts, event) {
      if (event.type === 'request.failed') throw new Error('decides poison');
      return made.decide(facts, event);
    },
  };
}

let world: ClusterWorld;
let hosts: readonly WorldMember[];
afterEach(() => world.stop());

async function open(lines: readonly ReturnType<typeof line>[], mechanisms: readonly Mechanism[] = []): Promise<void> {
  world = await openClusterWorld({ mechanisms });
  await world.edge('edge-1');
  hosts = [await world.host('host-1'), await world.host('host-2')];
  await world.apply(lines);
  await world.run(20);
}

const registers = (user?: string): number =>
  [world.p, world.a].flatMap((each) => each.seen({ method: 'REGISTER', ...(user !== undefined && { user }) })).length;
const total = (of: 'slots' | 'registered'): number => hosts.reduce((sum, host) => sum + (host.status()[of] ?? 0), 0);
async function find(id: string): Promise<{ readonly status: LineStatus; readonly host: WorldMember } | undefined> {
  for (const host of hosts) {
    const status = (await world.lines(host.id)).find((each) => each.id === id);
    if (status !== undefined) return { status, host };
  }
  return undefined;
}
async function die(host: WorldMember | undefined): Promise<void> {
  await world.until(host?.kill() ?? Promise.resolve());
  hosts = hosts.filter((each) => each !== host);
  await world.run(5);
}

describe('a mechanism that throws for one line of a cluster', () => {
  it('as the line is judged: it goes on without that mechanism, and nothing else changes', async () => {
    await open([line(1), ...others], [poison()]);
    expect([total('slots'), total('registered')]).toEqual([1_024, 2 * (count - 1)]);
    const refusals = [{ code: 'E_PLUGIN_INVALID', asked: 'auto', message: expect.stringContaining('claims() failed') }];
    expect((await find('1001'))?.status).toMatchObject({ mode: 'dual', degraded: true, refusals });
    const asked = registers();
    await die((await find('1001'))?.host);
    expect((await find('1001'))?.status).toMatchObject({ degraded: true, refusals });
    expect([total('registered'), registers()]).toEqual([2 * (count - 1), asked]);
  });

  it('as an answer comes: the line is kept apart for longer each time, on the next host too', async () => {
    await open([line(0, { xMechanism: 'poison', dualRegistration: false }), ...others], [poison()]);
    world.p.answer('INVITE', [{ status: 503 }]);
    const asked = registers();
    const pauses = (): readonly unknown[] =>
      world.ambient.logs.filter(({ message }) => message.startsWith('line failed')).map(({ fields }) => fields?.pauseMs);
    async function failAndReturn(): Promise<void> {
      await world.command('1000', 'call', { target: '2000' }).catch(() => {});
      await world.run(0.2);
      expect((await find('1000'))?.status).toMatchObject({ route: 'failed', degraded: true });
      await world.run(5);
      expect((await find('1000'))?.status.route).toBe('onTop');
    }
    await failAndReturn();
    await failAndReturn();
    expect(pauses()).toEqual([1_000, 2_000]);
    await die((await find('1000'))?.host);
    await failAndReturn();
    expect(pauses()).toEqual([1_000, 2_000, 1_000]);
    expect([total('slots'), total('registered'), registers()]).toEqual([1_024, 2 * others.length + 1, asked]);
  });
});

describe('a record of the ledger that is garbage', () => {
  it('costs its line a REGISTER when its host dies, and no other line anything', async () => {
    await open(others);
    const [victim] = await world.lines('host-1');
    const key = `l.${victim?.slot}.${victim?.key}.primary`;
    await world.until(world.values.bucket('offhook_world_ledger').then((bucket) => bucket.put(key, Buffer.from('no json {'))));
    const asked = registers();
    const own = registers(victim?.user);
    await die(hosts[0]);
    await world.run(20);
    expect(total('registered')).toBe(2 * others.length);
    expect(registers() - asked).toBe(registers(victim?.user) - own);
    expect(registers(victim?.user)).toBeGreaterThan(own);
    const told = world.ambient.logs.filter(({ message }) => message.startsWith('a record of the ledger cannot be used'));
    expect(told.map(({ fields }) => [fields?.key, fields?.reason])).toEqual([[key, 'it is not a JSON object']]);
  });
});

describe('a configuration that cannot be used', () => {
  it('changes nothing; the status says why until another one is in force', async () => {
    await open(others);
    const asked = registers();
    await world.apply([{ ...line(2), sipTransport: 'pigeon' as never }]);
    await world.run(2);
    for (const host of hosts) expect(host.status().fault).toContain('is not in force here');
    expect([total('registered'), registers()]).toEqual([2 * others.length, asked]);
    await world.apply(others);
    await world.run(2);
    for (const host of hosts) expect(host.status().fault).toBeUndefined();
    expect(registers()).toBe(asked);
  });
});

describe('a member that is asked to drain', () => {
  it('says that it does, and ends when others have what it had', async () => {
    await open(others);
    const asked = registers();
    const command = { command: 'drain', args: {} };
    const answer = await world.until(sendCommand(world.bus, 'offhook.world.member.host-1', command));
    expect(answer).toMatchObject({ id: 'host-1', role: 'host' });
    await world.until(hosts[0]?.ended ?? Promise.reject(new Error('no host')));
    hosts = hosts.slice(1);
    await world.run(5);
    expect([total('slots'), total('registered'), registers()]).toEqual([1_024, 2 * others.length, asked]);
  });

  it('ends all the same where nobody hears it, and leaves its registrations to those who miss it', async () => {
    await open(others);
    const asked = registers();
    hosts[0]?.cut();
    const drained = hosts[0]?.drain() ?? Promise.reject(new Error('no host'));
    await world.run(5);
    await world.until(drained);
    await world.until(hosts[0]?.ended ?? Promise.reject(new Error('no host')));
    hosts = hosts.slice(1);
    await world.run(5);
    expect([total('slots'), total('registered'), registers()]).toEqual([1_024, 2 * others.length, asked]);
  });
});
