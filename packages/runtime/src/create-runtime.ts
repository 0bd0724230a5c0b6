import {
  type Ambient,
  type Bus,
  BusError,
  type CallStore,
  type CommandEnvelope,
  CommandError,
  type CommandReply,
  type Decision,
  decodeJson,
  type Endpoint,
  type ErrorCode,
  encodeJson,
  type LineStore,
  type Locator,
  lineKey,
  type Mechanism,
  type RuntimeConfig,
  refusedCommand,
  type Subjects,
  type Subscription,
  type Transport,
} from '@offhook/core';
import type { EdgeStats } from '@offhook/edge';
import type { LineStatus } from '@offhook/line-actor';
import { compose } from './composition.ts';
import { type Fact, followFacts } from './facts.ts';
import { runtimeCommands, serveCommands, serveDirectory } from './front-desk.ts';
import type { LoadedPlugins } from './load-plugins.ts';
import { serversOf } from './servers-of.ts';
import type { AppliedLine, LineCounters, Supervisor } from './supervisor.ts';
import { tokens } from './tokens.ts';

export type Role = 'edge' | 'lines';

export interface RuntimeOptions {
  readonly config: RuntimeConfig;
  /** Default: the system's clock, timers and randomness. */
  readonly ambient?: Ambient;
  /** Default: a bus inside the process. A given bus is not drained on stop. */
  readonly bus?: Bus;
  /** Default: the transports of `config.edge.listen`. */
  readonly transports?: readonly Transport[];
  /** Default: DNS with lifetimes (NAPTR, SRV, addresses), and what the system itself knows of plain names. */
  readonly locator?: Locator;
  /** Mechanisms beside the built-in ones; one of the same name takes its place. */
  readonly mechanisms?: readonly Mechanism[];
  /** What `config.plugins` names: `await loadPlugins(config.plugins, file, config.edge.listen)`. */
  readonly plugins?: LoadedPlugins;
  /** Keeps registrations over a restart of the process (D-46). Flushed on stop, not closed. */
  readonly store?: LineStore;
  /** Keeps calls over a takeover of their lines: a call goes on with the next runtime that runs its line on the same edge. */
  readonly calls?: CallStore;
  /**
   * How charts run: `actors`, an XState actor each; `pooled`, all stepped by their tables, for thousands of lines. Nothing else tells them
   * apart. Default: `pooled` above 1,000 lines.
   */
  readonly host?: 'actors' | 'pooled';
  /**
   * Edges are other processes that live on when this one ends, and other processes take its lines over from the same store: bindings over
   * streams go on too, and what many lines have missed is spread. Default: no.
   */
  readonly outlives?: boolean;
  /** What this runtime does; default both. */
  readonly roles?: readonly Role[];
}

/** What became of every message since the start; each part stands only where it is known. */
export interface RuntimeCounters {
  readonly edge?: EdgeStats;
  readonly lines?: LineCounters;
}

