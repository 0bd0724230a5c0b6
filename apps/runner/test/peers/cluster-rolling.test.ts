import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MemberProcess } from './support/cluster.ts';
import { type ClusterScene, openClusterScene } from './support/cluster-scene.ts';
import { tell } from './support/report.ts';
import type { RunningCommand } from './support/runner.ts';
import { createSipp, type HeldCalls, type Sipp } from './support/sipp.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

/* docs/cluster.md, ADR 0010: members are replaced one after the other while calls are up. */

/** Exit code of a member that a signal has ended. */
const interrupted = 130;

/** A call between a line and a SIPp behind the primary. */
interface HeldCall {
  readonly line: string;
  readonly callId: string;
  readonly far: HeldCalls;
  /** `offhook call`, where the line has placed it. */
  readonly command?: RunningCommand;
}

interface World extends ClusterScene {
  readonly sipp: Sipp;
}

async function openWorld(): Promise<World> {
  const scene = await openClusterScene();
  return { ...scene, sipp: scene.stage.keep(createSipp(scene.stage.network, scene.stage.folder)) };
}

const usersFrom = (from: number, count: number): readonly string[] => Array.from({ length: count }, (_, n) => String(from + n));
const isStream = (line: string): boolean => line.startsWith('2');
const split = <T>(items: readonly T[], fits: (item: T, n: number) => boolean): readonly [readonly T[], readonly T[]] => [
  items.filter(fits),
  items.filter((item, n) => !fits(item, n)),
];

/** REGISTERs of lines of ours at both registrars. */
const registers = ({ servers }: World): number =>
  servers.flatMap(({ requests }) => requests).filter(({ method, user }) => method === 'REGISTER' && !user.startsWith('9')).length;

async function stateOf({ cluster }: World, line: string): Promise<readonly string[]> {
  const [answer] = await cluster.order([{ line, command: 'status' }]);
  if (answer?.ok !== true) return [];
  return (answer.value as { readonly calls: readonly { readonly state: string }[] }).calls.map(({ state }) => state);
}

/** Lines with a call that is up. */
const linesUp = async ({ cluster }: World): Promise<readonly string[]> =>
  (await cluster.lines()).filter(({ calls }) => calls.some(({ state }) => state === 'up')).map(({ user }) => user);

/** How many there are once as many as are wanted are, or after a while: lines that move at that moment are at no host. */
async function countUp(world: World, wanted: number): Promise<number> {
  let seen = 0;
  const isThere = async (): Promise<boolean> => {
    seen = (await linesUp(world)).length;
    return seen === wanted;
  };
  await until(`${wanted} calls are up`, 10_000, isThere).catch(() => {});
  return seen;
}

/** Slots of each host, when all of them are owned. */
async function slotsOf({ cluster }: World): Promise<string> {
  const { members } = await cluster.status();
  return members
    .flatMap(({ id, role, status }) => (role === 'host' ? [`${id} ${status?.slots}`] : []))
    .sort()
    .join();
}

/** The line calls a SIPp of its own. */
async function callOut({ cluster, sipp, servers: [primary] }: World, line: string): Promise<HeldCall> {
  const far = await sipp.holds(`9${line}`, 1);
  await sipp.register(far, primary);
  const command = await cluster.begin('call', line, far.user);
  const invite = await until(`line ${line} calls`, 20_000, () =>
    primary.requests.find(({ method, user, outcome }) => method === 'INVITE' && user === line && outcome === 'seen'),
  );
  return { line, callId: invite.callId, far, command };
}

/** A SIPp calls the line, and the line answers. */
async function callIn(world: World, line: string): Promise<HeldCall> {
  const callId = `in-${line}`;
  const far = await world.sipp.calls(line, world.servers[0], callId);
  await until(`line ${line} rings`, 20_000, async () => (await stateOf(world, line)).includes('ringing'));
  expect(await world.cluster.order([{ line, command: 'answer' }])).toMatchObject([{ ok: true }]);
  return { line, callId, far };
}

/** One side says BYE; resolves when the far side has seen the call end as it should. */
async function end({ cluster }: World, { line, callId, far, command }: HeldCall, who: 'line' | 'far'): Promise<void> {
  if (who === 'far') await far.hangUp(callId);
  else if (command !== undefined) command.interrupt();
  else expect(await cluster.order([{ line, command: 'hangup' }])).toMatchObject([{ ok: true }]);
  await far.done(20_000);
  const result = await command?.done(20_000);
  if (result !== undefined) expect(result.value).toMatchObject({ answered: true, call: { state: 'ended' } });
}

