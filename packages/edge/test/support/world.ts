import {
  type Ambient,
  type Bus,
  type BusMessage,
  createMemoryBus,
  createSubjects,
  type DirectoryAnswer,
  type DirectoryQuery,
  decodeJson,
  encodeClose,
  encodeJson,
  encodeSend,
  type Flow,
  type FlowFailure,
  type Leg,
  type LineKey,
  type LocateRequest,
  type LogFields,
  lineKey,
  type OpenEnvelope,
  type OpenReply,
  type RankedEntry,
  type Subjects,
  silentLog,
  type Timer,
} from '@offhook/core';
import { createEdge, type Edge, type EdgeLimits, type Fence } from '../../src/index.ts';
import { createFakeTransport, type FakeTransport } from './fake-transport.ts';

/** Time and deferred work move only when the test says so. */
class StillAmbient implements Ambient {
  readonly warnings: (readonly [string, LogFields | undefined])[] = [];
  readonly log = {
    ...silentLog,
    warn: (message: string, fields?: LogFields): void => void this.warnings.push([message, fields]),
  };
  readonly #timers = new Map<Timer, () => void>();
  readonly #tasks: (() => void)[] = [];
  #nowMs = 1_000_000;
  #seed = 1;

  now = (): number => this.#nowMs;
  random = (): number => {
    this.#seed = (this.#seed * 48_271) % 0x7fffffff;
    return this.#seed / 0x7fffffff;
  };
  defer = (task: () => void): void => void this.#tasks.push(task);
  clearTimer = (timer: Timer | undefined): void => void (timer !== undefined && this.#timers.delete(timer));
  setTimer = (fire: () => void, delayMs: number): Timer => {
    const timer = { dueMs: this.#nowMs + delayMs };
    this.#timers.set(timer, fire);
    return timer;
  };

  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
        task();
        quiet = 0;
      }
      // Promises between deferred tasks settle.
      await new Promise(setImmediate);
    }
  }

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const [timer, fire] of [...this.#timers]) if (timer.dueMs <= this.#nowMs && this.#timers.delete(timer)) fire();
    await this.rest();
  }
}

export interface World {
  readonly ambient: StillAmbient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly edge: Edge;
  readonly udp: FakeTransport;
  readonly tcp: FakeTransport;
  /** What each line was told on the bus, in order. */
  readonly told: readonly { readonly line: string; readonly kind: string; readonly message: BusMessage }[];
  /** Names a locator knows. */
  readonly names: Map<string, readonly Partial<RankedEntry>[]>;
  /** What that locator was asked. */
  readonly asked: readonly LocateRequest[];
  open(target: Partial<OpenEnvelope['target']>, line?: LineKey, leg?: Leg, timeoutMs?: number): Promise<OpenReply>;
  /** Opens and expects success. */
  flow(target: Partial<OpenEnvelope['target']>, line?: LineKey, leg?: Leg): Promise<Extract<OpenReply, { ok: true }>>;
  send(flow: Flow, message: string, line?: LineKey): Promise<void>;
  close(flow: Flow, line?: LineKey, leg?: Leg): Promise<void>;
  failuresOf(line: LineKey): readonly FlowFailure[];
  /** Answers directory questions; records them. */
  serveDirectory(answer: (query: DirectoryQuery) => DirectoryAnswer): DirectoryQuery[];
  /** Everything under way has arrived. */
  rest(): Promise<void>;
}

export const anna = lineKey('anna');
export const bert = lineKey('bert');

export interface WorldOptions {
  /** Strangers are accepted, at any rate, unless told. */
  readonly limits?: Partial<EdgeLimits>;
  readonly tcp?: Parameters<typeof createFakeTransport>[0];
  readonly servers?: readonly LocateRequest[];
  readonly trusted?: readonly string[];
  readonly fence?: Fence;
  readonly isUnstarted?: boolean;
  /** No line listens on the bus. */
  readonly isDeaf?: boolean;
}

const open = { strangers: 'accept', perSourceBurst: 1_000_000, totalBurst: 1_000_000 } as const;

/** An edge between two fake transports and a bus that copies every payload. */
export async function createWorld({
  limits,
  tcp: tcpOptions,
  isUnstarted = false,
  isDeaf = false,
  ...known
}: WorldOptions = {}): Promise<World> {
  const ambient = new StillAmbient();
  const bus = createMemoryBus({ ambient, copy: true });
  const subjects = createSubjects('test');
  const udp = createFakeTransport();
  const tcp = createFakeTransport({ protocol: 'tcp', ...tcpOptions });
  const names: World['names'] = new Map();
  const asked: LocateRequest[] = [];
  const told: { line: string; kind: string; message: BusMessage }[] = [];
  bus.subscribe(isDeaf ? 'nobody' : 'offhook.test.line.>', (message) => {
    const [line = '', kind = ''] = message.subject.split('.').slice(-2);
    told.push({ line, kind, message });
  });
  const locate = (host: string, port: number | undefined, protocol: LocateRequest['protocol']): RankedEntry[] =>
    (names.get(host) ?? [{ host }]).map((entry, rank) => ({
      host,
      port: port ?? 5060,
      protocol: protocol === 'auto' ? 'udp' : protocol,
      rank,
      name: host,
      validUntilMs: Number.POSITIVE_INFINITY,
      ...entry,
    }));
  const edge = createEdge({
    ambient,
    bus,
    subjects,
    name: 'e1',
    transports: [udp, tcp],
    limits: { ...open, ...limits },
    ...known,
    locator: {
      async locate(wanted) {
        asked.push(wanted);
        return locate(wanted.host, wanted.port, wanted.protocol);
      },
    },
  });
  if (!isUnstarted) await edge.start();

  const world: World = {
    ambient,
    bus,
    subjects,
    edge,
    udp,
    tcp,
    told,
    names,
    asked,
    async open(target, line = anna, leg = 'primary', timeoutMs = 16_000) {
      const envelope: OpenEnvelope = { target: { host: '192.0.2.1', protocol: 'udp', ...target }, line, leg, timeoutMs };
      const answer = bus.request(subjects.edge('e1', 'open'), encodeJson(envelope), { timeoutMs: 100_000 });
      await ambient.rest();
      return decodeJson<OpenReply>((await answer).payload);
    },
    async flow(target, line, leg) {
      const reply = await world.open(target, line, leg);
      if (!reply.ok) throw new Error(reply.detail);
      return reply;
    },
    async send(flow, message, line = anna) {
      bus.publish(subjects.edge('e1', 'send'), Buffer.from(message), { headers: encodeSend(flow, line) });
      await ambient.rest();
    },
    async close(flow, line = anna, leg = 'primary') {
      bus.publish(subjects.edge('e1', 'close'), new Uint8Array(), { headers: encodeClose(flow, line, leg) });
      await ambient.rest();
    },
    failuresOf: (line) =>
      told
        .filter((one) => one.line === line && one.kind === 'flow')
        .map(({ message }) => decodeJson<FlowFailure>(message.payload)),
    serveDirectory(answer) {
      const asked: DirectoryQuery[] = [];
      bus.subscribe(
        subjects.directory,
        (message) => {
          const query = decodeJson<DirectoryQuery>(message.payload);
          asked.push(query);
          message.respond(encodeJson(answer(query)));
        },
        { queue: subjects.directoryQueue },
      );
      return asked;
    },
    rest: () => ambient.rest(),
  };
  return world;
}