export interface Runtime {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly ambient: Ambient;
  /** Bound local addresses, once started. */
  readonly listening: readonly Endpoint[];
  lines(): readonly LineStatus[];
  /** Of this runtime; its lines' edge is asked over the bus where it runs elsewhere. */
  counters(): Promise<RuntimeCounters>;
  /**
   * Carries out a command of one line: `status`, `explain`, `call`, `hangup`, `answer`, `message`, `options`, `restart`, `policy`.
   * `policy { mechanism, restart? }` sets X Mechanism if the registry admits it; it counts when the line is restarted.
   * @throws CommandError (rejects) `E_LINE_UNKNOWN`, `E_COMMAND_INVALID`, `E_CALL_UNKNOWN`
   * @throws ConfigError (rejects) `E_POLICY_CONFLICT`, `E_POLICY_UNAVAILABLE`: the line goes on as it is
   */
  command(line: string, command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /**
   * Puts another configuration in force while this one runs. Parameters count now, with the next transaction, or with the line's next
   * beginning, which a call puts off; what belongs to the runtime waits for its restart. What is not said stays as it is.
   * @throws ConfigError (rejects) `E_POLICY_CONFLICT`, `E_POLICY_UNAVAILABLE` with `strict` only: nothing has changed then
   * @throws PluginError (rejects) `E_PLUGIN_INVALID` a mechanism cannot judge a line
   * @source redundancy reference section 6.10, D-28
   */
  apply(config: RuntimeConfig): Promise<ApplyReport>;
  /**
   * With `outlives`: the lines go on at another edge, or at a new life of the same one; all, or the one that is named. A binding whose Contact leads elsewhere
   * then, or whose connection is lost, registers once more with its Call-ID; all others send nothing.
   */
  useEdge(edge: string, line?: string): void;
  /** Every fact of every line of the cluster from now on. */
  onFact(handler: (fact: Fact) => void): Subscription;
  onDecision(handler: (decision: Decision) => void): Subscription;
  /** Withdraws all bindings, closes all sockets; idempotent. @throws (rejects) the first fault of a part, after all have been ended */
  stop(): Promise<void>;
  /** Ends at once as a power cut would: nothing is sent, nor what a `stop` under way had still to send. */
  kill(): Promise<void>;
}

/** What became of a configuration that was applied. */
export interface ApplyReport {
  readonly lines: readonly AppliedLine[];
  /** Sections that are others now and wait for a restart of the runtime: `edge`, `plugins`. */
  readonly sections: readonly string[];
  /** Something waits for a restart. */
  readonly restartRequired: boolean;
}

/** What a runtime reads once, when it starts. */
const sections = ['cluster', 'edge', 'bus', 'dns', 'plugins', 'strict'] as const;

/** A section as text. An edge takes other trusted hosts while it runs. */
const sectionText = (config: RuntimeConfig, name: (typeof sections)[number]): string =>
  JSON.stringify(name === 'edge' ? { ...config.edge, trusted: undefined } : config[name]);

/** Commands answer within this time, ms; `call` answers when the INVITE has been routed. */
const commandTimeoutMs = 10_000;
/** These answer when their request has ended: queued 32 s, then silence on both legs at the longest timers (64 s each). */
const requestTimeoutMs = 180_000;
const isRequest = (command: string): boolean => command === 'message' || command === 'options';

/** Sends one command over a bus and unwraps its answer. */
export async function sendCommand(
  bus: Bus,
  subject: string,
  envelope: CommandEnvelope,
  timeoutMs = isRequest(envelope.command) ? requestTimeoutMs : commandTimeoutMs,
): Promise<unknown> {
  const message = await bus.request(subject, encodeJson(envelope), { timeoutMs });
  const reply = decodeJson<CommandReply>(message.payload);
  if (reply.ok) return reply.value;
  throw refusedCommand(reply.code as ErrorCode, reply.message, reply.findings);
}

/** Undefined when nobody answers. */
async function askEdge(bus: Bus, subject: string): Promise<EdgeStats | undefined> {
  try {
    const { payload } = await bus.request(subject, new Uint8Array(0), { timeoutMs: commandTimeoutMs });
    return decodeJson<EdgeStats>(payload);
  } catch {
    return undefined;
  }
}

function unknownLine(line: string, here: readonly LineStatus[]): CommandError {
  const known = here.map(({ id }) => id);
  const some = known.length > 5 ? `${known.slice(0, 5).join(', ')} and ${known.length - 5} more` : known.join(', ');
  return new CommandError('E_LINE_UNKNOWN', `There is no line "${line}". Lines here: ${some || 'none'}.`);
}

/**
 * Composes and starts a runtime: edge, lines or both on one bus.
 * @throws TransportError (rejects) `E_TRANSPORT_IN_USE`, `E_TRANSPORT_BIND`
 * @throws PluginError (rejects) `E_PLUGIN_LOAD` named plugins are not loaded, or a transport cannot be made; `E_PLUGIN_INVALID` no transport for
 * a listening address, or a mechanism that is none; `E_PLUGIN_DUPLICATE`
 * @throws ConfigError (rejects) `E_POLICY_CONFLICT`, `E_POLICY_UNAVAILABLE` with `strict` only
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const roles = options.roles ?? ['edge', 'lines'];
  const container = compose(options);
  const bus = container.resolve(tokens.bus);
  const subjects = container.resolve(tokens.subjects);
  const ambient = container.resolve(tokens.ambient);
  const edge = roles.includes('edge') ? container.resolve(tokens.edge) : undefined;
  const policies = container.resolve(tokens.policies);
  const supervisor = roles.includes('lines') ? container.resolve(tokens.supervisor) : undefined;
  let listening: readonly Endpoint[] = [];
  const desk: Subscription[] = [];
  const closeDesk = (): void => {
    for (const subscription of desk.splice(0)) subscription.unsubscribe();
  };
  function openDesk(lines: Supervisor): void {
    const commands = { lines: () => lines.status(), counters: () => lines.counters() };
    desk.push(
      serveDirectory(bus, subjects, lines.ofUser),
      serveCommands(bus, subjects.control, 'A runtime', commands, runtimeCommands),
    );
  }
  let edgeName = options.config.edge.name;
  /** Ends what stands, lines first; a step that fails keeps none of the others from being done. */
  async function end(withdraw: boolean): Promise<void> {
    const faults: unknown[] = [];
    const steps = [
      () => (withdraw ? supervisor?.stop() : supervisor?.kill()),
      closeDesk,
      () => bus.flush(),
      () => edge?.stop(),
      () => (options.bus === undefined ? bus.drain() : undefined),
      () => container.dispose(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  await supervisor?.prepare();
  try {
    listening = (await edge?.start()) ?? [];
    if (supervisor !== undefined) openDesk(supervisor);
    await supervisor?.start();
  } catch (error) {
    await end(false).catch((fault: unknown) => ambient.log.error('a failed start could not be undone', { error: fault }));
    throw error;
  }

  let ending: Promise<void> | undefined;

  return {
    bus,
    subjects,
    ambient,
    listening,
    lines: () => supervisor?.status() ?? [],
    async counters() {
      const stats = edge?.stats() ?? (await askEdge(bus, subjects.edge(edgeName, 'stats')));
      return {
        ...(stats === undefined ? {} : { edge: stats }),
        ...(supervisor === undefined ? {} : { lines: supervisor.counters() }),
      };
    },
    async command(line, command, args = {}) {
      if (supervisor !== undefined && !supervisor.has(line)) throw unknownLine(line, supervisor.status());
      try {
        return await sendCommand(bus, subjects.line(lineKey(line), 'cmd'), { command, args });
      } catch (error) {
        if (error instanceof BusError && error.code === 'E_BUS_NO_RESPONDERS') throw unknownLine(line, []);
        throw error;
      }
    },
    async apply(config) {
      if (config.strict) policies.enforce(config.lines);
      const lines = supervisor?.apply(config.lines) ?? [];
      edge?.know(serversOf(config.lines), config.edge.trusted ?? []);
      const others = sections.filter((name) => sectionText(config, name) !== sectionText(options.config, name));
      const waits = lines.some(({ changes }) => changes.some(({ takesEffect }) => takesEffect === 'restart'));
      return { lines, sections: others, restartRequired: waits || others.length > 0 };
    },
    useEdge(name, line) {
      if (line === undefined) edgeName = name;
      supervisor?.useEdge(name, line);
    },
    onFact: (handler) => followFacts(bus, subjects, handler),
    onDecision: (handler) => followFacts(bus, subjects, ({ value }) => handler(value as Decision), 'decision'),
    stop: () => (ending ??= end(true)),
    kill() {
      supervisor?.kill();
      closeDesk();
      ending ??= end(false);
      return ending;
    },
  };
}
