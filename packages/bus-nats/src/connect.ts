import { type Ambient, BusError } from '@offhook/core';
import { AuthorizationError, connect, type NodeConnectionOptions, type TlsOptions } from 'nats';
import { ConnectedBus, type NatsBus } from './nats-bus.ts';
import { readServers, type ServerList } from './servers.ts';

export interface NatsBusOptions {
  /** `nats://[user:password@]host:4222`, `tls://…`, `host:4222`; several in a list or joined by commas. */
  readonly servers: string | readonly string[];
  readonly ambient: Ambient;
  /** How the server lists this connection. */
  readonly name?: string;
  /** Win over credentials in `servers`. */
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Files of PEM; asking for TLS at all is `tls://` or an empty object here. */
  readonly tls?: Pick<TlsOptions, 'caFile' | 'certFile' | 'keyFile'>;
}

/** Dial attempts to one server end after this time. */
const connectTimeoutMs = 5_000;
/** Between attempts to come back; the client adds up to 100 ms so that a fleet does not arrive at once. */
const reconnectWaitMs = 500;

function authentication(options: NatsBusOptions, servers: ServerList): Pick<NodeConnectionOptions, 'user' | 'pass' | 'token'> {
  const { user, password, token } = options.user === undefined && options.token === undefined ? servers : options;
  if (token !== undefined) return { token };
  return user === undefined ? {} : { user, pass: password ?? '' };
}

function describe(error: unknown): { readonly reason: string; readonly remedy: string } {
  if (error instanceof AuthorizationError) return { reason: 'not authorized', remedy: 'check user, password or token' };
  const reason = error instanceof Error && error.message !== '' ? error.message : 'the connection could not be made';
  return { reason, remedy: 'start nats-server there, or correct the address' };
}

/**
 * Connects to NATS. A connection that is lost later is sought again for ever; meanwhile requests time out and messages may be lost, as
 * NATS promises delivery at most once.
 * @throws BusError (rejects) `E_BUS_CONNECT` with the addresses tried, never with credentials
 */
export async function createNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const servers = readServers(options.servers);
  const tls = options.tls ?? (servers.tls ? {} : undefined);
  try {
    const connection = await connect({
      servers: [...servers.addresses],
      ...authentication(options, servers),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(tls === undefined ? {} : { tls }),
      timeout: connectTimeoutMs,
      reconnectTimeWait: reconnectWaitMs,
      maxReconnectAttempts: -1,
      noAsyncTraces: true,
    });
    return new ConnectedBus(connection, options.ambient);
  } catch (error) {
    const { reason, remedy } = describe(error);
    throw new BusError('E_BUS_CONNECT', `no bus at ${servers.addresses.join(', ')}: ${reason}; ${remedy}`, { cause: error });
  }
}
