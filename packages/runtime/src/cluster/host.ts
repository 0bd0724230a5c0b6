import {
  createLedger,
  createLineConfigStore,
  createSlotOwner,
  createTokenBucket,
  type Ledger,
  type LineConfigDocument,
  type SlotOwner,
} from '@offhook/cluster';
import { createSubjects, type KeyValue, type Subjects, type Subscription, wallClockMs } from '@offhook/core';
import { createPooledHost } from '@offhook/line-actor';
import { compose } from '../composition.ts';
import { serveCommands, serveDirectory } from '../front-desk.ts';
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
import { SlotsAtWork } from './slots-at-work.ts';

/** REGISTER requests that may come together. */
const burst = 4;
/** Part of the rate that is used. */
const usedShare = 0.6;
/** Lines on one page of an answer, which is one message of the bus. */
const pageLines = 500;

const needed = ['members', 'slots', 'ledger', 'config'] as const;
type Buckets = Readonly<Record<(typeof needed)[number], KeyValue>>;

/** A member that owns slots and runs their lines. */
class LineHostMember implements ClusterMember {
  readonly #options: ClusterMemberOptions;
  readonly #buckets: Buckets;
  readonly #life: MemberLife;
  readonly #ledger: Ledger;
  readonly #work: SlotsAtWork;
  readonly #inForce: ConfigurationInForce;
  readonly #subjects: Subjects;
  #owner: SlotOwner | undefined;
  #draining: Promise<void> | undefined;
  #subscriptions: readonly Subscription[] = [];
  /** As soon as it can tell. */
  #directory: Subscription | undefined;

  constructor(options: ClusterMemberOptions, of: Buckets) {
    this.#options = options;
    this.#buckets = of;
    const { ambient, bus, wallNow = wallClockMs } = options;
    this.#subjects = createSubjects(options.config.cluster);
    this.#inForce = new ConfigurationInForce(options, (lines) => this.#work.configure(lines));
    const epochOf = (slot: number): number | undefined => this.#owner?.owned().get(slot);
    this.#life = new MemberLife(options, {
      ...{ role: 'host', members: of.members },
      // Without lines in force it could run none: its slots would be nobody's.
      weight: () => (this.#inForce.isSet ? 1 : 0),
    });
    this.#ledger = createLedger({
      ...{ ledger: of.ledger, ambient, wallNow, epochOf },
      onLost: (slot) => void this.#work.lose(slot, false),
    });
    const parts = compose(partsOf(options));
    this.#work = new SlotsAtWork({
      ...{ ambient, bus, subjects: this.#subjects, ledger: this.#ledger, epochOf },
      judge: parts.resolve(tokens.policies).judgeAlone,
      locator: parts.resolve(tokens.locator),
      host: createPooledHost(),
      pacer: createTokenBucket({ ambient, perS: () => this.#registersPerS(), burst }),
      edgePatienceMs: this.#life.takeover.heartbeatMs,
      isValid: () => this.#life.membership.isValid(),
      isRogue: options.isRogue === true,
    });
  }

  get ended(): Promise<void> {
    return this.#life.ended;
  }

  async start(): Promise<void> {
    const { control, id, ambient } = this.#options;
    const { membership } = this.#life;
    const store = createLineConfigStore({ config: this.#buckets.config, ambient });
    membership.onChange(() => this.#work.see([...membership.members().values()]));
    // First: a host that is started again has its slots at once, and must know their lines.
    const document = await store.read();
    if (document !== undefined) this.#configure(document);
    await this.#life.join();
    this.#own();
    const commands: MemberCommands<'host'> = {
      status: () => this.status(),
      lines: ({ from }) => this.#work.page(typeof from === 'number' ? from : 0, pageLines),
      counters: () => ({ lines: this.#work.counters() }),
      drain: () => {
        void this.drain();
        return this.status();
      },
    };
    this.#subscriptions = [
      store.watch((document) => this.#configure(document)),
      serveCommands(control, this.#subjects.member(id), `Line host ${id}`, commands, {}, countOf(this.#options)),
    ];
  }

  status(): MemberStatus {
    const lines = this.#work.status();
    return {
      id: this.#options.id,
      role: 'host',
      state: this.#life.state,
      ...this.#inForce.status(),
      slots: this.#work.slots,
      lines: lines.length,
      registered: lines.flatMap(({ legs }) => legs).filter(({ usable }) => usable).length,
      calls: lines.reduce((sum, { calls }) => sum + calls.length, 0),
      heldBack: this.#work.heldBack,
    };
  }

  drain(): Promise<void> {
    this.#draining ??= this.#handOver();
    return this.#draining;
  }

  async kill(): Promise<void> {
    this.#life.kill();
    this.#close();
    this.#dropAll();
  }

  async #handOver(): Promise<void> {
    if (this.#life.isOver) return;
    await this.#life.whileValid(async () => {
      await this.#life.membership.drain();
      await this.#owner?.drain();
    });
    this.#close();
    this.#dropAll();
    await this.#ledger.close();
    await this.#life.leave();
  }

  #close(): void {
    this.#directory?.unsubscribe();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
  }

  #own(): void {
    this.#owner = createSlotOwner({
      ...{ slots: this.#buckets.slots, ambient: this.#options.ambient, membership: this.#life.membership },
      timing: this.#life.takeover,
      onGain: (slot, epoch) => this.#work.gain(slot, epoch),
      onLose: (slot, why) => this.#work.lose(slot, why === 'released'),
    });
    this.#owner.start();
  }

  /** Without a word to anybody: its lines are others' already, or will be. */
  #dropAll(): void {
    this.#owner?.stop();
    this.#owner = undefined;
    this.#work.kill();
  }

  #configure(document: LineConfigDocument): void {
    const { bus } = this.#options;
    const isFirst = !this.#inForce.isSet;
    this.#inForce.take(document);
    if (!this.#inForce.isSet) return;
    // From now on it can run lines. All hosts that see a first configuration begin anew with it, so that no slot moves twice.
    if (isFirst && this.#owner !== undefined) void this.#life.rejoin();
    this.#directory ??= serveDirectory(bus, this.#subjects, (user) => this.#work.lines.ofUser(user));
  }

  /**
   * Its share of what all hosts together may ask of one registrar, less what may come at once. It is not used up: what an edge or the bus
   * holds up for a moment arrives together with what follows.
   */
  #registersPerS(): number {
    const { membership, takeover } = this.#life;
    const hosts = [...membership.members().values()].filter(({ role, state }) => role === 'host' && state === 'up');
    const share = takeover.registersPerS / Math.max(1, hosts.length);
    return Math.max(usedShare * share - burst, share / 2);
  }
}

/**
 * Joins a cluster as a line host: it owns slots, and runs their lines as their former owners left them.
 * @throws ClusterError (rejects) `E_CLUSTER_NAME` a host of that name runs already; KeyValueError `E_KV_UNAVAILABLE`
 * @throws PluginError (rejects) as `createRuntime`
 */
export const createClusterHost = (options: ClusterMemberOptions): Promise<ClusterMember> =>
  startMember(options, needed, (of) => new LineHostMember(options, of));
