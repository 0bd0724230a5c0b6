import { BusError } from '@offhook/core';

/** Where the servers are and who we are to them. */
export interface ServerList {
  /** `host:port`, without scheme and credentials: fit for messages and logs. */
  readonly addresses: readonly string[];
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

const shape = /^(?:(nats|tls):\/\/)?(?:([^@/]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:/@[\]\s]+)(?::(\d{1,5}))?\/?$/;
const defaultPort = 4_222;

function malformed(position: number): never {
  // The text itself may hold a password: it is not repeated.
  throw new BusError(
    'E_BUS_CONNECT',
    `server ${position} is not an address; expected nats://host:4222, tls://host:4222 or host:4222`,
  );
}

function readCredentials(text: string): Pick<ServerList, 'user' | 'password' | 'token'> {
  const colon = text.indexOf(':');
  if (colon < 0) return { token: decodeURIComponent(text) };
  return { user: decodeURIComponent(text.slice(0, colon)), password: decodeURIComponent(text.slice(colon + 1)) };
}

/**
 * Reads `nats://[user:password@|token@]host[:port]`, `tls://…` or `host[:port]`; the first credentials found serve for all.
 * @throws BusError `E_BUS_CONNECT`; the message repeats nothing of a malformed address
 */
export function readServers(servers: string | readonly string[]): ServerList {
  const addresses: string[] = [];
  let tls = false;
  let credentials: Pick<ServerList, 'user' | 'password' | 'token'> | undefined;
  const list = typeof servers === 'string' ? servers.split(',') : servers;
  for (const [i, server] of list.entries()) {
    const [, scheme, userinfo, host, port] = shape.exec(server.trim()) ?? malformed(i + 1);
    if (Number(port ?? defaultPort) > 65_535) malformed(i + 1);
    addresses.push(`${host}:${port ?? defaultPort}`);
    tls ||= scheme === 'tls';
    try {
      if (userinfo) credentials ??= readCredentials(userinfo);
    } catch {
      malformed(i + 1);
    }
  }
  if (addresses.length === 0) malformed(1);
  return { addresses, tls, ...credentials };
}
