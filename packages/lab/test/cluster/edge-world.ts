import { createMemoryBus, createSubjects, type Decision, decodeJson, type LineInput, parseRuntimeConfig } from '@offhook/core';
import { createMemoryLineStore } from '@offhook/core/testkit';
import { createHostLocator, createRuntime, type Role, type Runtime } from '@offhook/runtime';
import {
  createRegistrar,
  createUserAgent,
  createVirtualAmbient,
  createWire,
  lendGlobalTimers,
  type Registrar,
  singleLine,
  type UserAgent,
  type VirtualAmbient,
  type Wire,
  worldAddresses,
  worldDomain,
  worldPassword,
} from '../../src/index.ts';
import { runUntil } from '../../src/run-until.ts';

/** Edges of the cluster by name, each at an address of its own. */
export const edgeHosts = { e1: '10.0.0.11', e2: '10.0.0.12' } as const;
export type EdgeName = keyof typeof edgeHosts;

/** Edges and hosts of lines as runtimes of their own on one bus that copies every payload, and a registrar. What is killed sends nothing. */
export interface ClusterWorld {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly registrar: Registrar;
  readonly alternate: Registrar;
  /** Behind the registrar; answers calls. */
  readonly party: UserAgent;
  edge(name: EdgeName): Promise<Runtime>;
  /** Runs the lines at an edge, from the one store. */
  host(edge: EdgeName): Promise<Runtime>;
  /** Ends a runtime as kill -9 would. */
  kill(runtime: Runtime): Promise<void>;
  run(seconds: number): Promise<void>;
  until<T>(promise: Promise<T>): Promise<T>;
  /** REGISTERs at the first registrar, or another, since then, without repetitions: when, from which edge, CSeq, Contacts. */
  registers(sinceS?: number, at?: Registrar): readonly (readonly [atS: number, edge: string, cseq: number, contacts: string])[];
  decisions(sinceS?: number): readonly Decision[];
}

const nameOf = new Map<string, string>(Object.entries(edgeHosts).map(([name, host]) => [host, name]));

/** `e1`, `e1;expires=0`: hosts of the Contacts of a REGISTER. */
const contactsOf = (
  contacts: readonly { readonly uri: string; readonly params: ReadonlyMap<string, string | undefined> }[],
): string =>
  contacts
    .map(({ uri, params }) => {
      const host = /@([^:;]+)/.exec(uri)?.[1] ?? '';
      return `${nameOf.get(host) ?? host}${params.has('expires') ? `;expires=${params.get('expires')}` : ''}`;
    })
    .join(' ');

/** The registrar is at 10.0.0.1; a second one, of lists and dual lines, at 10.0.0.2. */
export async function playCluster(line: LineInput, act: (world: ClusterWorld) => Promise<void>): Promise<void> {
  const ambient = createVirtualAmbient({ seed: 1, startMs: 0 });
  const giveBack = lendGlobalTimers(ambient);
  const wire = createWire(ambient);
  const bus = createMemoryBus({ ambient, copy: true });
  const store = createMemoryLineStore();
  const until = <T>(promise: Promise<T>): Promise<T> => runUntil(ambient, promise);
  const protocols = ['udp', 'tcp'] as const;
  const [registrar, alternate] = [worldAddresses.p, worldAddresses.a].map((at) =>
    createRegistrar({
      ambient,
      transports: protocols.map((protocol) => wire.transport({ ...at, protocol })),
      domains: [worldDomain, worldAddresses.p.host, worldAddresses.a.host],
      password: (user) => (/^\d+$/.test(user) ? worldPassword : undefined),
      settings: { recordRoute: true },
    }),
  ) as [Registrar, Registrar];
  const party = createUserAgent({
    ambient,
    transport: wire.transport({ host: '10.0.0.21', port: 5060, protocol: 'udp' }),
    user: '2000',
    proxy: worldAddresses.p,
    password: worldPassword,
  });
  await until(Promise.all([registrar.start(), alternate.start()]));
  registrar.attach('2000', await until(party.start()));
  const decided: Decision[] = [];
  bus.subscribe(createSubjects('world').facts('decision'), ({ payload }) => void decided.push(decodeJson(payload)));
  const running = new Set<Runtime>();

  async function start(role: Role, name: EdgeName): Promise<Runtime> {
    const config = parseRuntimeConfig({ cluster: 'world', edge: { name }, lines: [singleLine(line)] });
    const host = edgeHosts[name];
    const transports = role === 'edge' ? protocols.map((protocol) => wire.transport({ host, port: 5060, protocol })) : [];
    const locator = createHostLocator();
    const runtime = await until(
      createRuntime({ config, ambient, bus, transports, locator, store, outlives: true, roles: [role] }),
    );
    running.add(runtime);
    return runtime;
  }

  const world: ClusterWorld = {
    ambient,
    wire,
    registrar,
    alternate,
    party,
    edge: (name) => start('edge', name),
    host: (edge) => start('lines', edge),
    async kill(runtime) {
      running.delete(runtime);
      await until(runtime.kill());
    },
    run: (seconds) => ambient.runFor(seconds * 1_000),
    until,
    registers: (sinceS = 0, at = registrar) =>
      at
        .seen({ method: 'REGISTER', repeated: false, sinceMs: sinceS * 1_000 })
        .map(({ atMs, remote, request }) => [
          Math.round(atMs) / 1_000,
          nameOf.get(remote.host) ?? remote.host,
          request.cseq.number,
          contactsOf(request.contacts),
        ]),
    decisions: (sinceS = 0) => decided.filter(({ atMs }) => atMs >= sinceS * 1_000),
  };
  try {
    await act(world);
    for (const runtime of [...running].reverse()) await until(runtime.stop());
    await party.stop();
    await registrar.stop();
    await alternate.stop();
    await ambient.runFor(1_000);
    const left = ambient.pendingInstants();
    if (left.length > 0) throw new Error(`${left.length} timers are left behind, due at ${left.slice(0, 5).join(', ')} ms`);
    if (wire.connections > 0) throw new Error(`${wire.connections} connections are left behind`);
  } finally {
    giveBack();
  }
}

/** Rules of one registration, in order. */
export const rulesOf = (world: ClusterWorld, sinceS: number): readonly string[] =>
  world
    .decisions(sinceS)
    .filter(({ about }) => about === 'registration' || about === 'line')
    .map(({ rule, outcome: { action } }) => `${rule} ${action}`);
