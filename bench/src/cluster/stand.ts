import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sink, startSink } from '../child.ts';
import { type ClusterDoor, isWhole, openDoor, until } from './door.ts';
import { type MemberPlan, type Program, startMember, startNatsServer } from './processes.ts';

export interface StandPlan {
  readonly natsServer: string;
  readonly edges: number;
  readonly hosts: number;
  /** Section `takeover` of every member. */
  readonly takeover: Readonly<Record<string, number>>;
  readonly execArgv: readonly string[];
}

/** A whole cluster on loopback, every part of it a process, and a sink that it registers at. */
export interface Stand {
  readonly sink: Sink;
  readonly door: ClusterDoor;
  readonly natsServer: Program;
  readonly url: string;
  readonly edges: ReadonlyMap<string, Program>;
  readonly hosts: ReadonlyMap<string, Program>;
  startHost(name: string): Promise<void>;
  /** Dual lines from 100000 on, all registered when it resolves. */
  apply(lines: number): Promise<void>;
  stop(): Promise<void>;
}

const cluster = 'bench';
/** So many registrations a second at most, of all lines together, when they begin anew. */
const coldPerS = 600;
/** A REGISTER that is challenged is two. */
const takeoverOf = (given: StandPlan['takeover']): StandPlan['takeover'] => ({ ...given, registersPerS: 2 * coldPerS });

function linesOf({ ports: [primary, alternate] }: Sink, count: number): object {
  const servers = { proxy: `127.0.0.1:${primary}`, alternateProxy: `127.0.0.1:${alternate}` };
  const dual = { ...servers, dualRegistration: true, password: 'secret', registerExpires: 3600 };
  return { templates: { dual }, lines: [{ template: 'dual', from: 100_000, count }] };
}

const names = (role: string, count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);

export async function startStand(plan: StandPlan): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  const clean = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', clean);
  const edges = new Map<string, Program>();
  const hosts = new Map<string, Program>();
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all([...hosts.values()].map((host) => host.stop(plan.execArgv.length > 0 ? 10_000 : 0)));
    await Promise.all([...edges.values()].map((edge) => edge.stop(plan.execArgv.length > 0 ? 10_000 : 0)));
    for (const each of running.reverse()) await each.stop();
    process.off('exit', clean);
    clean();
  };
  try {
    const sink = await startSink();
    running.push(sink);
    const { program: natsServer, url } = await startNatsServer(plan.natsServer, folder);
    running.push({ stop: () => natsServer.stop(2_000) });
    const members: MemberPlan = { folder, url, cluster, takeover: takeoverOf(plan.takeover), execArgv: plan.execArgv };
    for (const name of names('edge', plan.edges)) edges.set(name, await startMember('edge', name, members));
    const startHost = async (name: string): Promise<void> => void hosts.set(name, await startMember('host', name, members));
    await Promise.all(names('host', plan.hosts).map(startHost));
    const door = await openDoor(url, cluster);
    running.push({ stop: () => door.close() });
    return {
      ...{ sink, door, natsServer, url, edges, hosts, startHost, stop },
      async apply(lines) {
        await door.apply(linesOf(sink, lines));
        // Hosts take slots as soon as there are lines.
        await until('every slot has an owner', 30_000, () => isWhole(door));
        const isRegistered = async (): Promise<boolean> => {
          const seen = await Promise.all([...hosts.keys()].map((name) => door.status(name)));
          return seen.reduce((sum, { registered = 0 }) => sum + registered, 0) === 2 * lines;
        };
        await until(`${lines} lines are registered`, 20_000 + (lines / coldPerS) * 8_000, isRegistered, 500);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
