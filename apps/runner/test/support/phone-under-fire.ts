import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Endpoint, type LineInput, parseRuntimeConfig, systemAmbient, type Transport } from '@offhook/core';
import { type Registrar, startLabRegistrar } from '@offhook/lab';
import { createRuntime, type Runtime } from '@offhook/runtime';
import { createTcpTransport, createTlsTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { loopbackIdentity } from './loopback-identity.ts';

const password = 'secret';
const loopback = { host: '127.0.0.1', port: 0 };
const protocols = ['udp', 'tcp', 'tls'] as const;
type Listening = Readonly<Record<(typeof protocols)[number], Endpoint>>;

/** The phone and its servers show the same certificate, and trust it. */
const trust = { ...loopbackIdentity, ca: [loopbackIdentity.cert] };

/** A registrar whose sockets a test may speak with, too. */
export interface FireServer {
  readonly registrar: Registrar;
  readonly udp: Transport;
  readonly at: Listening;
}

/** A runtime on real loopback sockets, its lines registered at two servers over UDP, TCP and TLS, one after the other. */
export interface PhoneUnderFire {
  readonly runtime: Runtime;
  readonly servers: readonly FireServer[];
  readonly users: readonly string[];
  readonly at: Listening;
  /** Everything logged as an error. */
  readonly errors: readonly string[];
  /** Longest time the process (attackers included) was busy with one thing since `watchBusy`, ms. */
  longestBusyMs(): number;
  watchBusy(): void;
  /** Legs that are not registered. */
  unregistered(): readonly string[];
  /** Resolves once all legs of the lines are registered. */
  registered(): Promise<void>;
  stop(): Promise<void>;
}

async function startServer(): Promise<FireServer> {
  const ambient = systemAmbient();
  const udp = createUdpTransport(loopback, ambient);
  const streams = [
    createTcpTransport({ listen: loopback }, ambient),
    createTlsTransport({ listen: loopback, tls: trust }, ambient),
  ];
  const transports = [udp, ...streams];
  const registrar = await startLabRegistrar({ ambient, transports, password: () => password, domains: ['127.0.0.1'] });
  const listening = (protocol: string) => registrar.listening.find((each) => each.protocol === protocol) ?? loopback;
  return { registrar, udp, at: { udp: listening('udp'), tcp: listening('tcp'), tls: listening('tls') } };
}

export interface FireOptions {
  readonly lines: number;
  readonly edge: Readonly<Record<string, unknown>>;
}

export async function startPhone({ lines, edge }: FireOptions): Promise<PhoneUnderFire> {
  const servers = [await startServer(), await startServer()];
  const users = Array.from({ length: lines }, (_, n) => String(2_000 + n));
  const errors: string[] = [];
  const say = (message: string, fields?: unknown): void =>
    void errors.push(`${message} ${JSON.stringify(fields, (_key, value) => (value instanceof Error ? value.stack : value))}`);
  const ambient = systemAmbient({ log: { debug() {}, info() {}, warn() {}, error: say } });
  const inputs = users.map((userId, n): LineInput => {
    const protocol = protocols[n % protocols.length] ?? 'udp';
    const [proxy, alternateProxy] = servers.map(({ at }) => `127.0.0.1:${at[protocol].port}`);
    const dual = { proxy: proxy ?? '', alternateProxy: alternateProxy ?? '', dualRegistration: true, proxyFallbackIntvl: 0 };
    return { userId, password, sipTransport: protocol.toUpperCase() as Uppercase<typeof protocol>, ...dual };
  });
  const listen = protocols.map((protocol) => ({ protocol, ...loopback }));
  const config = parseRuntimeConfig({ edge: { listen, tls: trust, ...edge }, lines: inputs });
  const runtime = await createRuntime({ config, ambient });
  const [udp = loopback, tcp = loopback, tls = loopback] = runtime.listening;
  const delay = monitorEventLoopDelay({ resolution: 1 });

  const unregistered = (): readonly string[] =>
    runtime
      .lines()
      .flatMap(({ id, route, legs }) =>
        legs
          .filter(({ registration, usable }) => registration !== 'registered' || !usable)
          .map(({ leg, registration }) => `${id} ${leg} ${registration} (${route})`),
      );
  const phone: PhoneUnderFire = {
    runtime,
    servers,
    users,
    at: { udp, tcp, tls },
    errors,
    longestBusyMs: () => delay.max / 1e6,
    watchBusy: () => delay.reset(),
    unregistered,
    async registered() {
      for (;;) {
        let heard = (): void => {};
        const next = new Promise<void>((resolve) => {
          heard = resolve;
        });
        const facts = runtime.onFact(() => heard());
        const missing = unregistered();
        if (missing.length > 0) await next;
        facts.unsubscribe();
        if (missing.length === 0) return;
      }
    },
    async stop() {
      delay.disable();
      await runtime.stop();
      for (const { registrar } of servers) await registrar.stop();
    },
  };
  await phone.registered();
  delay.enable();
  return phone;
}
