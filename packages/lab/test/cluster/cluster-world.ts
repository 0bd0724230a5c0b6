import { buckets, createLineConfigStore, pinSlot } from '@offhook/cluster';
import {
  type Bus,
  createMemoryBus,
  createSubjects,
  type KeyValue,
  type KeyValues,
  type LineConfig,
  type LineInput,
  lineKey,
  type Mechanism,
  parseRuntimeConfig,
  slotOf,
  type TakeoverConfig,
} from '@offhook/core';
import { createMemoryKeyValueServer, type MemoryKeyValues } from '@offhook/core/testkit';
import { createHostLocator, type LineStatus, sendCommand } from '@offhook/runtime';
import { type ClusterMember, createClusterEdge, createClusterHost } from '@offhook/runtime/cluster';
import { readSipUri } from '@offhook/sip';
import {
  createRegistrar,
  createVirtualAmbient,
  createWire,
  lendGlobalTimers,
  type Registrar,
  type VirtualAmbient,
  type Wire,
  worldAddresses,
  worldPassword,
} from '../../src/index.ts';
import { runUntil } from '../../src/run-until.ts';

/** A member of a cluster in virtual time. Its way to the bus and to the buckets can be cut: then it is alone with its sockets. */
export interface WorldMember extends ClusterMember {
  readonly id: string;
  cut(): void;
  mend(): void;
}

/** What is unusual about one life of a host. */
export interface HostHooks {
  /** The bucket that it gets in the place of its own. */
  readonly buckets?: Partial<Record<keyof ReturnType<typeof buckets>, (own: KeyValue) => KeyValue | Promise<KeyValue>>>;
  readonly readLines?: (text: string) => readonly LineConfig[];
}

