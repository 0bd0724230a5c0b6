import {
  type Bus,
  createMemoryBus,
  createSubjects,
  type Decision,
  decodeJson,
  type FactKind,
  type Finding,
  lineKey,
  type Mechanism,
  type RuntimeConfig,
  readLineSubject,
} from '@offhook/core';
import { createMemoryLineStore } from '@offhook/core/testkit';
import { createDnsLocator, type ZoneResolver, zoneResolver } from '@offhook/plugin-dns-srv';
import { type ApplyReport, type CallFact, createRuntime, type LoadedPlugins, type Runtime } from '@offhook/runtime';
import { lendGlobalTimers } from '../global-timers.ts';
import { createRegistrar } from '../registrar.ts';
import type { Registrar, RegistrarSettings } from '../registrar.types.ts';
import { runUntil } from '../run-until.ts';
import { createUserAgent } from '../user-agent.ts';
import type { UserAgent } from '../user-agent.types.ts';
import { createVirtualAmbient, type VirtualAmbient } from '../virtual-ambient.ts';
import { createWire, type Wire } from '../wire.ts';
import { layNetwork, type Network } from './network.ts';
import type { Scenario, ServerSettings, StepOf } from './schema.ts';
import { changedConfig, newFindings } from './set-step.ts';

/** The password of lines that have none: nobody outside the drill needs to know it. */
const drillPassword = 'drill';
const cluster = 'drill';
/** More lines than this are stepped by their tables: nothing else tells the two hosts apart, and a day goes by sooner. */
const fewLines = 10;

export interface StageOptions {
  readonly config: RuntimeConfig;
  readonly scenario: Scenario;
  readonly seed: string | number;
  readonly mechanisms?: readonly Mechanism[];
  readonly plugins?: LoadedPlugins;
  onDecision(decision: Decision): void;
  onCall(line: string, call: CallFact): void;
}