/** Half of them by each side; resolves with how many ended as they should. */
async function endAll(world: World, calls: readonly HeldCall[]): Promise<number> {
  for (const [n, call] of calls.entries()) await end(world, call, n % 2 === 0 ? 'line' : 'far');
  return calls.length;
}

describePeers('all members are replaced while 20 calls are up', ['kamailio', 'sipp', 'nats-server'], () => {
  const users = { udp: usersFrom(1_000, 20), tcp: usersFrom(2_000, 20) };
  const legs = 2 * (users.udp.length + users.tcp.length);
  const ports = new Map<string, number>();
  let world: World;
  let calls: readonly HeldCall[];
  let spread = '';

  beforeAll(async () => {
    world = await openWorld();
    const { cluster, stage, servers } = world;
    for (const name of ['edge-1', 'edge-2']) {
      const port = stage.network.port();
      ports.set(name, port);
      await cluster.edge(name, { port });
    }
    for (const name of ['host-1', 'host-2', 'host-3']) await cluster.host(name);
    await cluster.apply(dualTemplate(...servers, { registerExpires: 3_600 }), [
      { from: 1_000, count: users.udp.length, sipTransport: 'UDP' },
      { from: 2_000, count: users.tcp.length, sipTransport: 'TCP' },
    ]);
    await cluster.settled(legs, 60_000);
    const placed: HeldCall[] = [];
    for (const own of [users.udp, users.tcp]) {
      for (const line of own.slice(0, 5)) placed.push(await callOut(world, line));
      for (const line of own.slice(5, 10)) placed.push(await callIn(world, line));
    }
    calls = placed;
    expect(await countUp(world, 20)).toBe(20);
    spread = await slotsOf(world);
  }, 180_000);
  afterAll(() => world?.stage.close(), 60_000);

  it('hosts: every call lives, no registrar hears of it, and both sides can hang up', { timeout: 180_000 }, async () => {
    const { cluster } = world;
    const asked = registers(world);
    const drainsMs: number[] = [];
    const up: number[] = [];
    for (const name of ['host-1', 'host-2', 'host-3']) {
      const beganMs = Date.now();
      expect(await cluster.members.get(name)?.stop()).toBe(interrupted);
      drainsMs.push(Date.now() - beganMs);
      await cluster.host(name);
      await cluster.settled(legs, 30_000);
      up.push(await countUp(world, 20));
    }
    await until('each host has its slots again', 20_000, async () => (await slotsOf(world)) === spread);
    const extra = registers(world) - asked;
    // Two of each kind are ended now, by either side; the others stay for the edges.
    const kinds = [0, 5, 10, 15].flatMap((from) => calls.slice(from, from + 2));
    const ended = await endAll(world, kinds);
    calls = calls.filter((call) => !kinds.includes(call));
    await tell('cluster-rolling-hosts', { drainsMs, callsUp: up, extraRegisters: extra, endedByBothSides: ended });
    expect(up).toEqual([20, 20, 20]);
    expect(extra).toBe(0);
    expect(await countUp(world, 12)).toBe(12);
  });

  it('edges: one that goes ends its calls with BYE, one that is back at once keeps those over UDP', {
    timeout: 180_000,
  }, async () => {
    const { cluster, servers } = world;
    const bindings = new Map((await servers[0].bindings()).map(({ user, contact }) => [user, contact]));
    const isAt = ({ line }: HeldCall, edge: string): boolean => bindings.get(line)?.includes(`:${ports.get(edge)};`) === true;
    const [leaving, staying] = split(calls, (call) => isAt(call, 'edge-1'));

    expect(await cluster.members.get('edge-1')?.stop(40_000)).toBe(interrupted);
    const results = await Promise.all(
      leaving.map(async ({ far, command }) => {
        await far.done(20_000);
        return (await command?.done(20_000))?.value;
      }),
    );
    const reasons = results.flatMap(
      (value) => (value as { readonly call: { readonly reason: string } } | undefined)?.call.reason ?? [],
    );
    const kept = await linesUp(world);
    await cluster.edge('edge-1', { port: ports.get('edge-1') ?? 0 });
    await cluster.settled(legs, 30_000);

    await cluster.members.get('edge-2')?.kill();
    await cluster.edge('edge-2', { port: ports.get('edge-2') ?? 0 });
    await cluster.settled(legs, 30_000);
    const left = await linesUp(world);
    const [streams, datagrams] = split(staying, ({ line }) => isStream(line));
    const upOf = (some: readonly HeldCall[]): number => some.filter(({ line }) => left.includes(line)).length;
    await tell('cluster-rolling-edges', {
      drained: { calls: leaving.length, endedWithBye: results.length, reasons, untouched: kept.length },
      restarted: { udp: datagrams.length, udpKept: upOf(datagrams), tcp: streams.length, tcpKept: upOf(streams) },
    });
    expect(leaving.length).toBeGreaterThan(0);
    expect(staying.length).toBeGreaterThan(0);
    expect(new Set(reasons)).toEqual(new Set(['edge-lost']));
    expect(new Set(kept)).toEqual(new Set(staying.map(({ line }) => line)));
    expect(upOf(datagrams)).toBe(datagrams.length);
    expect(
      await endAll(
        world,
        staying.filter(({ line }) => left.includes(line)),
      ),
    ).toBe(left.length);
  });
});