/** Line hosts and edges on one bus and one set of buckets, with two scripted registrars, in virtual time. */
export interface ClusterWorld {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly bus: Bus;
  readonly p: Registrar;
  readonly a: Registrar;
  /** A way of the test's own to what is stored. */
  readonly values: KeyValues;
  host(id: string, hooks?: HostHooks): Promise<WorldMember>;
  /** Its address is 10.0.1.<number of its name>, the same in every life. */
  edge(id: string): Promise<WorldMember>;
  apply(lines: readonly LineInput[]): Promise<void>;
  /** The operator's wish: the slot of the line is the host's. */
  move(line: string, host: string): Promise<void>;
  /** REGISTER requests that a registrar has seen since then, without repetitions. */
  registers(at: Registrar, sinceS?: number): readonly SeenRegister[];
  /** Every line of a host, as it says itself. */
  lines(host: string): Promise<readonly LineStatus[]>;
  /** Tells a member to hand over and end, as an operator does; what it answers. */
  drain(member: string): Promise<unknown>;
  command(line: string, command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  run(seconds: number): Promise<void>;
  until<T>(promise: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** A REGISTER as its registrar sees it. */
export interface SeenRegister {
  readonly atS: number;
  readonly user: string;
  readonly callId: string;
  readonly cseq: number;
}

const fast = { heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 };

const cluster = 'world';
const protocols = ['udp', 'tcp'] as const;

/** A bus whose way to the others can be cut: what is said meanwhile is lost both ways. */
function cuttable(bus: Bus, isCut: () => boolean): Bus {
  return {
    publish: (...args) => void (isCut() || bus.publish(...args)),
    request: (...args) => (isCut() ? new Promise(() => {}) : bus.request(...args)),
    reaches: () => true,
    subscribe: (subject, handler, options) => bus.subscribe(subject, (message) => void (isCut() || handler(message)), options),
    flush: () => bus.flush(),
    drain: async () => {},
  };
}

/** As an object that can be spread. */
const plain = (own: KeyValue): KeyValue => ({
  get: (key) => own.get(key),
  entries: (pattern) => own.entries(pattern),
  put: (...args) => own.put(...args),
  delete: (...args) => own.delete(...args),
  watch: (...args) => own.watch(...args),
});

function changed(values: KeyValues, changes: NonNullable<HostHooks['buckets']>): KeyValues {
  const byName = new Map(Object.entries(buckets(cluster)).map(([key, name]) => [name, changes[key as keyof typeof changes]]));
  return {
    async bucket(name) {
      const own = await values.bucket(name);
      return byName.get(name)?.(plain(own)) ?? own;
    },
  };
}

function registrar(ambient: VirtualAmbient, wire: Wire, side: 'p' | 'a'): Registrar {
  return createRegistrar({
    ambient,
    transports: protocols.map((protocol) => wire.transport({ ...worldAddresses[side], protocol })),
    realm: `world-${side}`,
    domains: [worldAddresses.p.host, worldAddresses.a.host],
    password: (user) => (/^\d+$/.test(user) ? worldPassword : undefined),
    settings: { recordRoute: true },
  });
}

export interface ClusterWorldOptions {
  readonly seed?: number;
  /** Members are fast where it says nothing. */
  readonly takeover?: Partial<TakeoverConfig>;
  /** Of every host. */
  readonly mechanisms?: readonly Mechanism[];
}

export async function openClusterWorld({ seed = 1, takeover, mechanisms = [] }: ClusterWorldOptions = {}): Promise<ClusterWorld> {
  const ambient = createVirtualAmbient({ seed, startMs: 0 });
  const giveBack = lendGlobalTimers(ambient);
  const wire = createWire(ambient);
  const bus = createMemoryBus({ ambient, copy: true });
  const subjects = createSubjects(cluster);
  const server = createMemoryKeyValueServer(ambient);
  const [p, a] = [registrar(ambient, wire, 'p'), registrar(ambient, wire, 'a')];
  const members: ClusterMember[] = [];
  const until = <T>(promise: Promise<T>): Promise<T> => runUntil(ambient, promise);
  const edges: string[] = [];

  async function member(role: 'host' | 'edge', id: string, hooks: HostHooks = {}): Promise<WorldMember> {
    const values: MemoryKeyValues = server.client();
    let isCut = false;
    const way = cuttable(bus, () => isCut);
    if (role === 'edge' && !edges.includes(id)) edges.push(id);
    const place = { host: `10.0.1.${edges.indexOf(id) + 1}`, port: 5060 };
    const common = {
      ...{ id, ambient, build: 'lab', bus: way, control: way, values: changed(values, hooks.buckets ?? {}) },
      config: parseRuntimeConfig({ cluster, takeover: { ...fast, ...takeover } }),
      locator: createHostLocator(),
      wallNow: ambient.now,
      plugins: { mechanisms, transports: [] },
      readLines: hooks.readLines ?? ((text: string) => parseRuntimeConfig(JSON.parse(text)).lines),
    };
    const transports = protocols.map((protocol) => wire.transport({ ...place, protocol }));
    const joined = await until(role === 'host' ? createClusterHost(common) : createClusterEdge({ ...common, transports }));
    members.push(joined);
    return {
      id,
      status: () => joined.status(),
      drain: () => joined.drain(),
      kill: () => joined.kill(),
      ended: joined.ended,
      cut() {
        isCut = true;
        values.cut();
      },
      mend() {
        isCut = false;
        values.mend();
      },
    };
  }

  await until(Promise.all([p.start(), a.start()]));
  return {
    ambient,
    wire,
    bus,
    values: server.client(),
    p,
    a,
    host: (id, hooks) => member('host', id, hooks),
    edge: (id) => member('edge', id),
    async apply(lines) {
      const store = createLineConfigStore({ ambient, config: await until(server.client().bucket(buckets(cluster).config)) });
      await until(store.write(JSON.stringify({ lines })));
    },
    async move(line, host) {
      await until(pinSlot(await until(server.client().bucket(buckets(cluster).slots)), slotOf(lineKey(line)), host));
    },
    registers: (at, sinceS = 0) =>
      at
        .seen({ method: 'REGISTER', sinceMs: sinceS * 1_000, repeated: false })
        .map(({ atMs, request: { from, callId, cseq } }) => ({
          atS: atMs / 1_000,
          user: readSipUri(from.uri)?.user ?? '',
          callId,
          cseq: cseq.number,
        })),
    lines: async (host) => {
      const asked = sendCommand(bus, subjects.member(host), { command: 'lines', args: {} });
      return ((await until(asked)) as { readonly lines: readonly LineStatus[] }).lines;
    },
    drain: (member) => until(sendCommand(bus, subjects.member(member), { command: 'drain', args: {} })),
    command: (line, command, args = {}) => until(sendCommand(bus, subjects.line(lineKey(line), 'cmd'), { command, args })),
    run: (seconds) => ambient.runFor(seconds * 1_000),
    until,
    async stop() {
      try {
        for (const each of members) await until(each.kill());
        await Promise.all([p.stop(), a.stop()]);
        await ambient.runFor(1_000);
        const left = ambient.pendingInstants();
        if (left.length > 0) throw new Error(`${left.length} timers are left behind, due at ${left.slice(0, 5).join(', ')} ms`);
      } finally {
        giveBack();
      }
    },
  };
}