/** One phone of production with its servers and callers on a virtual network, and what a script can do to them. */
export interface Stage {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly network: Network;
  readonly lines: readonly string[];
  /** The runtime that holds the lines; undefined while the power is off. */
  readonly runtime: Runtime | undefined;
  /** The name server: it may change, and die. */
  readonly names: ZoneResolver;
  registrar(server: string): Registrar;
  /** Somebody to call, and to be called by; made on first use, reached by every server. */
  party(user: string): Promise<UserAgent>;
  userOf(line: string): string;
  /** The line that has, or had, this user. */
  lineOf(user: string): string | undefined;
  /**
   * Puts another configuration in force as far as it may be; while the power is off it counts from the next start on.
   * @throws ConfigError, PluginError (rejects) it is refused: nothing has changed then
   */
  apply(step: StepOf<'set'>): Promise<Applied>;
  /** Resolves as time moves. */
  boot(): Promise<void>;
  powerCut(): Promise<void>;
  /** Empties the records of what happened, so that a drill can last for days. */
  forgetRecords(): void;
  /** Puts everything right and ends in order; says what was left behind. */
  end(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** What became of a step that sets something. */
export interface Applied {
  /** Undefined while the power is off. */
  readonly report: ApplyReport | undefined;
  /** What the new values were found to be: repaired, or doubtful. */
  readonly findings: readonly Finding[];
}

/** After the last request everything has come to rest within this time, s. */
const restS = 40;

/** Settings of a script as the registrar knows them. */
export function registrarSettings(given: ServerSettings): Partial<RegistrarSettings> {
  const { grant, minExpires, maxExpires, expiresHeader, challengesRegister, challengesCalls, recordsRoute } = given;
  const all = {
    grantS: grant,
    minExpiresS: minExpires,
    maxExpiresS: maxExpires,
    expiresHeaderS: expiresHeader,
    registerAuth: challengesRegister,
    inviteAuth: challengesCalls,
    recordRoute: recordsRoute,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A configuration that is at home in a drill: in its own cluster, with a password where none can be read. */
function atHome(config: RuntimeConfig): RuntimeConfig {
  const lines = config.lines.map((line) =>
    line.ext.password === '' ? { ...line, ext: { ...line.ext, password: drillPassword } } : line,
  );
  return { ...config, cluster, lines };
}

/** Who has which line, and which password; what a user once had stays known. */
function createUsers() {
  const users = new Map<string, string>();
  const lines = new Map<string, string>();
  const secrets = new Map<string, string>();
  return {
    know(config: RuntimeConfig): void {
      for (const { id, ext } of config.lines) {
        users.set(id, ext.userId);
        lines.set(ext.userId, id);
        for (const user of [ext.userId, ext.authId]) secrets.set(user, ext.password);
      }
    },
    userOf: (line: string): string => users.get(line) ?? line,
    lineOf: (user: string): string | undefined => lines.get(user),
    /** A user of the network outside the phone has the drill's own. */
    password: (user: string): string => secrets.get(user) ?? drillPassword,
  };
}

/** What a registrar is set to before the script says otherwise. */
function settingsOf(scenario: Scenario, name: string): Partial<RegistrarSettings> {
  const entry = scenario.servers[name];
  return { recordRoute: true, ...(entry === undefined || typeof entry === 'string' ? {} : registrarSettings(entry)) };
}

/** Builds the stage; the phone is off until it is booted. The global timers belong to it until it stops. */
export async function createStage(options: StageOptions): Promise<Stage> {
  const { scenario, seed } = options;
  let config = atHome(options.config);
  const ambient = createVirtualAmbient({ seed, startMs: 0 });
  const network = layNetwork(config.lines, scenario);
  const names = zoneResolver(network.records);
  const locator = createDnsLocator({ ambient, resolver: names });
  const wire = createWire(ambient);
  const bus: Bus = createMemoryBus({ ambient });
  const users = createUsers();
  users.know(config);
  const store = config.state?.folder === undefined ? undefined : createMemoryLineStore();
  const giveBack = lendGlobalTimers(ambient);
  const parties = new Map<string, UserAgent>();
  const idOf = new Map<string, string>(config.lines.map(({ id }) => [lineKey(id), id]));
  let runtime: Runtime | undefined;

  const registrars = new Map(
    network.servers.map(({ name, address, ports }) => [
      name,
      createRegistrar({
        ambient,
        transports: ports.flatMap(({ port, protocols }) =>
          protocols.map((protocol) => wire.transport({ host: address, port, protocol })),
        ),
        realm: name,
        domains: network.domains,
        password: users.password,
        settings: settingsOf(scenario, name),
      }),
    ]),
  );

  bus.subscribe(createSubjects(cluster).facts(), ({ subject, payload }) => {
    const place = readLineSubject(subject);
    const kind = place?.kind as FactKind | undefined;
    if (kind === 'decision') options.onDecision(decodeJson(payload));
    else if (kind === 'call') options.onCall(idOf.get(place?.key ?? '') ?? '', decodeJson(payload));
  });

  /** Where the edge listens: each address of the configuration once, at the phone's own. */
  function transports() {
    const places = new Map(config.edge.listen.map(({ protocol, port }) => [`${protocol} ${port}`, { protocol, port }]));
    return [...places.values()].map(({ protocol, port }) => wire.transport({ protocol, port, host: network.phone }));
  }

  async function boot(): Promise<void> {
    runtime = await createRuntime({
      config,
      ambient,
      bus,
      transports: transports(),
      locator,
      ...(config.lines.length > fewLines && { host: 'pooled' as const }),
      ...(store !== undefined && { store }),
      ...(options.mechanisms !== undefined && { mechanisms: options.mechanisms }),
      ...(options.plugins !== undefined && { plugins: options.plugins }),
    });
  }

  async function apply(step: StepOf<'set'>): Promise<Applied> {
    const next = atHome(changedConfig(config, step));
    const report = await runtime?.apply(next);
    const findings = newFindings(config.lines, next.lines);
    config = next;
    users.know(config);
    return { report, findings };
  }

  function registrar(server: string): Registrar {
    const found = registrars.get(network.find(server)?.name ?? '');
    if (found === undefined) throw new RangeError(`no server ${server} in this script`);
    return found;
  }

  async function party(user: string): Promise<UserAgent> {
    const known = parties.get(user);
    if (known !== undefined) return known;
    const [first] = network.servers;
    if (first === undefined) throw new RangeError('a party needs a server');
    const made = createUserAgent({
      ambient,
      transport: wire.transport({ host: `10.0.1.${parties.size + 1}`, port: 5060, protocol: 'udp' }),
      user,
      proxy: { host: first.address, port: first.ports[0]?.port ?? 5060 },
      domain: first.host,
      password: drillPassword,
    });
    parties.set(user, made);
    const address = await runUntil(ambient, made.start());
    for (const each of registrars.values()) each.attach(user, address);
    return made;
  }

  async function powerCut(): Promise<void> {
    const running = runtime;
    runtime = undefined;
    if (running !== undefined) await runUntil(ambient, running.kill());
  }

  async function hangUpAll(): Promise<void> {
    for (const { id, calls } of runtime?.lines() ?? [])
      if (calls.length > 0) await runUntil(ambient, runtime?.command(id, 'hangup') ?? Promise.resolve());
  }

  async function end(): Promise<readonly string[]> {
    wire.heal();
    names.setDead(false);
    for (const each of registrars.values()) each.clear();
    await hangUpAll();
    await ambient.runFor(restS * 1_000);
    const running = runtime;
    runtime = undefined;
    if (running !== undefined) await runUntil(ambient, running.stop());
    for (const each of [...parties.values(), ...registrars.values()]) await each.stop();
    await ambient.runFor(1_000);
    const timers = ambient.pendingInstants().length;
    return [
      ...(timers > 0 ? [`${timers} timers are left behind`] : []),
      ...(wire.connections > 0 ? [`${wire.connections} connections are left behind`] : []),
    ];
  }

  try {
    await runUntil(ambient, Promise.all([...registrars.values()].map((each) => each.start())));
  } catch (error) {
    giveBack();
    throw error;
  }
  return {
    ambient,
    wire,
    network,
    lines: config.lines.map(({ id }) => id),
    get runtime() {
      return runtime;
    },
    names,
    registrar,
    party,
    userOf: users.userOf,
    lineOf: users.lineOf,
    apply,
    boot,
    powerCut,
    forgetRecords() {
      wire.forgetPackets();
      for (const each of registrars.values()) each.forgetSeen();
      for (const each of parties.values()) each.forgetEnded();
      ambient.forgetLogs();
    },
    end,
    async stop() {
      try {
        await powerCut();
        for (const each of [...parties.values(), ...registrars.values()]) await each.stop();
      } finally {
        giveBack();
      }
    },
  };
}
