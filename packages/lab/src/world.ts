import {
  type Bus,
  createMemoryBus,
  createSubjects,
  type Decision,
  decodeJson,
  type FactKind,
  type LineInput,
  lineKey,
  parseRuntimeConfig,
  readLineSubject,
  slotOf,
} from '@offhook/core';
import { createDnsLocator, zoneResolver } from '@offhook/plugin-dns-srv';
import {
  createHostLocator,
  createRuntime,
  type Explanation,
  type LineStatus,
  type Runtime,
  type RuntimeOptions,
} from '@offhook/runtime';
import { lendGlobalTimers } from './global-timers.ts';
import { createMortalBus } from './mortal-bus.ts';
import { createRegistrar } from './registrar.ts';
import type { Registrar, RegistrarSettings } from './registrar.types.ts';
import { runUntil } from './run-until.ts';
import { createUserAgent } from './user-agent.ts';
import type { UserAgent } from './user-agent.types.ts';
import { createVirtualAmbient, type VirtualAmbient } from './virtual-ambient.ts';
import { createWire, type Wire } from './wire.ts';
import type { SentFilter, Side, World, WorldFact, WorldLine, WorldOptions } from './world.types.ts';
import { listSent, registrarHosts, worldAddresses, worldDomain } from './world-sent.ts';

export const worldPassword = 'secret';
const firstPartyHost = 21;
const protocols = ['udp', 'tcp'] as const;

/** A line with both registrations; user and id 1001 unless told. */
export const dualLine = (values: LineInput = {}): LineInput => ({
  ...singleLine(),
  alternateProxy: worldAddresses.a.host,
  dualRegistration: true,
  ...values,
});

/** A line with the primary registration only. */
export const singleLine = (values: LineInput = {}): LineInput => ({
  userId: '1001',
  password: worldPassword,
  proxy: worldAddresses.p.host,
  ...values,
});

function createSide(ambient: VirtualAmbient, wire: Wire, side: Side, settings: Partial<RegistrarSettings>): Registrar {
  return createRegistrar({
    ambient,
    transports: protocols.map((protocol) => wire.transport({ ...worldAddresses[side], protocol })),
    realm: `world-${side}`,
    domains: [worldDomain, ...registrarHosts],
    password: (user) => (/^\d+$/.test(user) ? worldPassword : undefined),
    settings: { recordRoute: true, ...settings },
  });
}

/** Keeps every fact that crosses the bus. */
function collectFacts(ambient: VirtualAmbient, bus: Bus, cluster: string): WorldFact[] {
  const facts: WorldFact[] = [];
  bus.subscribe(createSubjects(cluster).facts(), ({ subject, payload }) => {
    const place = readLineSubject(subject);
    if (place !== undefined)
      facts.push({ atMs: ambient.now(), kind: place.kind as FactKind, key: place.key, value: decodeJson(payload) });
  });
  return facts;
}

