import { type Ambient, BusError, type BusTls } from '@offhook/core';
import { AuthorizationError, connect, type NatsConnection, TimeoutError, type TlsOptions } from 'nats';
import { authentication, type Credentials } from './credentials.ts';
import { ConnectedBus, type NatsBus } from './nats-bus.ts';
import { readServers } from './servers.ts';

export interface ConnectionOptions extends Credentials {
  /** `nats://[user:password@]host:4222`, `tls://…`, `host:4222`; several in a list or joined by commas. */
  readonly servers: string | readonly string[];
  readonly ambient: Ambient;
  /** How the server lists this connection. */
  readonly name?: string;
  /** PEM texts. Asking for TLS at all is `tls://` or an empty object here. */
  readonly tls?: BusTls;
}

export type NatsBusOptions = ConnectionOptions;

/** Dial attempts to one server end after this time. */
const connectTimeoutMs = 5_000;
/** Between attempts to come back; the client adds up to 100 ms so that a fleet does not arrive at once. */
const reconnectWaitMs = 500;
/** A connection that says nothing for two of these is given up and sought again: 4 to 6 s, within the lease of a host. @source scale D.2 */
const pingMs = 2_000;

function describe(error: unknown, overTls: boolean): { readonly reason: string; readonly remedy: string } {
  if (error instanceof AuthorizationError)
    return { reason: 'not authorized', remedy: 'check user, password, token, creds or nkey' };
  const reason = error instanceof Error && error.message !== '' ? error.message : 'the connection could not be made';
  const isTls = /certificate|self-signed|tls|ssl|Hostname/i.test(reason);
  // A server that does not want our certificate may leave without a word.
  if (overTls && error instanceof TimeoutError)
    return { reason, remedy: 'see whether it speaks TLS there and accepts cert and key of bus.tls' };
  return { reason, remedy: isTls ? 'check ca, cert and key of bus.tls' : 'start nats-server there, or correct the address' };
}

const tlsOptions = ({ ca, cert, key }: BusTls): TlsOptions => ({
  ...(ca === undefined ? {} : { ca: ca.join('\n') }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key }),
});

/**
 * A connection that is lost later is sought again for ever.
 * @throws BusError (rejects) `E_BUS_CONNECT` with the addresses tried, never with credentials
 */
export async function dial(options: ConnectionOptions): Promise<NatsConnection> {
  const servers = readServers(options.servers);
  const tls = options.tls ?? (servers.tls ? {} : undefined);
  const credentials = authentication(options, servers);
  try {
    return await connect({
      servers: [...servers.addresses],
      ...credentials,
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
      timeout: connectTimeoutMs,
      reconnectTimeWait: reconnectWaitMs,
      maxReconnectAttempts: -1,
      // Wrong for a while, as when the server is given new users, is no reason to end.
      ignoreAuthErrorAbort: true,
      pingInterval: pingMs,
      maxPingOut: 2,
      noAsyncTraces: true,
    });
  } catch (error) {
    const { reason, remedy } = describe(error, tls !== undefined);
    throw new BusError('E_BUS_CONNECT', `no bus at ${servers.addresses.join(', ')}: ${reason}; ${remedy}`, { cause: error });
  }
}

/**
 * Connects to NATS. While the connection is lost requests time out and messages are dropped and counted, as NATS promises delivery at most once.
 * @throws BusError (rejects) `E_BUS_CONNECT`
 */
export async function createNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  return new ConnectedBus(await dial(options), options.ambient);
}
