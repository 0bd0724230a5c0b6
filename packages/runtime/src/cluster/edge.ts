import { createLineConfigStore, createSlotFence, type SlotFence } from '@offhook/cluster';
import { createSubjects, formatEndpoint, type KeyValue, type Subscription } from '@offhook/core';
import type { Edge, ListenAddress } from '@offhook/edge';
import { compose } from '../composition.ts';
import { serveCommands } from '../front-desk.ts';
import { serversOf } from '../servers-of.ts';
import { tokens } from '../tokens.ts';
import { ConfigurationInForce } from './in-force.ts';
import {
  type ClusterMember,
  type ClusterMemberOptions,
  countOf,
  type MemberCommands,
  type MemberStatus,
  partsOf,
  startMember,
} from './member.ts';
import { MemberLife } from './member-life.ts';

const needed = ['members', 'slots', 'config'] as const;
type Buckets = Readonly<Record<(typeof needed)[number], KeyValue>>;

/** Lines leave an edge that drains in their turns, as when it had died. When none has left for so long none can, ms. */
const patienceMs = 60_000;
const lookAgainMs = 500;

/** A member that owns sockets. */
class EdgeMember implements ClusterMember {
  readonly #options: ClusterMemberOptions;
  readonly #config: KeyValue;
  readonly #life: MemberLife;
  readonly #fence: SlotFence;
  readonly #edge: Edge;
  readonly #inForce: ConfigurationInForce;
  readonly #listening: string[] = [];
  #draining: Promise<void> | undefined;
  #subscriptions: readonly Subscription[] = [];

  constructor(options: ClusterMemberOptions, of: Buckets) {
    const { ambient } = options;
    this.#options = options;
    this.#config = of.config;
    this.#fence = createSlotFence({ slots: of.slots, ambient });
    this.#edge = compose(partsOf(options), this.#fence).resolve(tokens.edge);
    // Servers of the lines are no strangers.
    this.#inForce = new ConfigurationInForce(options, (lines) => this.#edge.know(serversOf(lines)));
    this.#life = new MemberLife(options, {
      ...{ role: 'edge', members: of.members, info: { listening: this.#listening } },
      beforeJoin: () => this.#listen(),
    });
  }

  get ended(): Promise<void> {
    return this.#life.ended;
  }

  async start(): Promise<void> {
    const { config, control, id, ambient } = this.#options;
    await this.#life.join();
    const store = createLineConfigStore({ config: this.#config, ambient });
    const commands: MemberCommands<'edge'> = {
      status: () => this.status(),
      counters: () => ({ edge: this.#edge.stats() }),
      drain: () => {
        void this.drain();
        return this.status();
      },
    };
    const subject = createSubjects(config.cluster).member(id);
    this.#subscriptions = [
      store.watch((document) => this.#inForce.take(document)),
      serveCommands(control, subject, `Edge ${id}`, commands, {}, countOf(this.#options)),
    ];
  }

  status(): MemberStatus {
    return {
      id: this.#options.id,
      role: 'edge',
      state: this.#life.state,
      ...this.#inForce.status(),
      listening: this.#listening,
      flows: this.#edge.flows(),
    };
  }

  drain(): Promise<void> {
    this.#draining ??= this.#handOver();
    return this.#draining;
  }

  async kill(): Promise<void> {
    this.#life.kill();
    this.#close();
    await this.#edge.stop();
  }

  /** Who joins again listens already. */
  async #listen(): Promise<void> {
    if (this.#listening.length > 0) return;
    const places = await this.#edge.start();
    this.#listening.push(...places.map((at: ListenAddress) => `${formatEndpoint(at)} ${at.protocol}`));
  }

  async #handOver(): Promise<void> {
    if (this.#life.isOver) return;
    const { ambient } = this.#options;
    await this.#life.whileValid(() => this.#life.membership.drain());
    let left = this.#edge.holders();
    for (let sinceMs = ambient.now(); left > 0 && this.#life.membership.isValid() && ambient.now() - sinceMs < patienceMs; ) {
      await new Promise<void>((resolve) => ambient.setTimer(resolve, lookAgainMs));
      if (this.#edge.holders() < left) sinceMs = ambient.now();
      left = this.#edge.holders();
    }
    this.#close();
    await this.#edge.stop();
    await this.#life.leave();
  }

  #close(): void {
    this.#fence.close();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
  }
}

/**
 * Joins a cluster as an edge: it owns sockets, and sends for whoever owns a line.
 * @throws ClusterError (rejects) `E_CLUSTER_NAME` an edge of that name runs already; KeyValueError `E_KV_UNAVAILABLE`
 * @throws TransportError, PluginError (rejects) as `createRuntime`
 */
export const createClusterEdge = (options: ClusterMemberOptions): Promise<ClusterMember> =>
  startMember(options, needed, (of) => new EdgeMember(options, of));