/**
 * Composes a phone from `@offhook/runtime` with two scripted registrars on a virtual wire, and boots it at the world's first instant.
 * The global timers belong to the world until it stops. @source architecture section 8
 */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const { seed = 1, startMs = 0, split = false } = options;
  const ambient = createVirtualAmbient({ seed, startMs });
  const giveBack = lendGlobalTimers(ambient);
  const wire = createWire(ambient, options.link);
  const bus = createMemoryBus({ ambient, copy: split });
  const names: readonly Side[] = ['p', 'a', ...(options.servers ?? [])];
  const sides = new Map(names.map((name) => [name, createSide(ambient, wire, name, options.registrars ?? {})]));
  const zone = zoneResolver(options.zone ?? []);
  const subjects = createSubjects('world');
  const facts = collectFacts(ambient, bus, 'world');
  const parties: UserAgent[] = [];
  let lines = options.lines ?? [dualLine()];
  let runtimes: readonly Runtime[] = [];
  let start: (roles: RuntimeOptions['roles']) => Promise<Runtime>;
  let host = createMortalBus(bus);

  const until = <T>(promise: Promise<T>, withinS?: number): Promise<T> => runUntil(ambient, promise, withinS);

  async function boot(newLines: readonly LineInput[] = lines): Promise<void> {
    if (runtimes.length > 0) throw new Error('the phone is running: cut its power first');
    lines = newLines;
    const config = parseRuntimeConfig({ cluster: 'world', edge: options.edge ?? {}, phone: options.phone ?? {}, lines });
    const { mechanisms, store, calls, host: charts } = options;
    const transports = protocols.map((protocol) => wire.transport({ ...worldAddresses.phone, protocol }));
    const shared: RuntimeOptions = {
      config,
      ambient,
      bus,
      transports,
      locator: options.zone === undefined ? createHostLocator() : createDnsLocator({ ambient, resolver: zone }),
      ...(mechanisms !== undefined && { mechanisms }),
      ...(store !== undefined && { store }),
      ...(calls !== undefined && { calls }),
      ...(charts !== undefined && { host: charts }),
    };
    start = (roles) => {
      // A host of lines may die, and then not even says goodbye.
      if (roles?.includes('lines') === true) host = createMortalBus(bus);
      return until(
        createRuntime({ ...shared, bus: roles === undefined ? bus : host.bus, ...(roles !== undefined && { roles }) }),
      );
    };
    runtimes = split ? [await start(['edge']), await start(['lines'])] : [await start(undefined)];
  }

  async function takeOver(afterS = 1): Promise<void> {
    const [edge, dying] = runtimes;
    if (edge === undefined || dying === undefined) throw new Error('only a world that is split has a host of lines to lose');
    // Between two hosts messages are lost and not answered: the bus of a cluster knows nothing of who listens elsewhere.
    const slots = new Set(dying.lines().map(({ id }) => subjects.slot(slotOf(lineKey(id)))));
    const nobody = [...slots].map((slot) => bus.subscribe(slot, () => {}));
    host.die();
    await until(dying.kill());
    await ambient.runFor(afterS * 1_000);
    runtimes = [edge, await start(['lines'])];
    for (const subscription of nobody) subscription.unsubscribe();
  }

  const runtime = (): Runtime => {
    const holder = runtimes.at(-1);
    if (holder === undefined) throw new Error('the phone is off');
    return holder;
  };

  function side(name: Side): Registrar {
    const found = sides.get(name);
    if (found === undefined) throw new Error(`no registrar ${name}; there are ${names.join(', ')}`);
    return found;
  }

  const decisions = (line?: string): readonly Decision[] =>
    facts
      .filter(({ kind }) => kind === 'decision')
      .map(({ value }) => value as Decision)
      .filter((decision) => line === undefined || decision.line === line);

  function statusOf(id?: string): LineStatus {
    const all = runtime().lines();
    const found = id === undefined && all.length === 1 ? all[0] : all.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no line ${id ?? '(name one)'}; there are ${all.map((each) => each.id).join(', ')}`);
    return found;
  }

  function line(id?: string): WorldLine {
    const name = statusOf(id).id;
    const begin: WorldLine['begin'] = (command, args) => runtime().command(name, command, args);
    return {
      id: name,
      status: () => statusOf(name),
      explain: () => until(begin('explain')) as Promise<Explanation>,
      command: (command, args) => until(begin(command, args)),
      begin,
      decisions: () => decisions(name),
    };
  }

  function sent(method: string, { line: id, ...filter }: SentFilter = {}): readonly (readonly [Side | string, number])[] {
    return listSent(wire, startMs, method, { ...filter, ...(id !== undefined && { user: statusOf(id).user }) });
  }

  async function stopPhone(how: 'stop' | 'kill'): Promise<void> {
    for (const each of [...runtimes].reverse()) await until(how === 'stop' ? each.stop() : each.kill());
    runtimes = [];
  }

  async function stop(): Promise<void> {
    try {
      await stopPhone('stop');
      for (const each of [...parties, ...sides.values()]) await each.stop();
      await ambient.runFor(1_000);
      const left = ambient.pendingInstants();
      if (left.length > 0) throw new Error(`${left.length} timers are left behind, due at ${left.slice(0, 5).join(', ')} ms`);
      if (wire.connections > 0) throw new Error(`${wire.connections} connections are left behind`);
    } finally {
      giveBack();
    }
  }

  const world: World = {
    ambient,
    wire,
    bus,
    p: side('p'),
    a: side('a'),
    side,
    zone,
    get runtime() {
      return runtime();
    },
    get nowS() {
      return (ambient.now() - startMs) / 1_000;
    },
    run: (seconds) => ambient.runFor(seconds * 1_000),
    runTo: (seconds) => ambient.run(startMs + seconds * 1_000),
    until,
    line,
    decisions,
    facts: (kind) => (kind === undefined ? facts : facts.filter((fact) => fact.kind === kind)),
    sent,
    async party(user, { behind = names, protocol = 'udp', plan } = {}) {
      const transport = wire.transport({ host: `10.0.0.${firstPartyHost + parties.length}`, port: 5060, protocol });
      const proxy = worldAddresses[behind[0] ?? 'p'];
      const party = createUserAgent({
        ambient,
        transport,
        user,
        proxy,
        password: worldPassword,
        ...(plan !== undefined && { plan }),
      });
      parties.push(party);
      const address = await until(party.start());
      for (const name of behind) side(name).attach(user, address, protocol);
      return party;
    },
    forgetRecords() {
      wire.forgetPackets();
      for (const each of sides.values()) each.forgetSeen();
      for (const party of parties) party.forgetEnded();
      facts.length = 0;
      ambient.forgetLogs();
    },
    powerCut: () => stopPhone('kill'),
    takeOver,
    boot,
    stop,
  };
  await until(Promise.all([...sides.values()].map((each) => each.start())));
  await options.prepare?.(world);
  await boot();
  return world;
}
