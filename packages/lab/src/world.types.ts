import type {
  Bus,
  CallStore,
  Decision,
  FactKind,
  LineInput,
  LineStore,
  Mechanism,
  PhoneConfig,
  Protocol,
  RuntimeInput,
} from '@offhook/core';
import type { DnsRecord, ZoneResolver } from '@offhook/plugin-dns-srv';
import type { Explanation, LineStatus, Runtime, RuntimeOptions } from '@offhook/runtime';
import type { Registrar, RegistrarSettings } from './registrar.types.ts';
import type { CalleePlan, UserAgent } from './user-agent.types.ts';
import type { VirtualAmbient } from './virtual-ambient.ts';
import type { Wire } from './wire.ts';
import type { LinkShape } from './wire-faults.ts';

/** The registrars of a world: primary at 10.0.0.1, alternate at 10.0.0.2, further ones up to 10.0.0.6; port 5060, UDP and TCP. */
export type Side = 'p' | 'a' | 's3' | 's4' | 's5' | 's6';

export interface WorldOptions {
  /** Same seed, same transcript; 1 unless told. */
  readonly seed?: string | number;
  /** ms since 1970; 0 unless told, so that instants read as time since boot. */
  readonly startMs?: number;
  /** One dual line, 1001, unless told. */
  readonly lines?: readonly LineInput[];
  readonly phone?: Partial<PhoneConfig>;
  /** Whom the edge listens to, and how much it takes. */
  readonly edge?: Pick<NonNullable<RuntimeInput['edge']>, 'strangers' | 'trusted' | 'limits'>;
  /** Edge and lines as two runtimes on a bus that copies every payload. */
  readonly split?: boolean;
  /** No delay and no loss unless told. */
  readonly link?: Partial<LinkShape>;
  /** Registrars beside primary and alternate, for lists. */
  readonly servers?: readonly Exclude<Side, 'p' | 'a'>[];
  /** Settings of all registrars, from the beginning. They record their route unless told otherwise. */
  readonly registrars?: Partial<RegistrarSettings>;
  /** Names and where they lead; without it names are asked of the system. */
  readonly zone?: readonly DnsRecord[];
  /** Mechanisms beside the built-in ones. */
  readonly mechanisms?: readonly Mechanism[];
  /** Keeps registrations over a power cut. */
  readonly store?: LineStore;
  /** How charts run; actors unless told. */
  readonly host?: NonNullable<RuntimeOptions['host']>;
  /** Keeps calls over a takeover. */
  readonly calls?: CallStore;
  /** Acts on the world before the phone boots: registrars listen, nothing has been sent. */
  readonly prepare?: (world: World) => void | Promise<void>;
}

/** A fact of a line as it crossed the bus. */
export interface WorldFact {
  readonly atMs: number;
  readonly kind: FactKind;
  readonly key: string;
  readonly value: unknown;
}

export interface PartyOptions {
  /** Where calls to it arrive: behind every registrar unless told. The first is its own proxy. */
  readonly behind?: readonly Side[];
  readonly protocol?: Exclude<Protocol, 'tls'>;
  readonly plan?: Partial<CalleePlan>;
}

/** One line of the phone, by its commands and facts. */
export interface WorldLine {
  readonly id: string;
  status(): LineStatus;
  explain(): Promise<Explanation>;
  /** Runs a command and lets the world settle; when that is not enough, time moves until the answer comes. Rejects as the command does. */
  command(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Starts a command and does not wait: for requests that end later. */
  begin(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  decisions(): readonly Decision[];
}

export interface SentFilter {
  readonly line?: string;
  /** World time, s. */
  readonly sinceS?: number;
  readonly untilS?: number;
  readonly callId?: string;
  /** Without the repetitions: the first transmission of each branch only. */
  readonly first?: boolean;
}

/** A phone, two registrars and a wire between them, in virtual time. */
export interface World {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly bus: Bus;
  readonly p: Registrar;
  readonly a: Registrar;
  /** DNS of the world: may change, and die. */
  readonly zone: ZoneResolver;
  /** Any registrar by name. */
  side(name: Side): Registrar;
  /** The runtime that holds the lines. */
  readonly runtime: Runtime;
  /** World time since its beginning, s. */
  readonly nowS: number;
  /** Runs for so many seconds. */
  run(seconds: number): Promise<void>;
  /** Runs up to an instant, s since the beginning. */
  runTo(seconds: number): Promise<void>;
  /** Lets time move, instant by instant, until the promise settles; rejects after `withinS` (120 unless told). */
  until<T>(promise: Promise<T>, withinS?: number): Promise<T>;
  /** The line of that id; of a single line without one. */
  line(id?: string): WorldLine;
  /** Decisions in the order of the bus; of one line or all. */
  decisions(line?: string): readonly Decision[];
  facts(kind?: FactKind): readonly WorldFact[];
  /** Requests the phone put on the wire, dropped ones included: where to, and when in seconds of world time. */
  sent(method: string, filter?: SentFilter): readonly (readonly [to: Side | string, atS: number])[];
  /** Empties every record of what happened (packets, requests seen, facts, logs, ended calls), so that a world can live for days. */
  forgetRecords(): void;
  /** A scripted party at an address of its own. */
  party(user: string, options?: PartyOptions): Promise<UserAgent>;
  /** Ends the phone at once, sending nothing. */
  powerCut(): Promise<void>;
  /** The host of the lines dies without a word, and `afterS` later another one takes them over; the edge and its sockets live on. Only `split`. */
  takeOver(afterS?: number): Promise<void>;
  /** Starts the phone again, with other lines if so told; only after `powerCut`. */
  boot(lines?: readonly LineInput[]): Promise<void>;
  /** Stops phone, parties and registrars. Rejects when a timer or a connection is left behind. */
  stop(): Promise<void>;
}