describePeers('a slot moves with a call in it', ['kamailio', 'sipp', 'nats-server'], () => {
  const lines = { udp: '1001', tcp: '2001' };
  const legs = 4;
  let world: World;

  beforeAll(async () => {
    world = await openWorld();
    const { cluster, servers } = world;
    await cluster.edge('edge-1');
    for (const name of ['host-1', 'host-2']) await cluster.host(name);
    await cluster.apply(dualTemplate(...servers, { registerExpires: 3_600 }), [
      { userId: lines.udp, sipTransport: 'UDP' },
      { userId: lines.tcp, sipTransport: 'TCP' },
    ]);
    await cluster.settled(legs, 30_000);
  }, 90_000);
  afterAll(() => world?.stage.close(), 60_000);

  const hostOf = async (line: string): Promise<string> => (await world.cluster.lines()).find(({ id }) => id === line)?.host ?? '';
  const otherThan = (host: string): string => (host === 'host-1' ? 'host-2' : 'host-1');

  it.each([
    ['udp', 'line'],
    ['udp', 'far'],
    ['tcp', 'line'],
    ['tcp', 'far'],
  ] as const)('over %s, by hand while it is up: the call lives, and the %s hangs up', { timeout: 60_000 }, async (over, who) => {
    const line = lines[over];
    const { cluster } = world;
    const call = await callIn(world, line);
    await until('the call is up', 10_000, async () => (await stateOf(world, line)).includes('up'));
    const asked = registers(world);
    const to = otherThan(await hostOf(line));
    expect(await cluster.ask('cluster', 'move', line, to)).toMatchObject({ code: 0 });
    await until('the line is there', 10_000, async () => (await hostOf(line)) === to);
    expect(await stateOf(world, line)).toEqual(['up']);
    await end(world, call, who);
    await until('the call is over', 10_000, async () => (await stateOf(world, line)).length === 0);
    expect(registers(world)).toBe(asked);
  });

  it('while it rings, because its host is drained: it is answered there, and goes on elsewhere', {
    timeout: 60_000,
  }, async () => {
    const { cluster, sipp, servers } = world;
    const asked = registers(world);
    const host = await hostOf(lines.udp);
    const member = cluster.members.get(host) as MemberProcess;
    const far = await sipp.calls(lines.udp, servers[0], 'rings');
    await until('the line rings', 20_000, async () => (await stateOf(world, lines.udp)).includes('ringing'));
    expect(await cluster.ask('cluster', 'drain', host)).toMatchObject({ code: 0 });
    expect(await stateOf(world, lines.udp)).toEqual(['ringing']);
    expect(await cluster.order([{ line: lines.udp, command: 'answer' }])).toMatchObject([{ ok: true }]);
    expect(await member.child.ended).toMatchObject({ code: 0 });
    await until('the line is there', 10_000, async () => (await hostOf(lines.udp)) === otherThan(host));
    expect(await stateOf(world, lines.udp)).toEqual(['up']);
    await end(world, { line: lines.udp, callId: 'rings', far }, 'far');
    expect(registers(world)).toBe(asked);
  });
});
